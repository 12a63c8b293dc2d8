/**
 * Every time in the tests is a multiple of one unit, which HAWSER_TIME_SCALE stretches on slow machines, and every
 * repetition count goes through `rounds`, which HAWSER_ROUNDS stretches. Milliseconds throughout.
 */

const scale = Number(process.env['HAWSER_TIME_SCALE'] ?? 1);
const roundScale = Number(process.env['HAWSER_ROUNDS'] ?? 1);

export const UNIT = 10 * scale;
/** Long enough for a few round trips on loopback. */
export const SHORT = 2 * UNIT;
/** Long enough to see that something does not happen. */
export const MEDIUM = 10 * UNIT;
/** Longer than anything that works takes. */
export const LONG = 100 * UNIT;
/** What a deadline may be late by before it counts as missed. */
export const MARGIN = 40 * UNIT;
/** When a test that hangs is given up. */
export const DEADLINE = 1000 * UNIT;

/**
 * How often to repeat what is repeated `count` times by HAWSER_ROUNDS=1, and `least` times at least: fewer only where
 * HAWSER_ROUNDS is below 1. Never less than once.
 */
export function rounds(count: number, least = 1): number {
  return Math.max(1, Math.round(count * roundScale), Math.round(least * Math.min(1, roundScale)));
}

/** How often to repeat what is timed. The fastest counts, so there always are a few. */
export const TIMED_ROUNDS = Math.max(5, rounds(1, 10));

/** Milliseconds on a clock that all threads of this process share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Rejects, saying what was waited for, when `promise` has not settled in time. */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `run` `count` times in sequence; a failure says in which round. */
export async function repeat(count: number, run: (round: number) => Promise<void> | void): Promise<void> {
  for (let round = 0; round < count; round++) {
    try {
      await run(round);
    } catch (error) {
      if (error instanceof Error) error.message = `round ${round + 1} of ${count}: ${error.message}`;
      throw error;
    }
  }
}

/** Polls until `condition` holds. */
export async function until(condition: () => boolean, milliseconds: number, what: string): Promise<void> {
  const deadline = now() + milliseconds;
  while (!condition()) {
    if (now() > deadline) throw new Error(`${what}: not within ${milliseconds} ms`);
    await sleep(1);
  }
}
