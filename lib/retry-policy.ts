/**
 * Which failures of `connect()` may be over by the next attempt, unless the caller judges for himself. Knows the
 * errors; neither counts attempts nor waits.
 */

import { EndOfStream, InvalidMessage, InvalidStatus, TimeoutError, TransportError } from './errors.js';

/** Internal Server Error, Bad Gateway, Service Unavailable and Gateway Timeout (RFC 9110 §15.6). */
const passingStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Whether the network, an overloaded server or a restart can explain the error. */
export function isTransient(error: unknown): boolean {
  if (error instanceof TransportError || error instanceof TimeoutError || error instanceof EndOfStream) return true;
  // A server or a proxy that went away while it was answering; any other malformed answer would come again.
  if (error instanceof InvalidMessage) return error.cause instanceof EndOfStream;
  return error instanceof InvalidStatus && passingStatuses.has(error.response.status);
}
