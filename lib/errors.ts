/**
 * Every error of hawser: one tree under `HawserError`, each with a stable `code`. Wrong arguments are plain TypeErrors
 * and RangeErrors with a `code`. What the reader and the system report becomes errors in `failures.ts`. Knows nothing of
 * options, of the handshake's rules or of when a connection ends.
 */

import { Buffer } from 'node:buffer';
import type { PeerCertificate } from 'node:tls';
import { describeCloseFrame, isOrderlyCloseCode } from './close-code.js';
import { decodeText } from './handshake/charset.js';
import { refusalHint } from './handshake/refusal.js';
import { retryAfter } from './handshake/retry-after.js';
import { shown } from './handshake/shown.js';
import type { CloseFrame, CloseOutcome, ResponseHead } from './types.js';

/** The root of the tree. `code` is stable; the message may change. */
export class HawserError extends Error {
  readonly code: string = 'HAWSER_ERROR';
  /** The URL that failed, without credentials, where a redirect had led to it. */
  declare readonly url?: string;
}

/** The URL can't be used (RFC 6455 §3). */
export class InvalidURL extends HawserError {
  override readonly code: string = 'HAWSER_INVALID_URL';
}

/** The opening handshake failed (RFC 6455 §4.1). */
export class InvalidHandshake extends HawserError {
  override readonly code: string = 'HAWSER_INVALID_HANDSHAKE';
}

/** What came is not an HTTP/1.1 response, or a malformed one. */
export class InvalidMessage extends InvalidHandshake {
  override readonly code: string = 'HAWSER_INVALID_MESSAGE';
}

/** The server answered the opening handshake with a status other than 101, or with a redirect that is not followed. */
export class InvalidStatus extends InvalidHandshake {
  override readonly code: string = 'HAWSER_INVALID_STATUS';
  /** The head of the response. */
  readonly response: ResponseHead;
  /** What came of its body, without transfer and content codings: at most 1 MiB. */
  readonly body: Buffer;
  /**
   * Milliseconds from the response until the server wants to be asked again, as its `Retry-After` header has it;
   * undefined where that is missing or invalid.
   */
  readonly retryAfter: number | undefined;

  constructor(response: ResponseHead, body: Buffer = Buffer.alloc(0), options?: ErrorOptions) {
    const delay = retryAfter(response, Date.now());
    super(`server rejected WebSocket connection: HTTP ${response.status}${refusalHint(response, delay)}`, options);
    this.response = response;
    this.body = body;
    this.retryAfter = delay;
  }

  /** The body decoded: in the charset of its `Content-Type`, else as UTF-8. */
  get text(): string {
    return decodeText(this.body, this.response.headers);
  }
}

/** A header of the response is missing, doubled or malformed. */
export class InvalidHeader extends InvalidHandshake {
  override readonly code: string = 'HAWSER_INVALID_HEADER';
  /** The header's name. */
  readonly headerName: string;
  /** The header's value; undefined where it is missing. */
  readonly headerValue: string | undefined;

  /** The message is made from the header where none is given. */
  constructor(headerName: string, headerValue?: string, message?: string, options?: ErrorOptions) {
    super(
      message ??
        (headerValue === undefined
          ? `missing ${headerName} header`
          : `invalid ${headerName} header: ${shown(headerValue)}`),
      options,
    );
    this.headerName = headerName;
    this.headerValue = headerValue;
  }
}

/** The response's `Upgrade` or `Connection` header does not say that the protocol was switched. */
export class InvalidUpgrade extends InvalidHeader {
  override readonly code: string = 'HAWSER_INVALID_UPGRADE';
}

/** The server chose a subprotocol or an extension that was not offered, or not in that way. */
export class NegotiationError extends InvalidHandshake {
  override readonly code: string = 'HAWSER_NEGOTIATION';
}

/** What a `ProxyError` tells besides its message. */
export interface ProxyErrorDetails {
  readonly proxy: string;
  readonly response?: ResponseHead;
  readonly body?: Buffer;
  readonly replyCode?: number;
  readonly cause?: unknown;
}

/** The proxy refused or failed to connect; `cause` says what went wrong where it did not say so itself. */
export class ProxyError extends InvalidHandshake {
  override readonly code: string = 'HAWSER_PROXY';
  /** The proxy's URL, without its credentials. */
  readonly proxy: string;
  /** The head of an HTTP proxy's answer, where it refused. */
  declare readonly response?: ResponseHead;
  /** What came of that answer's body, at most 1 MiB. */
  declare readonly body?: Buffer;
  /** The code of a SOCKS proxy's reply, where it refused: 1 to 8 of SOCKS5 (RFC 1928 §6), 91 to 93 of SOCKS4. */
  declare readonly replyCode?: number;

  /** The message is completed by the proxy's name. */
  constructor(message: string, { proxy, cause, ...rest }: ProxyErrorDetails) {
    super(`${message}; the proxy is ${proxy}`, cause === undefined ? undefined : { cause });
    this.proxy = proxy;
    Object.assign(this, rest);
  }

  /** The status of an HTTP proxy's answer, where it refused. */
  get status(): number | undefined {
    return this.response?.status;
  }

