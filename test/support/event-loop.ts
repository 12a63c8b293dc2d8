/** Blocks this thread's event loop, and measures how long it was blocked. */

import { now } from './times.js';

/** Keeps this thread from its event loop, and leaves its processor to others. Milliseconds. */
export function blockLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** The same, by computing. */
export function keepBusy(milliseconds: number): void {
  const end = now() + milliseconds;
  while (now() < end);
}

export interface LoopDelay {
  /** Ends the measurement and returns the longest time, in milliseconds, in which the event loop did not turn. */
  stop(): number;
}

/**
 * Ticks by `setImmediate`, so every turn is seen and nothing is rounded to a timer's resolution; it keeps the loop
 * from sleeping, so measure with it only what does not depend on an idle loop.
 */
export function measureLoopDelay(): LoopDelay {
  let longest = 0;
  let last = now();
  let immediate = setImmediate(tick);
  function tick(): void {
    see();
    immediate = setImmediate(tick);
  }
  function see(): void {
    const at = now();
    longest = Math.max(longest, at - last);
    last = at;
  }
  return {
    stop() {
      clearImmediate(immediate);
      see();
      return longest;
    },
  };
}
