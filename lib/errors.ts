/**
 * Every error of hawser: one tree under `HawserError`, each with a stable `code`, and the functions that build errors
 * from what the native side reports. Wrong arguments are plain TypeErrors and RangeErrors with a `code`. Knows nothing
 * of options, of the handshake's rules or of when a connection ends.
 */

import { Buffer } from 'node:buffer';
import { getSystemErrorName } from 'node:util';
import { describeCloseFrame, isOrderlyCloseCode } from './close-code.js';
import type { NativeOutcome } from './native.js';
import type { CloseFrame, CloseOutcome, ResponseHead } from './types.js';

/** The root of the tree. `code` is stable; the message may change. */
export class HawserError extends Error {
  readonly code: string = 'HAWSER_ERROR';
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

/** The server answered the opening handshake with a status other than 101. */
export class InvalidStatus extends InvalidHandshake {
  override readonly code: string = 'HAWSER_INVALID_STATUS';
  /** The head of the response. */
  readonly response: ResponseHead;
  /** What came of its body, at most 1 MiB. */
  readonly body: Buffer;

  constructor(response: ResponseHead, body: Buffer = Buffer.alloc(0), options?: ErrorOptions) {
    super(`server rejected WebSocket connection: HTTP ${response.status}`, options);
    this.response = response;
    this.body = body;
  }

  /** The body decoded as UTF-8. */
  get text(): string {
    return this.body.toString('utf8');
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
          : `invalid ${headerName} header: ${JSON.stringify(headerValue.slice(0, 80))}`),
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

/** The proxy refused or failed to connect. */
export class ProxyError extends InvalidHandshake {
  override readonly code: string = 'HAWSER_PROXY';
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

/** No address of the host could be connected to; `errno` is the last attempt's. */
export function dialFailure(
  errno: number,
  where?: {
    readonly hostname: string;
    readonly port: number;
    readonly endpoint: string;
    readonly addresses: readonly string[];
  },
): TransportError {
  const code = systemErrorName(errno);
  if (where === undefined) return new TransportError(`connect ${code}`, { code, errno, syscall: 'connect' });
  const { hostname, port, endpoint, addresses } = where;
  const tried = addresses.length === 1 && addresses[0] === hostname ? '' : ` (tried ${addresses.join(', ')})`;
  return new TransportError(`connect ${code} ${endpoint}${tried}`, {
    code,
    errno,
    syscall: 'connect',
    hostname,
    port,
    address: addresses.length === 1 ? addresses[0] : undefined,
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
  return new TransportError(`getaddrinfo ${code} ${hostname}`, {
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
