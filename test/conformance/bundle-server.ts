/** Runs once before the conformance tests: bundles the server's thread. */

import { bundleWorker } from '../support/bundle-worker.js';

export async function setup(): Promise<void> {
  await bundleWorker('test/conformance/server/conformance-worker.ts', 'build/test-conformance');
}