  /** The body decoded: in the charset of its `Content-Type`, else as UTF-8; empty where there is none. */
  get text(): string {
    return this.response === undefined || this.body === undefined ? '' : decodeText(this.body, this.response.headers);
  }
}

/** The handshake would have exceeded a bound that keeps the client safe. */
export class SecurityError extends InvalidHandshake {
  override readonly code: string = 'HAWSER_SECURITY';
}

/** The connection is closing or closed; the subclass says whether in good order. */
export class ConnectionClosed extends HawserError {
  override readonly code: string = 'HAWSER_CONNECTION_CLOSED';
  /** How the connection ended. */
  readonly outcome: CloseOutcome;

  constructor(outcome: CloseOutcome) {
    super(describeClosing(outcome), outcome.cause === undefined ? undefined : { cause: outcome.cause });
    this.outcome = outcome;
  }

  /** The code of the Close frame received, or 1006. */
  get closeCode(): number {
    return this.outcome.code;
  }

  /** The reason of the Close frame received, or empty. */
  get closeReason(): string {
    return this.outcome.reason;
  }

  /** The Close frame received, if one was. */
  get received(): CloseFrame | undefined {
    return this.outcome.received;
  }

  /** The Close frame sent, if one was. */
  get sent(): CloseFrame | undefined {
    return this.outcome.sent;
  }

  /** Whether the Close frame received came before the one sent. */
  get receivedFirst(): boolean {
    return this.outcome.receivedFirst;
  }
}

/** Both sides closed with 1000, 1001 or without a code. */
export class ConnectionClosedOK extends ConnectionClosed {
  override readonly code: string = 'HAWSER_CONNECTION_CLOSED_OK';
}

/** A Close frame told of an error, or is missing; `cause` says what broke the connection. */
export class ConnectionClosedError extends ConnectionClosed {
  override readonly code: string = 'HAWSER_CONNECTION_CLOSED_ERROR';
}

/** A call that needs to be the only one was made while another is under way. */
export class ConcurrencyError extends HawserError {
  override readonly code: string = 'HAWSER_CONCURRENCY';
}

/** A message is over a limit, in bytes or in fragments. */
export class PayloadTooBig extends HawserError {
  override readonly code: string = 'HAWSER_PAYLOAD_TOO_BIG';
  /** The limit that was broken. */
  readonly limit: number;
  /** What came. It may be less than the whole message: judging ends where the limit is passed. */
  readonly actual: number;
  /** What `limit` and `actual` count. */
  readonly unit: 'bytes' | 'fragments';

  /** @param what has so many. */
  constructor(
    limit: number,
    actual: number,
    unit: 'bytes' | 'fragments' = 'bytes',
    what: 'message' | 'fragment' = 'message',
  ) {
    super(`${what} has ${actual} ${unit}; the limit is ${limit}`);
    this.limit = limit;
    this.actual = actual;
    this.unit = unit;
  }
}

/** Something took longer than its timeout. */
export class TimeoutError extends HawserError {
  override readonly code: string = 'HAWSER_TIMEOUT';
}

/** What was asked for does not exist in this version. */
export class NotSupported extends HawserError {
  override readonly code: string = 'HAWSER_NOT_SUPPORTED';
}

/** The peer broke the protocol; the cause of a connection that was failed (RFC 6455 §7.1.7). */
export class ProtocolError extends HawserError {
  override readonly code: string = 'HAWSER_PROTOCOL';
  /** The code of the Close frame that told the peer, where one was sent. */
  readonly closeCode: number | undefined;

  constructor(message: string, closeCode?: number, options?: ErrorOptions) {
    super(message, options);
    this.closeCode = closeCode;
  }
}

/** The peer ended the stream where more was to come. */
export class EndOfStream extends HawserError {
  override readonly code: string = 'HAWSER_END_OF_STREAM';
  /** Whether TLS was cut off: no close_notify came, so that somebody else may have ended it (RFC 8446 §6.1). */
  readonly truncated: boolean;

  constructor(message: string, truncated = false, options?: ErrorOptions) {
    super(message, options);
    this.truncated = truncated;
  }
}

/** `terminate()` ended the connection, or the environment did. */
export class Terminated extends HawserError {
  override readonly code: string = 'HAWSER_TERMINATED';
}

/** More arrived while the connection was closing than is kept for an application that does not receive it. */
export class BacklogError extends HawserError {
  override readonly code: string = 'HAWSER_BACKLOG';
}

/** Something failed inside hawser. Please report it. */
export class InternalError extends HawserError {
  override readonly code: string = 'HAWSER_INTERNAL';
}

/** Where a system call failed, in the words of Node's own system errors. */
export interface TransportErrorDetails {
  /** The system's name for the error, such as `ECONNRESET`. */
  readonly code: string;
  /** libuv's negative error number. */
  readonly errno?: number | undefined;
  /** `connect`, `read`, `write` or `getaddrinfo`. */
  readonly syscall?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly hostname?: string | undefined;
  readonly cause?: unknown;
}

