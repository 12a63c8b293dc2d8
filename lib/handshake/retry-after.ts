/**
 * When a server wants to be asked again: the `Retry-After` of a response (RFC 9110 §10.2.3), in seconds or as a date.
 * Pure; whether anybody waits so long is `reconnection.ts`'s to decide.
 */

import type { ResponseHead } from '../types.js';
import { parseHttpDate } from './http-date.js';

/** The longest delay that timers keep, in milliseconds; nobody waits for so long. */
const longest = 2 ** 31 - 1;

/**
 * Milliseconds from the response on, 0 where the time has passed; undefined where the response does not say, says it
 * twice, or not in a way that means something. A date is compared with the response's own, so that clocks that differ
 * do no harm.
 *
 * @param now milliseconds since 1970.
 */
export function retryAfter({ headers }: ResponseHead, now: number): number | undefined {
  const [value, ...more] = headers.getAll('Retry-After');
  if (value === undefined || more.length > 0) return undefined;
  if (/^[0-9]+$/.test(value)) return Math.min(longest, Number(value) * 1000);
  const then = parseHttpDate(value, now);
  if (then === undefined) return undefined;
  const sent = parseHttpDate(headers.get('Date') ?? '', now) ?? now;
  return Math.min(longest, Math.max(0, then - sent));
}
