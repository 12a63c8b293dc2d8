/** Runs once before the tests: bundles the scripted peer's thread. */

import { bundleWorker } from './bundle-worker.js';

export async function setup(): Promise<void> {
  await bundleWorker('test/support/peer-worker.ts', 'build/test-support');
}
