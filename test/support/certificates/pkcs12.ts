/** Puts a certificate, its key and its chain into a PKCS #12 file (RFC 7292): what the `pfx` option takes. */

import { createHash, createHmac, randomBytes } from 'node:crypto';
import * as der from './der.js';
import type { Certificate } from './x509.js';

const ITERATIONS = 2048;
const DATA = der.oid('1.2.840.113549.1.7.1');

/** The key is encrypted with the passphrase and the whole authenticated by it; the certificates are not secret. */
export function pkcs12(certificate: Certificate, others: readonly Certificate[], passphrase: string): Buffer {
  const key = certificate.privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase });
  const bags = [
    bag('1.2.840.113549.1.12.10.1.2', key),
    ...[certificate, ...others].map(({ der: bytes }) => {
      const x509 = der.sequence(der.oid('1.2.840.113549.1.9.22.1'), der.explicit(0, der.octetString(bytes)));
      return bag('1.2.840.113549.1.12.10.1.3', x509);
    }),
  ];
  const content = der.sequence(contentOf(der.sequence(...bags)));
  return der.sequence(der.integer(3), contentOf(content), authentication(content, passphrase));
}

function bag(type: string, value: Buffer): Buffer {
  return der.sequence(der.oid(type), der.explicit(0, value));
}

function contentOf(bytes: Buffer): Buffer {
  return der.sequence(DATA, der.explicit(0, der.octetString(bytes)));
}

function authentication(content: Buffer, passphrase: string): Buffer {
  const salt = randomBytes(16);
  const code = createHmac('sha256', authenticationKey(passphrase, salt)).update(content).digest();
  const sha256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'), der.nothing());
  return der.sequence(der.sequence(sha256, der.octetString(code)), der.octetString(salt), der.integer(ITERATIONS));
}

/** RFC 7292 appendix B.2 for the one block that a key of SHA-256's size takes. */
function authenticationKey(passphrase: string, salt: Buffer): Buffer {
  const password = Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  let block = Buffer.concat([Buffer.alloc(64, 3), filled(salt), filled(password)]);
  for (let i = 0; i < ITERATIONS; i++) block = createHash('sha256').update(block).digest();
  return block;
}

/** Repeated up to a multiple of SHA-256's block. */
function filled(bytes: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / 64) * 64, bytes);
}
