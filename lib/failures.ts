/**
 * From what the reader and the system report to errors of the tree in `errors.ts`. Words and numbers come in, errors come
 * out; nothing is thrown here.
 */

import type { PeerCertificate } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import {
  BacklogError,
  CertificateError,
  EndOfStream,
  InternalError,
  NotSupported,
  PayloadTooBig,
  ProtocolError,
  Terminated,
  TimeoutError,
  TlsError,
  type TlsErrorDetails,
  TransportError,
} from './errors.js';
import type { NativeOutcome } from './native.js';

/** The system's name for one of libuv's error numbers. */
export function systemErrorName(errno: number): string {
  return errno < 0 ? getSystemErrorName(errno) : 'UNKNOWN';
}

/** What broke a connection, as an error; undefined where nothing did. */
export function causeOf(outcome: NativeOutcome): Error | undefined {
  const { cause, detail, limit, actual } = outcome;
  switch (cause) {
    case 'none':
      return undefined;
    case 'end-of-stream':
      return new EndOfStream('the peer ended the stream without a close frame');
    case 'truncated':
      return new EndOfStream('the peer ended the stream without a close frame and without a TLS close_notify', true);
    case 'tls':
      return tlsFailure(detail);
    case 'transport':
      return transportFailure(outcome.transportError, detail);
    case 'dial':
      return dialFailure(outcome.transportError);
    case 'protocol':
      return new ProtocolError(detail === '' ? 'the peer broke the protocol' : detail, outcome.sent?.code);
    case 'message-too-big':
      return new PayloadTooBig(limit, actual, 'bytes');
    case 'fragment-too-big':
      return new PayloadTooBig(limit, actual, 'bytes', 'fragment');
    case 'too-many-fragments':
      return new PayloadTooBig(limit, actual, 'fragments');
    case 'keepalive-timeout':
      return new TimeoutError('keepalive ping timeout');
    case 'close-timeout':
      return new TimeoutError('timed out while closing');
    case 'open-timeout':
      return new TimeoutError('timed out while opening');
    case 'terminated':
      return new Terminated('the connection was terminated');
    case 'backlog':
      return new BacklogError('more messages arrived while closing than are kept');
    case 'internal':
      return new InternalError(detail === '' ? 'the reader failed' : detail);
  }
}

/** `detail` names the system call where the reader knows it; else a broken pipe can only come from a write. */
function transportFailure(errno: number, detail: string): TransportError {
  const code = systemErrorName(errno);
  const syscall = detail === 'read' || detail === 'write' ? detail : code === 'EPIPE' ? 'write' : 'read';
  return new TransportError(`${syscall} ${code}`, { code, errno, syscall });
}

/** Where was dialled, or would have been. */
export interface Where {
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly endpoint: string;
  readonly addresses: readonly string[];
}

/** No address of the host, or not the path of a socket, could be connected to; `errno` is the last attempt's. */
export function dialFailure(errno: number, where?: Where): TransportError {
  const code = systemErrorName(errno);
  if (where === undefined) return new TransportError(`connect ${code}`, { code, errno, syscall: 'connect' });
  const { hostname, port, endpoint, addresses } = where;
  const tried =
    addresses.length === 1 && addresses[0] === (hostname ?? endpoint) ? '' : ` (tried ${addresses.join(', ')})`;
  return new TransportError(`connect ${code} ${endpoint}${tried}`, {
    code,
    errno,
    syscall: 'connect',
    hostname,
    port,
    address: onlyOf(addresses),
  });
}

const onlyOf = (addresses: readonly string[]) => (addresses.length === 1 ? addresses[0] : undefined);

/** Node's code for what its permission model denies. */
export const accessDenied = 'ERR_ACCESS_DENIED';
const allowNet = 'the permission model denies the network, which --allow-net allows';

/** Node's permission model denies the network, and so a connection; the code is the one that `net` has for it. */
export function networkDenied({ endpoint, hostname, port, addresses }: Where): TransportError {
  const code = accessDenied;
  return new TransportError(`connect ${code} ${endpoint}; ${allowNet}`, {
    code,
    syscall: 'connect',
    hostname,
    port,
    address: onlyOf(addresses),
  });
}

/**
 * The host's name has no address, or asking for one failed. Node's resolver gives the error a code; without one the
 * name counts as not found.
 */
export function lookupFailure(hostname: string, cause: unknown): TransportError {
  const known = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: unknown; errno?: unknown };
  const code = typeof known.code === 'string' ? known.code : 'ENOTFOUND';
  const errno = typeof known.errno === 'number' ? known.errno : undefined;
  const cure = code === accessDenied ? `; ${allowNet}` : '';
  return new TransportError(`getaddrinfo ${code} ${hostname}${cure}`, {
    code,
    errno,
    syscall: 'getaddrinfo',
    hostname,
    cause,
  });
}

