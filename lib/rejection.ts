/**
 * Rejections: of calls that throw, and those that nobody needs to handle. A send or ping that the connection's end cut
 * off says no more than `closed` and `recv()` do, so code that sends without awaiting is not to bring the process down
 * by it.
 */

import { ConnectionClosed } from './errors.js';

/** The same promise; where nobody handles its rejection, Node doesn't take that for an error. */
export function optional<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** As `optional`, where the connection's end is what it rejects with; what else it rejects with has to be handled. */
export function optionalEnd<T>(promise: Promise<T>): Promise<T> {
  const result = new Promise<T>((resolve, reject) => {
    promise.then(resolve, (error) => {
      if (error instanceof ConnectionClosed) optional(result);
      reject(error);
    });
  });
  return result;
}

/** Runs what may throw, so that its failure is a rejection. */
export function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}
