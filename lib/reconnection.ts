/**
 * The iteration behind `reconnect()`: one connection after the other, each closed before the next is asked for, with
 * waits after failures. It can be left or aborted at any point and leaves nothing behind. How a connection is opened
 * is its caller's; which failures pass and how long waits are, the settings say.
 */

import { randomDelay } from './backoff.js';
import { maxTimeout } from './check.js';
import type { Connection } from './connection.js';
import { connectionClosed } from './errors.js';
import type { RetrySettings } from './reconnect-options.js';
import { requestedDelay } from './retry-policy.js';
import type { CloseOutcome } from './types.js';

/** Opens a connection; rejects with the signal's reason where that aborts first. */
export type Open = (signal: AbortSignal) => Promise<Connection>;

/** Why everything under way was stopped where the loop was left. */
const left = Symbol('left');

export class Reconnection implements AsyncIterableIterator<Connection, undefined, undefined> {
  readonly #open: Open;
  readonly #settings: RetrySettings;
  readonly #signal: AbortSignal | undefined;
  readonly #random: () => number;
  readonly #connections: AsyncGenerator<Connection, undefined, undefined>;
  /** Stops what is under way: aborted by the caller's signal, or with `left`. */
  readonly #stop = new AbortController();
  /** How many failures there were since the last connection that lived. */
  #failures = 0;

  /** @param random gives numbers from 0 up to but not including 1. */
  constructor(open: Open, settings: RetrySettings, signal: AbortSignal | undefined, random = Math.random) {
    this.#open = open;
    this.#settings = settings;
    this.#signal = signal;
    this.#random = random;
    this.#connections = this.#iterate();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  // The generator runs one call after the other, so what the first waits for has to be stopped from outside.

  next(): Promise<IteratorResult<Connection, undefined>> {
    return this.#connections.next();
  }

  return(): Promise<IteratorResult<Connection, undefined>> {
    this.#stop.abort(left);
    return this.#connections.return(undefined);
  }

  throw(error: unknown): Promise<IteratorResult<Connection, undefined>> {
    this.#stop.abort(left);
    return this.#connections.throw(error);
  }

  async *#iterate(): AsyncGenerator<Connection, undefined, undefined> {
    try {
      let failure: Error | undefined;
      for (;;) {
        const connection = await this.#establish(failure);
        const openedAt = performance.now();
        let endedAt = Number.POSITIVE_INFINITY;
        let outcome: CloseOutcome;
        const ended = (): void => {
          endedAt = Math.min(endedAt, performance.now());
        };
        void connection.closed.then(ended);
        try {
          yield connection;
        } finally {
          // A closing handshake that takes its time is no life.
          ended();
          outcome = await connection.close();
        }
        const lived = endedAt - openedAt >= this.#settings.stableAfter;
        if (lived) this.#failures = 0;
        failure = lived ? undefined : connectionClosed(outcome);
      }
    } catch (error) {
      if (error === left) return undefined;
      throw error;
    }
  }

  /**
   * Tries until a connection is open. The caller's signal is listened to meanwhile, and no longer.
   *
   * @param failure what ended the connection before too early.
   */
  async #establish(failure: Error | undefined): Promise<Connection> {
    const aborted = (): void => this.#stop.abort(this.#signal?.reason);
    this.#signal?.addEventListener('abort', aborted);
    try {
      if (this.#signal?.aborted) aborted();
      this.#stop.signal.throwIfAborted();
      if (failure !== undefined) await this.#backOff(failure, ++this.#failures);
      for (;;) {
        const attempt = await this.#attempt();
        if ('connection' in attempt) return attempt.connection;
        await this.#judge(attempt.error, ++this.#failures);
      }
    } finally {
      this.#signal?.removeEventListener('abort', aborted);
    }
  }

  async #attempt(): Promise<{ readonly connection: Connection } | { readonly error: Error }> {
    const stop = this.#stop.signal;
    let connection: Connection;
    try {
      connection = await this.#open(stop);
    } catch (error) {
      stop.throwIfAborted();
      // Only a signal's reason can be something else than an Error.
      return { error: error as Error };
    }
    if (stop.aborted) {
      await connection.terminate();
      throw stop.reason;
    }
    return { connection };
  }

  async #judge(error: Error, attempt: number): Promise<void> {
    const { shouldRetry } = this.#settings;
    if (!(await unlessAborted(this.#stop.signal, shouldRetry(error, attempt)))) throw error;
    await this.#backOff(error, attempt);
  }

  async #backOff(error: Error, attempt: number): Promise<void> {
    const { onRetry } = this.#settings;
    const delay = this.#delay(error, attempt);
    await unlessAborted(this.#stop.signal, onRetry({ error, attempt, delay }));
    await wait(delay, this.#stop.signal);
  }

  /** What the server asked for comes first: those that were told the same time still come back one by one. */
  #delay(error: Error, attempt: number): number {
    const requested = Math.min(requestedDelay(error), this.#settings.maxRetryAfter);
    return Math.min(maxTimeout, requested + randomDelay(this.#settings, attempt, this.#random));
  }
}

/** Waits, which keeps the process alive: whoever reconnects wants to go on. */
async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await unlessAborted(signal, over);
  } finally {
    clearTimeout(timer);
  }
}

/** What `promise` brings; rejects with the signal's reason where that aborts first. */
async function unlessAborted<T>(signal: AbortSignal, promise: T | Promise<T>): Promise<T> {
  let aborted: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    aborted = () => reject(signal.reason);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([interrupted, promise]);
  } finally {
    if (aborted !== undefined) signal.removeEventListener('abort', aborted);
  }
}
