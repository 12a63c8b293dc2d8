/**
 * Issues certificates and revocation lists (RFC 5280) with node:crypto's keys and signatures, so that the tests need
 * neither a package nor the openssl command. Knows not who the tests' authorities and servers are.
 */

import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import * as net from 'node:net';
import * as der from './der.js';

/** EC keys are made in a tenth of a millisecond; RSA's take many of them. */
export type KeyType = 'P-256' | 'P-384' | 'ed25519' | 'rsa-2048' | 'rsa-1024';

export interface CertificateOptions {
  /** The subject's common name. */
  readonly name: string;
  /** Subject alternative names: DNS names (A-labels) and IP addresses. None by default. */
  readonly names?: readonly string[];
  /** Default: server. */
  readonly role?: 'authority' | 'server' | 'client';
  /** Default: an hour ago. */
  readonly from?: Date;
  /** Default: a day from now. */
  readonly until?: Date;
  /** Default: P-256. */
  readonly keys?: KeyType;
  /** What the issuer signs with. Default: sha256. */
  readonly digest?: 'sha256' | 'sha1';
}

/** A certificate and its key. PEM, but where something else is said. */
export interface Certificate {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  /** The certificate, and what is between it and the root: what a server sends. */
  readonly chain: string;
  readonly selfSigned: boolean;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly serial: bigint;
}

const HOUR = 3_600_000;

/** A certificate that its own key has signed. */
export function selfSigned(options: CertificateOptions): Certificate {
  return make(options, undefined);
}

/** A certificate of an authority's. */
export function issue(issuer: Certificate, options: CertificateOptions): Certificate {
  return make(options, issuer);
}

/** What an authority has revoked. PEM. */
export function revocationList(
  issuer: Certificate,
  revoked: readonly Certificate[],
  until = new Date(Date.now() + 24 * HOUR),
): string {
  const algorithm = algorithmOf(issuer.privateKey, 'sha256');
  const now = new Date(Date.now() - HOUR);
  const entries = revoked.map(({ serial }) => der.sequence(der.integer(serial), der.time(now)));
  const list = der.sequence(
    der.integer(1),
    algorithm,
    nameOf(issuer.name),
    der.time(now),
    der.time(until),
    ...(entries.length > 0 ? [der.sequence(...entries)] : []),
    der.explicit(0, der.sequence(authorityKey(issuer.privateKey), extension('2.5.29.20', false, der.integer(1)))),
  );
  return pem('X509 CRL', signed(list, algorithm, issuer.privateKey, 'sha256'));
}

function make(options: CertificateOptions, issuer: Certificate | undefined): Certificate {
  const { name, digest = 'sha256' } = options;
  const { privateKey, publicKey } = keyPair(options.keys ?? 'P-256');
  const signer = issuer?.privateKey ?? privateKey;
  const algorithm = algorithmOf(signer, digest);
  const serial = BigInt(`0x01${randomBytes(8).toString('hex')}`);
  const body = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serial),
    algorithm,
    nameOf(issuer?.name ?? name),
    der.sequence(
      der.time(options.from ?? new Date(Date.now() - HOUR)),
      der.time(options.until ?? new Date(Date.now() + 24 * HOUR)),
    ),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    der.explicit(3, der.sequence(...extensions(options, privateKey, signer))),
  );
  const bytes = signed(body, algorithm, signer, digest);
  const cert = pem('CERTIFICATE', bytes);
  return {
    name,
    cert,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    chain: issuer === undefined || issuer.selfSigned ? cert : cert + issuer.chain,
    selfSigned: issuer === undefined,
    der: bytes,
    privateKey,
    serial,
  };
}

function keyPair(type: KeyType): { privateKey: KeyObject; publicKey: KeyObject } {
  if (type === 'ed25519') return generateKeyPairSync('ed25519');
  if (type === 'rsa-2048' || type === 'rsa-1024') {
    return generateKeyPairSync('rsa', { modulusLength: type === 'rsa-2048' ? 2048 : 1024 });
  }
  return generateKeyPairSync('ec', { namedCurve: type });
}

function extensions({ names = [], role = 'server' }: CertificateOptions, own: KeyObject, signer: KeyObject): Buffer[] {
  const list = [
    extension('2.5.29.19', true, der.sequence(...(role === 'authority' ? [der.boolean(true)] : []))),
    // keyCertSign and cRLSign; digitalSignature and keyEncipherment.
    extension(
      '2.5.29.15',
      true,
      role === 'authority' ? der.bitString(Buffer.of(0x06), 1) : der.bitString(Buffer.of(0xa0), 5),
    ),
    extension('2.5.29.14', false, der.octetString(keyIdentifier(own))),
    authorityKey(signer),
  ];
  if (role !== 'authority') {
    const purpose = role === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
    list.push(extension('2.5.29.37', false, der.sequence(der.oid(purpose))));
  }
  if (names.length > 0) {
    const alternatives = names.map((name) =>
      net.isIP(name) === 0 ? der.implicit(2, Buffer.from(name)) : der.implicit(7, der.addressBytes(name)),
    );
    list.push(extension('2.5.29.17', false, der.sequence(...alternatives)));
  }
  return list;
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

function authorityKey(signer: KeyObject): Buffer {
  return extension('2.5.29.35', false, der.sequence(der.implicit(0, keyIdentifier(signer))));
}

function keyIdentifier(key: KeyObject): Buffer {
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return createHash('sha1').update(publicKey).digest();
}

function nameOf(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.utf8String(commonName))));
}

function algorithmOf(key: KeyObject, digest: 'sha256' | 'sha1'): Buffer {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return der.sequence(der.oid('1.3.101.112'));
    case 'rsa':
      return der.sequence(der.oid(digest === 'sha1' ? '1.2.840.113549.1.1.5' : '1.2.840.113549.1.1.11'), der.nothing());
    default:
      return der.sequence(der.oid(digest === 'sha1' ? '1.2.840.10045.4.1' : '1.2.840.10045.4.3.2'));
  }
}

function signed(body: Buffer, algorithm: Buffer, key: KeyObject, digest: string): Buffer {
  // Ed25519 has its own digest.
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : digest, body, key);
  return der.sequence(body, algorithm, der.bitString(signature));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
