/**
 * The option `tls`: the vocabulary of `tls.connect`, checked and brought into one form. Parses no certificate and makes
 * no context.
 */

import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import * as tls from 'node:tls';
import { domainToASCII } from 'node:url';
import { checkBoolean, checkFunction, checkInteger, checkObject, invalidType, nearestName } from '../check.js';
import { invalidArgument, invalidRange } from '../errors.js';

/** PEM, as a string or as its bytes. */
export type Pem = string | Uint8Array;

/** A private key that may have a passphrase of its own. */
export interface KeyWithPassphrase {
  readonly pem: Pem;
  readonly passphrase?: string | undefined;
}

/** A PKCS#12 archive that may have a passphrase of its own. */
export interface PfxWithPassphrase {
  readonly buf: Uint8Array;
  readonly passphrase?: string | undefined;
}

/**
 * How TLS is done, in the words of Node's `tls.connect()` and with its defaults. Connections with equal settings share
 * what is made of them: certificates are parsed once.
 */
export interface TlsOptions {
  /**
   * Certificate authorities to trust, PEM, in place of those that Node trusts.
   * @default what Node trusts: its bundled authorities, `NODE_EXTRA_CA_CERTS`, `--use-system-ca`, `--use-openssl-ca`,
   * `tls.setDefaultCACertificates()`
   */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The client's certificate, PEM: its own first, then those between it and an authority. */
  readonly cert?: Pem | readonly Pem[] | undefined;
  /** The client's private key, PEM. */
  readonly key?: Pem | KeyWithPassphrase | readonly (Pem | KeyWithPassphrase)[] | undefined;
  /** For a key or an archive that is encrypted and has no passphrase of its own. */
  readonly passphrase?: string | undefined;
  /** Certificate and private key in one PKCS#12 archive, in place of `cert` and `key`. */
  readonly pfx?: Uint8Array | PfxWithPassphrase | readonly (Uint8Array | PfxWithPassphrase)[] | undefined;
  /**
   * Ciphers in OpenSSL's format; those that begin with `TLS_` are TLS 1.3's.
   * @default tls.DEFAULT_CIPHERS
   */
  readonly ciphers?: string | undefined;
  /**
   * Groups for the key exchange, separated by colons.
   * @default tls.DEFAULT_ECDH_CURVE
   */
  readonly ecdhCurve?: string | undefined;
  /** Signature algorithms, separated by colons. */
  readonly sigalgs?: string | undefined;
  /** @default tls.DEFAULT_MIN_VERSION */
  readonly minVersion?: tls.SecureVersion | undefined;
  /** @default tls.DEFAULT_MAX_VERSION */
  readonly maxVersion?: tls.SecureVersion | undefined;
  /**
   * The name to ask the server for (SNI, RFC 6066 §3), which its certificate is verified for too; empty asks for none.
   * @default the host of the URL, where that is a name
   */
  readonly servername?: string | undefined;
  /**
   * Whether a server whose certificate can't be verified is refused; `connection.tls` then says what is wrong with it.
   * @default true, unless the environment has NODE_TLS_REJECT_UNAUTHORIZED=0
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /**
   * Judges whether a verified certificate is for this host; returns or throws an error where it is not.
   * @default tls.checkServerIdentity
   */
  readonly checkServerIdentity?: ((host: string, cert: tls.PeerCertificate) => Error | undefined) | undefined;
  /**
   * Protocols to offer (ALPN, RFC 7301), the preferred one first: names, or one buffer in the format of the wire.
   * @default ['http/1.1']
   */
  readonly ALPNProtocols?: readonly (string | Uint8Array)[] | Uint8Array | undefined;
  /** Certificate revocation lists, PEM. Where there are any, each certificate of a chain must have one. */
  readonly crl?: Pem | readonly Pem[] | undefined;
  /**
   * A session to resume, as `connection.tls.session()` gave it. One whose server was verified by other authorities, or by
   * Node's own client, is not resumed: the handshake is a full one then.
   */
  readonly session?: Uint8Array | undefined;
  /** `crypto.constants.SSL_OP_*`, combined. */
  readonly secureOptions?: number | undefined;
  /**
   * Whether to trust a chain that ends at an intermediate certificate of `ca`.
   * @default false
   */
  readonly allowPartialTrustChain?: boolean | undefined;
}

