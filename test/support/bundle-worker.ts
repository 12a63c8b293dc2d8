/** Bundles the code of a test's thread, since Node 20 cannot run TypeScript in a Worker. */

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { build } from 'vite';

const root = path.join(__dirname, '../..');

/**
 * `entry` and `outDir` from the project's root; the bundle has the entry's name and the ending `.mjs`. Put in its place at
 * once, since other runs of the tests may be using the one that is there.
 */
export async function bundleWorker(entry: string, outDir: string): Promise<void> {
  const target = path.join(root, outDir);
  const part = `${target}.part-${process.pid}`;
  await bundle(entry, part);
  await mkdir(target, { recursive: true });
  for (const file of await readdir(part)) await rename(path.join(part, file), path.join(target, file));
  await rm(part, { recursive: true });
}

async function bundle(entry: string, outDir: string): Promise<void> {
  await build({
    root,
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