/** The network failed. `code`, `errno` and `syscall` are as in Node's system errors: `ECONNRESET` and so on. */
export class TransportError extends HawserError {
  override readonly code: string;
  declare readonly errno?: number;
  declare readonly syscall?: string;
  declare readonly address?: string;
  declare readonly port?: number;
  declare readonly hostname?: string;

  constructor(message: string, details: TransportErrorDetails) {
    const { code, cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    for (const [name, value] of Object.entries(rest)) {
      if (value !== undefined) Object.assign(this, { [name]: value });
    }
  }
}

/** What OpenSSL says of a failure. */
export interface TlsErrorDetails {
  /** Node's name for it, such as `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
  readonly code: string;
  /** The part of OpenSSL that failed, such as `SSL routines`. */
  readonly library?: string | undefined;
  /** OpenSSL's reason, such as `tlsv1 alert unknown ca`. */
  readonly reason?: string | undefined;
  readonly cause?: unknown;
}

/** TLS failed: an alert of the peer's, a broken record, a key that can't be used. `code` is what Node has for it. */
export class TlsError extends HawserError {
  override readonly code: string;
  declare readonly library?: string;
  declare readonly reason?: string;

  constructor(message: string, { code, library, reason, cause }: TlsErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (library !== undefined) this.library = library;
    if (reason !== undefined) this.reason = reason;
  }
}

/**
 * The server's certificate can't be verified, or is not for this host. `code` is what Node has for it, such as
 * `DEPTH_ZERO_SELF_SIGNED_CERT`, `CERT_HAS_EXPIRED` or `ERR_TLS_CERT_ALTNAME_INVALID`.
 */
export class CertificateError extends TlsError {
  /** The host that the certificate is not for, where that is what is wrong. */
  declare readonly host?: string;
  /** The certificate that is not for the host. */
  declare readonly cert?: PeerCertificate;

  constructor(
    message: string,
    details: TlsErrorDetails & { readonly host?: string | undefined; readonly cert?: PeerCertificate | undefined },
  ) {
    super(message, details);
    if (details.host !== undefined) this.host = details.host;
    if (details.cert !== undefined) this.cert = details.cert;
  }
}

// On the prototypes, where V8 finds the names for the stacks' first lines and `inspect` does not repeat them; written
// out, since a bundler may rename the classes.
const tree = {
  HawserError,
  InvalidURL,
  InvalidHandshake,
  InvalidMessage,
  InvalidStatus,
  InvalidHeader,
  InvalidUpgrade,
  NegotiationError,
  ProxyError,
  SecurityError,
  ConnectionClosed,
  ConnectionClosedOK,
  ConnectionClosedError,
  ConcurrencyError,
  PayloadTooBig,
  TimeoutError,
  NotSupported,
  ProtocolError,
  EndOfStream,
  Terminated,
  BacklogError,
  InternalError,
  TransportError,
  TlsError,
  CertificateError,
};
for (const [name, { prototype }] of Object.entries(tree)) {
  Object.defineProperty(prototype, 'name', { value: name, writable: true, configurable: true });
}

/** The code of every TypeError and RangeError about an argument. */
export const invalidArgumentCode = 'HAWSER_INVALID_ARGUMENT';

/** A TypeError about an argument. */
export function invalidArgument(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: invalidArgumentCode });
}

/** A RangeError about an argument. */
export function invalidRange(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: invalidArgumentCode });
}

/** Binary that was to be received as text. The code lets it be told from wrong arguments. */
export function invalidUtf8(bytes: number, what: 'message' | 'fragment' = 'message'): TypeError {
  return Object.assign(new TypeError(`binary ${what} of ${bytes} bytes is not UTF-8; decode is true`), {
    code: 'HAWSER_INVALID_UTF8',
  });
}

/** The same error, which now names the URL that a redirect had led to; what is not hawser's stays as it is. */
export function afterRedirect(error: unknown, url: string): unknown {
  if (!(error instanceof HawserError)) return error;
  const { message, stack } = error;
  error.message = `${message}; redirected to ${shown(url)}`;
  // V8 writes the message into the stack when the error is made.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return Object.assign(error, { url });
}

/** The error that calls on an ended connection reject with: OK where both Close frames told of no trouble. */
export function connectionClosed(outcome: CloseOutcome): ConnectionClosed {
  const { received, sent } = outcome;
  const orderly =
    received !== undefined && sent !== undefined && isOrderlyCloseCode(received.code) && isOrderlyCloseCode(sent.code);
  return orderly ? new ConnectionClosedOK(outcome) : new ConnectionClosedError(outcome);
}

function describeClosing({ received, sent, receivedFirst }: CloseOutcome): string {
  if (received === undefined) {
    return sent === undefined
      ? 'no close frame received or sent'
      : `sent ${describeCloseFrame(sent)}; no close frame received`;
  }
  if (sent === undefined) return `received ${describeCloseFrame(received)}; no close frame sent`;
  return receivedFirst
    ? `received ${describeCloseFrame(received)}; then sent ${describeCloseFrame(sent)}`
    : `sent ${describeCloseFrame(sent)}; then received ${describeCloseFrame(received)}`;
}