/** Checked options. Empty strings and arrays stand for what is not given. */
export interface TlsSettings {
  /** undefined trusts whom Node trusts. */
  readonly ca: readonly Uint8Array[] | undefined;
  readonly cert: readonly Uint8Array[];
  readonly key: readonly { readonly pem: Uint8Array; readonly passphrase: string | undefined }[];
  readonly pfx: readonly { readonly der: Uint8Array; readonly passphrase: string | undefined }[];
  readonly crl: readonly Uint8Array[];
  readonly ciphers: string;
  readonly cipherSuites: string;
  readonly ecdhCurve: string;
  readonly sigalgs: string;
  /** On the wire: 0x0303 is TLS 1.2. */
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly secureOptions: number;
  readonly allowPartialTrustChain: boolean;
  /** undefined leaves it to the host. */
  readonly servername: string | undefined;
  /** undefined leaves it to the environment. */
  readonly rejectUnauthorized: boolean | undefined;
  readonly checkServerIdentity: TlsOptions['checkServerIdentity'];
  /** Each name behind its length. */
  readonly alpn: Uint8Array;
  readonly session: Uint8Array | undefined;
}

const names: ReadonlySet<string> = new Set<keyof TlsOptions>([
  'ca',
  'cert',
  'key',
  'passphrase',
  'pfx',
  'ciphers',
  'ecdhCurve',
  'sigalgs',
  'minVersion',
  'maxVersion',
  'servername',
  'rejectUnauthorized',
  'checkServerIdentity',
  'ALPNProtocols',
  'crl',
  'session',
  'secureOptions',
  'allowPartialTrustChain',
]);

/** Options of `tls.connect` that are elsewhere here, or nowhere. */
const foreignNames: ReadonlyMap<string, string> = new Map([
  ['secureContext', 'a context of Node can not be read from outside; give what it was made of, which is parsed once'],
  ['secureProtocol', 'expected minVersion and maxVersion'],
  ['host', 'expected the host in the URL, and servername for another name'],
  ['port', 'expected the port in the URL'],
  ['path', 'expected socketPath among the options of connect()'],
  ['lookup', 'expected lookup among the options of connect()'],
  ['timeout', 'expected openTimeout among the options of connect()'],
]);

const versions: ReadonlyMap<string, number> = new Map<tls.SecureVersion, number>([
  ['TLSv1', 0x0301],
  ['TLSv1.1', 0x0302],
  ['TLSv1.2', 0x0303],
  ['TLSv1.3', 0x0304],
]);

/**
 * Checks an option of this form.
 *
 * @param name the option's own: `tls` or `proxyTls`.
 * @throws TypeError where a name is unknown or a value is of the wrong type or form.
 * @throws RangeError where a number is out of range, or no version or cipher is left.
 */
export function checkTls(name: string, options: unknown = {}): TlsSettings {
  checkObject(name, options);
  checkNames(name, options);
  const given = options as TlsOptions;
  const {
    passphrase,
    ca,
    checkServerIdentity,
    rejectUnauthorized,
    allowPartialTrustChain = false,
    secureOptions = 0,
  } = given;
  if (checkServerIdentity !== undefined) checkFunction(`${name}.checkServerIdentity`, checkServerIdentity);
  const shared = optionalString(`${name}.passphrase`, passphrase);
  return {
    // As in Node, what is falsy is not given.
    ca: ca ? pems(`${name}.ca`, ca) : undefined,
    cert: given.cert ? pems(`${name}.cert`, given.cert) : [],
    key: given.key ? checkKeys(`${name}.key`, given.key, shared) : [],
    pfx: given.pfx ? checkArchives(`${name}.pfx`, given.pfx, shared) : [],
    crl: given.crl ? pems(`${name}.crl`, given.crl) : [],
    ...checkCiphers(name, given),
    ecdhCurve: optionalString(`${name}.ecdhCurve`, given.ecdhCurve) ?? tls.DEFAULT_ECDH_CURVE,
    sigalgs: optionalString(`${name}.sigalgs`, given.sigalgs) ?? '',
    secureOptions: checkInteger(`${name}.secureOptions`, secureOptions, 0, 2 ** 32 - 1),
    allowPartialTrustChain: checkBoolean(`${name}.allowPartialTrustChain`, allowPartialTrustChain),
    servername: checkServername(`${name}.servername`, given.servername),
    rejectUnauthorized:
      rejectUnauthorized === undefined ? undefined : checkBoolean(`${name}.rejectUnauthorized`, rejectUnauthorized),
    checkServerIdentity,
    alpn: checkAlpn(`${name}.ALPNProtocols`, given.ALPNProtocols),
    session: given.session === undefined ? undefined : checkBytes(`${name}.session`, given.session),
  };
}

function checkNames(name: string, options: object): void {
  for (const [key, value] of Object.entries(options)) {
    if (names.has(key) || value === undefined) continue;
    const nearest = nearestName(key, names);
    const hint = foreignNames.get(key) ?? (nearest === undefined ? undefined : `did you mean ${name}.${nearest}?`);
    throw invalidArgument(`unknown option ${name}.${key}${hint === undefined ? '' : `; ${hint}`}`);
  }
}

function optionalString(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidType(name, value, 'a string');
  return value;
}

function checkBytes(name: string, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalidType(name, value, 'a Buffer');
  return value;
}

