/**
 * Loads the package in processes of their own, from installations of one test each, and says which file was loaded or what
 * the failure says. Of the system that the tests run on it knows what the loader should.
 */

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { onTestFinished } from 'vitest';
import { detectLibc } from '../../lib/libc.js';
import { version } from '../../lib/version.js';
import { Installation } from './installation.js';

export const addon = process.env['HAWSER_ADDON']!;
const napi = process.versions['napi'];
export const runtime = `Node.js ${process.version}, Node-API ${napi}`;
const system = `${process.platform}-${process.arch}`;
export const libc = process.platform === 'linux' ? detectLibc() : undefined;
export const described = libc === undefined ? system : `${system} (${libc})`;
export const target = libc === 'musl' ? `${system}-musl` : system;
export const here = `could not load the native addon of hawser ${version} for ${described}, ${runtime}; tried`;
export interface Circumstances {
  readonly flags?: readonly string[];
  readonly chosen?: string;
  /** JavaScript that runs first. */
  readonly fake?: string;
}

/** What `require('hawser')` says in a process of its own: which file was loaded, or the lines of the failure, with the package's folder as `~`. */
export async function outcome(
  { hawser, folder }: Installation,
  { flags = [], chosen = '', fake = '' }: Circumstances = {},
) {
  const main = path.join(folder, 'main.js');
  writeFileSync(
    main,
    `${fake};
    try {
      require('hawser');
      console.log('loaded', Object.keys(require.cache).findLast((name) => name.endsWith('.node')));
    } catch (error) {
      console.log(error.name, error.code, error.cause?.code ?? '');
      console.log(error.message);
    }`,
  );
  const output = await new Promise<string>((resolve, reject) => {
    const options = { cwd: folder, env: { ...process.env, HAWSER_ADDON: chosen, NODE_NO_WARNINGS: '1' } };
    execFile(process.execPath, [...flags, main], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
  return output.trim().replaceAll(hawser, '~').replaceAll('\\', '/').split('\n');
}

export function installed(): Installation {
  const installation = new Installation();
  onTestFinished(() => installation[Symbol.dispose]());
  return installation;
}

/** Makes the TypeScript half one of another version. */
export function setVersion(installation: Installation, other: string): void {
  const file = path.join(installation.hawser, 'dist/version.js');
  writeFileSync(file, readFileSync(file, 'utf8').replace(`'${version}'`, `'${other}'`));
}
