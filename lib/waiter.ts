/**
 * One call that waits for a message: settled once, by what it takes, by the end, by its timeout or by its signal.
 * Knows no queue.
 */

import type { Reception } from './call-options.js';
import { type ConnectionClosed, ConnectionClosedOK, TimeoutError } from './errors.js';

/** `T` is what the call resolves with. */
export class Waiter<T> {
  readonly promise: Promise<T>;
  readonly #take: () => T;
  readonly #quietEnd: T | undefined;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  /**
   * @param take takes what was waited for, once it is there.
   * @param quietEnd what the call resolves with where the connection closes in good order; left out, it rejects.
   */
  constructor(take: () => T, quietEnd?: T) {
    this.#take = take;
    this.#quietEnd = quietEnd;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /**
   * Arms timeout and signal; `giveUp` is called before either rejects the call. `look` is the last look before the
   * timeout does: timers come before the news of a message that was in time, where the event loop was busy.
   */
  limit(name: string, { timeout, signal }: Reception, look: () => void, giveUp: () => void): void {
    if (timeout !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => {
        look();
        if (this.#settled) return;
        giveUp();
        this.reject(timedOut(name, timeout));
      }, timeout);
    }
    if (signal !== undefined) {
      this.#signal = signal;
      this.#onAbort = () => {
        giveUp();
        this.reject(signal.reason);
      };
      signal.addEventListener('abort', this.#onAbort);
    }
  }

  /** Takes what is there and resolves with it; rejects where it can't be taken as it is wanted. */
  settle(): void {
    try {
      this.resolve(this.#take());
    } catch (error) {
      this.reject(error);
    }
  }

  /** There is nothing and there will be nothing. */
  end(error: ConnectionClosed): void {
    if (this.#quietEnd !== undefined && error instanceof ConnectionClosedOK) this.resolve(this.#quietEnd);
    else this.reject(error);
  }

  resolve(value: T): void {
    this.#resolve(value);
    this.#disarm();
  }

  reject(error: unknown): void {
    this.#reject(error);
    this.#disarm();
  }

  #disarm(): void {
    this.#settled = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** The error of a call that waited as long as it was told to. */
export function timedOut(name: string, timeout: number): TimeoutError {
  return new TimeoutError(`${name} got no message within ${timeout} ms`);
}