/** One or several, as an array. */
function each(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function pems(name: string, value: unknown): readonly Uint8Array[] {
  return each(value).map((pem) => toPem(name, pem, 'PEM as a string or a Buffer, or an array of these'));
}

function toPem(name: string, value: unknown, expected: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  // A private key is not to be shown in a message.
  if (!(value instanceof Uint8Array)) throw invalidArgument(`${name} is of type ${typeof value}; expected ${expected}`);
  return value;
}

function checkKeys(name: string, value: unknown, shared: string | undefined): TlsSettings['key'] {
  const expected = 'PEM as a string or a Buffer, { pem, passphrase }, or an array of these';
  return each(value).map((key) => {
    const { pem = key, passphrase } = own(key);
    return {
      pem: toPem(name, pem, expected),
      passphrase: optionalString(`${name}'s passphrase`, passphrase) ?? shared,
    };
  });
}

function checkArchives(name: string, value: unknown, shared: string | undefined): TlsSettings['pfx'] {
  return each(value).map((archive) => {
    const { buf = archive, passphrase } = own(archive);
    if (!(buf instanceof Uint8Array)) {
      throw invalidArgument(`${name} is of type ${typeof buf}; expected a Buffer, { buf, passphrase }, or an array`);
    }
    return { der: buf, passphrase: optionalString(`${name}'s passphrase`, passphrase) ?? shared };
  });
}

/** What an entry that is an object of its own says. */
function own(value: unknown): { readonly pem?: unknown; readonly buf?: unknown; readonly passphrase?: unknown } {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) ? value : {};
}

/** As Node does: versions for which no cipher is left are switched off. */
function checkCiphers(
  name: string,
  options: TlsOptions,
): Pick<TlsSettings, 'ciphers' | 'cipherSuites' | 'minVersion' | 'maxVersion'> {
  const list = optionalString(`${name}.ciphers`, options.ciphers) || tls.DEFAULT_CIPHERS;
  const all = list.split(':').filter((cipher) => cipher !== '');
  const cipherSuites = all.filter((cipher) => cipher.startsWith('TLS_')).join(':');
  const ciphers = all.filter((cipher) => !cipher.startsWith('TLS_')).join(':');
  if (all.length === 0) throw invalidRange(`${name}.ciphers has none; expected one at least`);
  let minVersion = checkVersion(`${name}.minVersion`, options.minVersion ?? tls.DEFAULT_MIN_VERSION);
  let maxVersion = checkVersion(`${name}.maxVersion`, options.maxVersion ?? tls.DEFAULT_MAX_VERSION);
  if (cipherSuites === '') maxVersion = Math.min(maxVersion, 0x0303);
  if (ciphers === '') minVersion = Math.max(minVersion, 0x0304);
  if (minVersion > maxVersion) {
    throw invalidRange(`${name}.minVersion is above ${name}.maxVersion, or above what ${name}.ciphers allows`);
  }
  return { ciphers, cipherSuites, minVersion, maxVersion };
}

function checkVersion(name: string, value: unknown): number {
  const version = versions.get(value as string);
  if (version === undefined) throw invalidType(name, value, `one of ${[...versions.keys()].join(', ')}`);
  return version;
}

/** As an A-label, in lower case. */
function checkServername(name: string, value: unknown): string | undefined {
  const text = optionalString(name, value);
  if (text === undefined || text === '') return text;
  if (isIP(text) !== 0) throw invalidType(name, text, 'a host name: an IP address is none (RFC 6066 section 3)');
  const ascii = domainToASCII(text).replace(/\.$/, '');
  // A name with an underscore is none for domainToASCII, but is in use.
  const usable = ascii === '' ? text : ascii;
  if (!/^[\x21-\x7e]{1,255}$/.test(usable)) throw invalidType(name, text, 'a host name');
  return usable;
}

function checkAlpn(name: string, value: unknown = ['http/1.1']): Uint8Array {
  if (value instanceof Uint8Array) return checkAlpnWire(name, value);
  if (!Array.isArray(value)) throw invalidType(name, value, 'an array of names, or a Buffer');
  const parts = value.map((protocol: unknown) => {
    if (typeof protocol !== 'string' && !(protocol instanceof Uint8Array)) {
      throw invalidType(`an entry of ${name}`, protocol, 'a string or a Buffer');
    }
    const bytes = Buffer.from(protocol as string);
    if (bytes.length === 0 || bytes.length > 255) {
      throw invalidRange(`an entry of ${name} has ${bytes.length} bytes; expected 1 to 255`);
    }
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  return checkAlpnWire(name, Buffer.concat(parts));
}

function checkAlpnWire(name: string, wire: Uint8Array): Uint8Array {
  let at = 0;
  while (at < wire.length && wire[at] !== 0) at += 1 + (wire[at] as number);
  if (at !== wire.length || wire.length > 65_535) {
    throw invalidRange(`${name} is no list of names, each behind its length in a byte (RFC 7301 section 3.1)`);
  }
  return wire;
}
