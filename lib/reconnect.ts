/**
 * The public `reconnect()`: checks its arguments, all of them before anything is done, and has `Reconnection` open one
 * connection after the other by `connect()`.
 */

import { checkConnectArguments, connect } from './connect.js';
import type { Connection } from './connection.js';
import { type ReconnectOptions, retryOptionNames, splitReconnectOptions } from './reconnect-options.js';
import { Reconnection } from './reconnection.js';

/**
 * Connects again and again: each step of the iteration is a fresh, open connection, for as long as the loop is not
 * left. It closes the one before (with code 1000, where it is still open) and waits for its end first. Leaving the
 * loop closes the connection, too, and so does an exception in its body.
 *
 * A connection that lived for `stableAfter` milliseconds is replaced at once. After one that did not, and after an
 * attempt that failed, there is a wait: a random time up to `initialDelay` after the first failure in a row, and up to
 * `factor` times as long after each further one, `maxDelay` at most. Where a refusal has a `Retry-After`, that is waited
 * for first, `maxRetryAfter` at most. A wait keeps the process alive.
 *
 * The iteration ends only by an error: one that `shouldRetry` does not want tried again, one that `shouldRetry` or
 * `onRetry` throws, or the reason of `signal`. How a connection ended is for the loop's body to judge, which may leave
 * the loop; iterating over a connection throws ConnectionClosedError unless it closed in good order.
 *
 * @param url as for `connect()`.
 * @param options those of `connect()` and those of the retries; what is different from the defaults.
 * @returns an iteration for one loop. Nothing is connected to before its first step.
 * @throws InvalidURL, TypeError, RangeError, TlsError or NotSupported at once, where an argument is wrong.
 *
 * @example
 * ```ts
 * for await (const connection of reconnect('ws://localhost:8080/feed')) {
 *   try {
 *     await connection.send('subscribe');
 *     for await (const message of connection) console.log(message);
 *   } catch (error) {
 *     if (!(error instanceof ConnectionClosed)) throw error;
 *   }
 * }
 * ```
 */
export function reconnect(url: string | URL, options?: ReconnectOptions): AsyncIterableIterator<Connection> {
  const { retrying, connecting } = splitReconnectOptions(options);
  checkConnectArguments(url, connecting, retryOptionNames);
  // A URL object may be changed while the iteration goes on.
  const address = typeof url === 'string' ? url : url.href;
  return new Reconnection((signal) => connect(address, { ...connecting, signal }), retrying, connecting.signal);
}