/** No reader could be started: the system has no thread to give. */
export function noReader(cause: unknown): InternalError {
  return new InternalError(`cannot start a reader: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

/** The numbers of OpenSSL's libraries that have a part in Node's codes, with that part. */
const openSslLibraries: ReadonlyMap<number, string> = new Map([
  [3, 'BN_'],
  [4, 'RSA_'],
  [5, 'DH_'],
  [6, 'EVP_'],
  [9, 'PEM_'],
  [10, 'DSA_'],
  [11, 'X509_'],
  [13, 'ASN1_'],
  [14, 'CONF_'],
  [15, 'CRYPTO_'],
  [16, 'EC_'],
  [20, 'SSL_'],
  [32, 'BIO_'],
  [33, 'PKCS7_'],
  [34, 'X509V3_'],
  [35, 'PKCS12_'],
  [36, 'RAND_'],
]);

/** Where TLS was spoken to a server that does not speak it, OpenSSL takes what it says for a record. */
const plainReasons: ReadonlySet<string> = new Set(['wrong version number', 'http request', 'packet length too long']);

/**
 * TLS that failed on its way. Its code is `ERR_SSL_` and the reason, as in Node, whichever part of OpenSSL it is from.
 *
 * @param words OpenSSL's: `error:0A000418:SSL routines::tlsv1 alert unknown ca`.
 * @param proxy the URL of the proxy that TLS was spoken with, if it was one.
 */
export function tlsFailure(words: string, proxy?: string): TlsError {
  const { library, reason } = openSslError(words);
  const who = proxy === undefined ? '' : `; the proxy is ${proxy}`;
  if (reason === undefined) return new TlsError(`${words}${who}`, { code: 'ERR_SSL_FAILURE' });
  const silent = proxy === undefined ? 'server' : 'proxy';
  const hint = plainReasons.has(reason) ? `; the ${silent} may not speak TLS here` : '';
  return new TlsError(`${words}${hint}${who}`, { code: `ERR_SSL_${codeOf(reason)}`, library, reason });
}

/**
 * Options of TLS that OpenSSL refuses. As in Node the code has the part of OpenSSL: `ERR_OSSL_PEM_NO_START_LINE`.
 *
 * @param words OpenSSL's: `error:0480006C:PEM routines::no start line`.
 */
export function tlsOptionsFailure(words: string): TlsError {
  const { number, library, reason } = openSslError(words);
  // What Node says in words of its own.
  if (reason === undefined) return new TlsError(words, { code: 'ERR_CRYPTO_OPERATION_FAILED' });
  // ERR_GET_LIB of OpenSSL 3.
  const part = openSslLibraries.get((number >>> 23) & 0xff) ?? '';
  const prefix = part === 'SSL_' ? 'ERR_' : 'ERR_OSSL_';
  return new TlsError(words, { code: `${prefix}${part}${codeOf(reason)}`, library, reason });
}

function openSslError(words: string): { number: number; library: string | undefined; reason: string | undefined } {
  const [, number = '', library, reason] = /error:([0-9A-F]+):([^:]*):[^:]*:([^:]+)/i.exec(words) ?? [];
  return { number: Number.parseInt(number, 16), library, reason };
}

/** All but spaces stays: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE' is a code of Node's with OpenSSL 3.5. */
function codeOf(reason: string): string {
  return reason.replaceAll(' ', '_').toUpperCase();
}

/** The stream ended before TLS was established; in the words and with the code of Node. */
export function endOfTlsHandshake(endpoint: string): TransportError {
  const message = `client network socket disconnected before secure TLS connection was established (${endpoint})`;
  return new TransportError(message, { code: 'ECONNRESET', syscall: 'read' });
}

/**
 * @param code Node's name for OpenSSL's verdict.
 * @param proxy the URL of the proxy whose certificate it is, if it is one's.
 */
export function certificateRefused(code: string, verdict: string, proxy?: string): CertificateError {
  const message =
    proxy === undefined
      ? `server certificate is refused: ${verdict}`
      : `proxy certificate is refused: ${verdict}; the proxy is ${proxy}`;
  return new CertificateError(message, { code, reason: verdict });
}

/**
 * What `checkServerIdentity` has found: Node's own errors in hawser's form, any other as it is.
 *
 * @param proxy the URL of the proxy whose certificate it is, if it is one's.
 */
export function certificateMismatch(error: Error, proxy?: string): Error {
  const { code, reason, host, cert } = error as Partial<TlsErrorDetails> & { host?: string; cert?: PeerCertificate };
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return error;
  const message = proxy === undefined ? error.message : `${error.message}; the proxy is ${proxy}`;
  return new CertificateError(message, { code, reason, host, cert, cause: error });
}

/** The runtime has no OpenSSL that can be used, so there is no TLS. */
export function tlsNotSupported(problem: string): NotSupported {
  return new NotSupported(`wss: needs OpenSSL 3 from the runtime: ${problem}; ws: works without`);
}
