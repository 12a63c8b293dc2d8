/** Bundles the code of a test's thread, since Node 20 cannot run TypeScript in a Worker. */

import * as path from 'node:path';
import { build } from 'vite';

/** `entry` and `outDir` from the project's root; the bundle has the entry's name and the ending `.mjs`. */
export async function bundleWorker(entry: string, outDir: string): Promise<void> {
  await build({
    root: path.join(__dirname, '../..'),
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: entry,
      outDir,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: '[name].mjs' } },
    },
  });
}
