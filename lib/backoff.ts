/**
 * How long to wait before trying again: an exponential back-off with a cap and full jitter. Pure but for its random
 * source; counts no failures and waits for nothing.
 */

/** Milliseconds, and the factor by which they grow. */
export interface BackoffSettings {
  /** The longest that the first wait may be. */
  readonly initialDelay: number;
  /** The longest that any wait may be. */
  readonly maxDelay: number;
  readonly factor: number;
}

/** The longest that the wait after failure `attempt` may be, in milliseconds; the first failure is number 1. */
export function longestDelay({ initialDelay, maxDelay, factor }: BackoffSettings, attempt: number): number {
  return Math.min(maxDelay, initialDelay * factor ** (attempt - 1));
}

/**
 * Whole milliseconds to wait after failure `attempt`. Any time up to the longest is as likely as any other, so that
 * clients that one server lost at the same moment do not come back together, not even the first time.
 *
 * @param random gives numbers from 0 up to but not including 1.
 */
export function randomDelay(settings: BackoffSettings, attempt: number, random: () => number): number {
  return Math.round(random() * longestDelay(settings, attempt));
}
