/** Waits for the addresses of a host no longer than the deadline and the signal allow. */

import type { Deadline } from '../deadline.js';
import { TimeoutError } from '../errors.js';
import { type AddressSettings, resolveAddresses } from './addresses.js';

export interface Patience {
  /** Milliseconds, for the error's words; 0 waits for ever. */
  readonly openTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Resolving can't be cancelled, so whoever waits stops waiting.
 *
 * @throws TransportError or TypeError as `resolveAddresses()` does.
 * @throws TimeoutError where the resolver is not done by the deadline; the signal's reason where that aborts before.
 */
export async function resolveInTime(
  hostname: string,
  settings: AddressSettings,
  { signal, openTimeout }: Patience,
  deadline: Deadline,
): Promise<readonly string[]> {
  if (signal?.aborted) throw signal.reason;
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    const message = `timed out while resolving ${hostname}; openTimeout is ${openTimeout} ms`;
    if (openTimeout !== 0) timer = setTimeout(() => reject(new TimeoutError(message)), deadline.remaining());
    aborted = () => reject(signal?.reason);
    signal?.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([resolveAddresses(hostname, settings), interrupted]);
  } finally {
    clearTimeout(timer);
    if (aborted !== undefined) signal?.removeEventListener('abort', aborted);
  }
}
