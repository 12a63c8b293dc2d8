/** Delays of the reader at its test points, which hold open the windows between the two threads. */

import { setDelays } from '../../../lib/native.js';

export type TestPoint = 'before-end-of-stream' | 'after-close-command' | 'before-announce' | 'before-return';

/** Has readers created from now on wait at these points and at no others. Milliseconds. */
export function delayReaders(delays: Readonly<Partial<Record<TestPoint, number>>>): void {
  if (!setDelays) throw new Error('the addon is not the test build; run: npm run build:test');
  setDelays(Object.fromEntries(Object.entries(delays).map(([point, delay]) => [point, Math.ceil(delay)])));
}
