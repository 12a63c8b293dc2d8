/**
 * Which failures of `connect()` may be over by the next attempt, unless the caller judges for himself, and how long the
 * server wants to be left alone. Knows the errors; neither counts attempts nor waits.
 */

import { EndOfStream, InvalidMessage, InvalidStatus, ProxyError, TimeoutError, TransportError } from './errors.js';
import { accessDenied } from './failures.js';

/**
 * Too Many Requests (RFC 6585 §4), and Internal Server Error, Bad Gateway, Service Unavailable and Gateway Timeout
 * (RFC 9110 §15.6).
 */
const passingStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/**
 * What a SOCKS proxy replies where the network, the name or the server is at fault: SOCKS5's 1 and 3 to 6
 * (RFC 1928 §6), SOCKS4's 91.
 */
const passingReplies: ReadonlySet<number> = new Set([1, 3, 4, 5, 6, 91]);

/** Whether the network, an overloaded server or a restart can explain the error. */
export function isTransient(error: unknown): boolean {
  // What Node's permission model denies stays denied.
  if (error instanceof TransportError) return error.code !== accessDenied;
  if (error instanceof TimeoutError || error instanceof EndOfStream) return true;
  // A server or a proxy that went away while it was answering; any other malformed answer would come again.
  if (error instanceof InvalidMessage) return error.cause instanceof EndOfStream;
  if (error instanceof ProxyError) return isTransientOfProxy(error);
  return error instanceof InvalidStatus && passingStatuses.has(error.response.status);
}

/** A proxy that refuses means it, unless it says that it could not connect. */
function isTransientOfProxy({ status, replyCode, cause }: ProxyError): boolean {
  if (status !== undefined) return passingStatuses.has(status);
  if (replyCode !== undefined) return passingReplies.has(replyCode);
  return isTransient(cause);
}

/** Milliseconds from the failure on that the server asked not to be tried again for; 0 where it did not. */
export function requestedDelay(error: unknown): number {
  return error instanceof InvalidStatus ? (error.retryAfter ?? 0) : 0;
}
