/**
 * The options of `reconnect()`: what they are called, what they mean by default, and their checks. Those that it
 * shares with `connect()` are told apart here and checked in `options.ts`. Connects to nothing.
 */

import { checkFunction, checkInteger, checkNumber, checkObject, maxTimeout } from './check.js';
import type { ConnectOptions } from './options.js';
import { isTransient } from './retry-policy.js';

/** A failure that will be followed by another attempt. */
export interface Retry {
  /** What `connect()` rejected with; a ConnectionClosed where a connection ended within `stableAfter`. */
  readonly error: Error;
  /** How many failures in a row this one makes: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
}

/** What `reconnect()` can be told. Times are milliseconds; leaving an option out means its default. */
export interface ReconnectOptions extends ConnectOptions {
  /**
   * The longest wait after a first failure, in milliseconds: 1 at least. Every wait is a random part of the longest
   * there may be, so that many clients do not come back together.
   * @default 1_000
   */
  readonly initialDelay?: number | undefined;
  /**
   * The longest wait of all, in milliseconds, but for what a server asks for: 1 at least.
   * @default 60_000
   */
  readonly maxDelay?: number | undefined;
  /**
   * How much of a refusal's `Retry-After` is waited for, in milliseconds: so much at most goes before the wait there
   * would be anyway, which keeps clients apart that were all told the same. 0 takes no notice of the header.
   * @default 300_000
   */
  readonly maxRetryAfter?: number | undefined;
  /**
   * By what the longest wait is multiplied with each further failure in a row: 1 at least.
   * @default 1.618
   */
  readonly factor?: number | undefined;
  /**
   * Milliseconds that a connection has to live to be no failure. When it ends, the next attempt is made at once, and
   * failures are counted from 1 again. With 0, that goes for every connection.
   * @default 5_000
   */
  readonly stableAfter?: number | undefined;
  /**
   * Whether to try again after `connect()` rejected with `error`, the `attempt`th failure in a row; the first is 1.
   * Not asked about connections that opened and ended: leave the loop where such an end is to be the last.
   * @default network errors, timeouts, a stream that ends within the response, and HTTP 429, 500, 502, 503 and 504
   */
  readonly shouldRetry?: ((error: Error, attempt: number) => boolean | Promise<boolean>) | undefined;
  /** Called before each wait; a promise that it returns is awaited before the wait begins. */
  readonly onRetry?: ((retry: Retry) => void | Promise<void>) | undefined;
  /**
   * Ends the iteration, which then rejects with the signal's reason: at once while it connects or waits, else when
   * the loop asks for the next connection. The connection that the loop's body has is closed then, and not before.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `reconnect()` alone, checked, with every default filled in. */
export interface RetrySettings {
  readonly initialDelay: number;
  readonly maxDelay: number;
  readonly maxRetryAfter: number;
  readonly factor: number;
  readonly stableAfter: number;
  readonly shouldRetry: (error: Error, attempt: number) => boolean | Promise<boolean>;
  readonly onRetry: (retry: Retry) => void | Promise<void>;
}

/** What a misspelt or foreign name may have meant besides an option of `connect()`. */
export const retryOptionNames: ReadonlyMap<string, string> = new Map([
  ...['initialDelay', 'maxDelay', 'maxRetryAfter', 'factor', 'stableAfter', 'shouldRetry', 'onRetry'].map(
    (name) => [name, name] as const,
  ),
  ['minDelay', 'initialDelay'],
  ['maxRetries', 'shouldRetry'],
]);

/**
 * Checks the options that only `reconnect()` has, fills in their defaults, and returns the others as they are.
 *
 * @throws TypeError where a value is of the wrong type.
 * @throws RangeError where a number is out of range.
 */
export function splitReconnectOptions(options: ReconnectOptions = {}): {
  readonly retrying: RetrySettings;
  readonly connecting: ConnectOptions;
} {
  checkObject('options', options);
  const { initialDelay = 1_000, maxDelay = 60_000, factor = 1.618, stableAfter = 5_000, ...others } = options;
  const { shouldRetry = isTransient, onRetry = ignore, maxRetryAfter = 300_000, ...connecting } = others;
  checkFunction('shouldRetry', shouldRetry);
  checkFunction('onRetry', onRetry);
  return {
    retrying: {
      initialDelay: checkInteger('initialDelay', initialDelay, 1, maxTimeout, 'milliseconds'),
      maxDelay: checkInteger('maxDelay', maxDelay, 1, maxTimeout, 'milliseconds'),
      maxRetryAfter: checkInteger('maxRetryAfter', maxRetryAfter, 0, maxTimeout, 'milliseconds'),
      factor: checkNumber('factor', factor, 1),
      stableAfter: checkInteger('stableAfter', stableAfter, 0, maxTimeout, 'milliseconds'),
      shouldRetry,
      onRetry,
    },
    connecting,
  };
}

function ignore(): void {}
