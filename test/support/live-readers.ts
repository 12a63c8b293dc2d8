/** What the test build of the addon tells about its threads. */

import { liveReaders as count } from '../../lib/native.js';
import { LONG, until } from './times.js';

/** How many reader threads of this process are alive. */
export function liveReaders(): number {
  if (!count) throw new Error('the addon is not the test build; run: npm run build:test');
  return count();
}

/** Waits for the readers of abandoned connections; what has settled has joined its reader and needs no waiting. */
export function noReadersLeft(): Promise<void> {
  return until(() => liveReaders() === 0, LONG, 'the last reader to end');
}
