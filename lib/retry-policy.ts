/**
 * Which failures of `connect()` may be over by the next attempt, unless the caller judges for himself, and how long the
 * server wants to be left alone. Knows the errors; neither counts attempts nor waits.
 */

import { EndOfStream, InvalidMessage, InvalidStatus, TimeoutError, TransportError } from './errors.js';

/**
 * Too Many Requests (RFC 6585 §4), and Internal Server Error, Bad Gateway, Service Unavailable and Gateway Timeout
 * (RFC 9110 §15.6).
 */
const passingStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** Whether the network, an overloaded server or a restart can explain the error. */
export function isTransient(error: unknown): boolean {
  if (error instanceof TransportError || error instanceof TimeoutError || error instanceof EndOfStream) return true;
  // A server or a proxy that went away while it was answering; any other malformed answer would come again.
  if (error instanceof InvalidMessage) return error.cause instanceof EndOfStream;
  return error instanceof InvalidStatus && passingStatuses.has(error.response.status);
}

/** Milliseconds from the failure on that the server asked not to be tried again for; 0 where it did not. */
export function requestedDelay(error: unknown): number {
  return error instanceof InvalidStatus ? (error.retryAfter ?? 0) : 0;
}
