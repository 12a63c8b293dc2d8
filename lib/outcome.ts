/** Makes the outcome that a reader's `join()` returned readable. Knows no connection. */

import { abnormalClosure } from './close-code.js';
import { causeOf } from './failures.js';
import type { NativeCause, NativeOutcome } from './native.js';
import type { CloseOutcome } from './types.js';

/** What a connection that was failed ends with, since the peer's Close is no longer read. */
const consequences: ReadonlySet<NativeCause> = new Set(['end-of-stream', 'close-timeout']);

/**
 * The outcome as users see it: code and reason are the peer's (RFC 6455 §7.1.5 and §7.1.6), frozen.
 *
 * @param failed whether a call failed the connection. That the peer then ended the stream or did not is no cause.
 */
export function closeOutcome(native: NativeOutcome, failed = false): CloseOutcome {
  const { received, sent, receivedFirst } = native;
  const consequence = failed && sent !== undefined && consequences.has(native.cause);
  const cause = consequence ? undefined : causeOf(native);
  return Object.freeze({
    code: received?.code ?? abnormalClosure,
    reason: received?.reason ?? '',
    wasClean: received !== undefined && sent !== undefined,
    receivedFirst,
    ...(received === undefined ? {} : { received: Object.freeze({ ...received }) }),
    ...(sent === undefined ? {} : { sent: Object.freeze({ ...sent }) }),
    ...(cause === undefined ? {} : { cause }),
  });
}
