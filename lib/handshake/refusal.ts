/**
 * What of a response that refused may help who reads the error: what the server asks for, where it would rather have us,
 * or when. Pure; knows the statuses and no error.
 */

import type { ResponseHead } from '../types.js';
import { shown, withoutCredentials } from './shown.js';

/**
 * Words to put behind the status; empty where there is nothing to say.
 *
 * @param retryAfter milliseconds, if the server said so.
 */
export function refusalHint({ status, headers }: ResponseHead, retryAfter: number | undefined): string {
  const hints: string[] = [];
  const hint = (name: string, edit = (value: string) => value): void => {
    const value = headers.get(name);
    if (value !== undefined) hints.push(`${name} is ${shown(edit(value))}`);
  };
  if (status >= 300 && status < 400) hint('Location', withoutCredentials);
  if (status === 401) hint('WWW-Authenticate');
  if (status === 426) hint('Upgrade');
  // A server that speaks another version of the protocol says so with 426 or 400 (RFC 6455 §4.4).
  if (status === 426 || status === 400) hint('Sec-WebSocket-Version');
  if (retryAfter !== undefined) hints.push(`retry after ${Math.ceil(retryAfter / 1000)} s`);
  return hints.map((words) => `; ${words}`).join('');
}
