/** Makes the outcome that a reader's `join()` returned readable. Knows no connection. */

import { abnormalClosure } from './close-code.js';
import { causeOf } from './errors.js';
import type { NativeOutcome } from './native.js';
import type { CloseOutcome } from './types.js';

/** The outcome as users see it: code and reason are the peer's (RFC 6455 §7.1.5 and §7.1.6), frozen. */
export function closeOutcome(native: NativeOutcome): CloseOutcome {
  const { received, sent, receivedFirst } = native;
  const cause = causeOf(native);
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
