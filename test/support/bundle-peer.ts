/** Runs once before the tests: bundles the scripted peer's thread, since Node 20 cannot run TypeScript in a Worker. */

import * as path from 'node:path';
import { build } from 'vite';

export async function setup(): Promise<void> {
  await build({
    root: path.join(__dirname, '../..'),
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: 'test/support/peer-worker.ts',
      outDir: 'build/test-support',
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: '[name].mjs' } },
    },
  });
}
