/**
 * Close codes (RFC 6455 §7.4 and IANA's registry): what they are called, which may be sent, and which mean that
 * nothing went wrong. Knows no frames and no connection.
 */

import type { CloseFrame } from './types.js';

/** The most bytes of UTF-8 that fit behind the code in a Close frame: 125 less 2 (RFC 6455 §5.5). */
export const maxReasonBytes = 123;

/** Stands for a Close frame without a code; never on the wire. */
export const noStatusReceived = 1005;
/** Something failed that is not the peer's fault. */
export const internalError = 1011;
/** Stands for an end without a Close frame; never on the wire. */
export const abnormalClosure = 1006;

const names: ReadonlyMap<number, string> = new Map([
  [1000, 'OK'],
  [1001, 'going away'],
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1005, 'no status received'],
  [1006, 'abnormal closure'],
  [1007, 'invalid frame payload data'],
  [1008, 'policy violation'],
  [1009, 'message too big'],
  [1010, 'mandatory extension'],
  [1011, 'internal error'],
  [1012, 'service restart'],
  [1013, 'try again later'],
  [1014, 'bad gateway'],
  [1015, 'TLS handshake failure'],
]);

/** Names reserved by the RFC and the registry, which stand for something and are never sent. */
const neverSent: ReadonlySet<number> = new Set([1004, noStatusReceived, abnormalClosure, 1015]);

/** What a close code means, in a word or two. */
export function closeCodeName(code: number): string {
  const name = names.get(code);
  if (name !== undefined) return name;
  if (code >= 3000 && code < 4000) return 'registered';
  if (code >= 4000 && code < 5000) return 'private use';
  return 'unknown';
}

/** A close frame in words: `1001 (going away) bye`. */
export function describeCloseFrame(frame: CloseFrame): string {
  const words = `${frame.code} (${closeCodeName(frame.code)})`;
  return frame.reason === '' ? words : `${words} ${frame.reason}`;
}

/** Whether a Close frame with this code ends a connection that had no trouble. */
export function isOrderlyCloseCode(code: number): boolean {
  return code === 1000 || code === 1001 || code === noStatusReceived;
}

/** Whether an endpoint may put this code on the wire (RFC 6455 §7.4.2). */
export function maySendCloseCode(code: number): boolean {
  if (code >= 3000 && code < 5000) return Number.isInteger(code);
  return code >= 1000 && names.has(code) && !neverSent.has(code);
}
