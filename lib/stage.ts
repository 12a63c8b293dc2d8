/**
 * The stage: where the messages, pings and pongs of one turn of the event loop are written side by side, to be posted
 * to their reader by one native call. It belongs to one session at a time. Knows how records are laid out, and neither
 * which may be sent nor who waits.
 */

import { constants, desk, type NativeSession, staging } from './native.js';

/** What stands before a record's payload: two words, its type and its length in bytes. */
export const recordHeader = 8;

const { stageSize } = constants;

/** Longer strings and byte sequences do not go through the stage. In UTF-8, a string may grow to three times this. */
export const largestStaged = Math.min(16 * 1024, Math.floor((stageSize - recordHeader) / 3) - 4);

/**
 * Makes room for a record of at most `size` bytes, its header included, and returns where it starts. The caller fills
 * it in and calls `commit` before anything else can happen.
 */
export function claim(owner: NativeSession, size: number): number {
  if (staging.owner !== owner || staging.size + size > stageSize) {
    flush();
    staging.owner = owner;
  }
  if (!staging.scheduled) {
    staging.scheduled = true;
    process.nextTick(flushScheduled);
  }
  return staging.size;
}

/** Adds the record at `start`, whose payload has been written behind its header. */
export function commit(start: number, type: number, length: number): void {
  desk.stageWords[start >> 2] = type;
  desk.stageWords[(start >> 2) + 1] = length;
  // Rounds up to whole words, so that the next record's header is aligned.
  staging.size = start + recordHeader + ((length + 3) & ~3);
}

/** Posts what is staged, whosever it is. */
export function flush(): void {
  const { owner, size } = staging;
  // Also where a send failed after its claim: whoever owns the stage can't be collected.
  staging.owner = undefined;
  if (owner === undefined || size === 0) return;
  staging.size = 0;
  staging.payload = 0;
  owner.post(size);
}

function flushScheduled(): void {
  staging.scheduled = false;
  flush();
}

/** Drops what a session staged: it has ended. */
export function discard(owner: NativeSession): void {
  if (staging.owner !== owner) return;
  staging.owner = undefined;
  staging.size = 0;
  staging.payload = 0;
}

/** Bytes of messages that a session staged and that are not posted yet. */
export function stagedPayload(owner: NativeSession): number {
  return staging.owner === owner ? staging.payload : 0;
}
