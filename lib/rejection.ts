/**
 * Rejections that nobody needs to handle: a send or ping that the connection's end cut off says no more than `closed`
 * and `recv()` do, so code that sends without awaiting is not to bring the process down by it.
 */

/** The same promise; where nobody handles its rejection, Node doesn't take that for an error. */
export function optional<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
