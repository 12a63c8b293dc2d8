/** A point in time on the monotonic clock, shared by everything that has to be over by then. */
export class Deadline {
  readonly #at: number;

  /** @param timeout milliseconds from now; 0 for a deadline that never comes. */
  constructor(timeout: number) {
    this.#at = timeout === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  }

  /** Whole milliseconds until then, rounded up: 0 once it has passed, Infinity where it never comes. */
  remaining(): number {
    return Math.max(0, Math.ceil(this.#at - performance.now()));
  }
}
