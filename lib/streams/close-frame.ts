/**
 * What `cancel(reason)` and `abort(reason)` close a connection with: the `closeCode` and `reason` of the argument, in the
 * manner of the WebSocketStream proposal. Errors of another connection count as well, so that `pipeTo` passes on how it
 * closed.
 */

import type { Connection } from '../connection.js';
import { ConnectionClosed } from '../errors.js';
import type { CloseOutcome } from '../types.js';

/**
 * Closes the connection with the code and reason that the argument has, 1000 where it has none.
 *
 * @throws TypeError or RangeError where they may not be sent; the connection is closed with 1000 all the same.
 */
export async function closeFor(connection: Connection, argument: unknown): Promise<CloseOutcome> {
  const { code, reason } = closeFrameOf(argument);
  try {
    // It checks both itself, and rejects for nothing else.
    return await connection.close(code as number, reason as string);
  } catch (error) {
    const outcome = await connection.close();
    // An error tells of something else, and its code may be one that is never sent, such as 1006.
    if (argument instanceof Error) return outcome;
    throw error;
  }
}

function closeFrameOf(argument: unknown): { readonly code: unknown; readonly reason: unknown } {
  const none = { code: 1000, reason: '' };
  if (argument instanceof ConnectionClosed) return { code: argument.closeCode, reason: argument.closeReason };
  if (typeof argument !== 'object' || argument === null) return none;
  const { closeCode, reason } = argument as { readonly closeCode?: unknown; readonly reason?: unknown };
  // Many things have a reason; it is the one to send where a code says so, or where there is nothing else.
  if (closeCode === undefined && (argument instanceof Error || typeof reason !== 'string')) return none;
  return { code: closeCode ?? 1000, reason: reason ?? '' };
}
