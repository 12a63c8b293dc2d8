/**
 * Finds the addon's binary and loads it: `HAWSER_ADDON` alone where it is set, else a checkout's own build, else the one
 * that is shipped for this system. Knows nothing of what the addon offers but its version, which is to be the package's.
 */

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HawserError } from './errors.js';
import { detectLibc } from './libc.js';
import { NO_FILE, NOT_BUNDLED, OTHER_NAME, OTHER_VERSION } from './load-cause.js';
import { describeFailure, type FailedAttempt } from './load-failure.js';
import { type Attempt, loadPrebuild, type Target, targets } from './prebuilds.js';
import { version } from './version.js';

/** A file that was tried, who offers it, and what came of it. */
type Tried = Pick<FailedAttempt, 'file' | 'from'> & Attempt;

/** This file's folder. A bundle of ES modules has none, and others may have been given one that is none. */
const folder = typeof __dirname === 'string' && path.isAbsolute(__dirname) ? __dirname : undefined;

/**
 * Loads the addon.
 *
 * @throws HawserError where none of the files can be loaded: what was tried, why each failed, and what helps.
 */
export function loadAddon(): unknown {
  const packageFolder = ownFolder();
  const failures: FailedAttempt[] = [];
  for (const { file, from, ...attempt } of tries(packageFolder)) {
    const result = checked(attempt);
    if ('found' in result) return result.found;
    failures.push({ file, from, error: result.error });
  }
  const message = describeFailure({ targets: systemTargets(), failures, packageFolder });
  throw Object.assign(new HawserError(message, { cause: failures.at(-1)?.error }), { code: 'HAWSER_ADDON_NOT_LOADED' });
}

/** Tries one file after the other, the likeliest first, as long as it is asked for more. */
function* tries(packageFolder: string | undefined): Iterable<Tried> {
  const chosen = process.env['HAWSER_ADDON'];
  if (chosen !== undefined && chosen !== '') {
    const file = pathOf(chosen);
    yield { file, from: 'choice', ...loadFile(file) };
    return;
  }
  if (packageFolder !== undefined) {
    const file = path.join(packageFolder, 'build', 'Release', 'hawser.node');
    yield { file, from: 'checkout', ...loadFile(file) };
  }
  for (const target of systemTargets()) {
    if (isShipped(target)) yield { from: 'package', ...tryPrebuild(target) };
  }
}

/** Where the package lies; undefined in a bundle, above which is somebody else's folder. */
function ownFolder(): string | undefined {
  if (folder === undefined) return undefined;
  const above = path.dirname(folder);
  try {
    const { name } = JSON.parse(readFileSync(path.join(above, 'package.json'), 'utf8'));
    return name === 'hawser' ? above : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `linux-x64-musl`: the names of the binaries that may be this system's, whether or not they are shipped. They are two where
 * it can't be told which C library this is: musl's first, which never loads with glibc, as the other may with musl.
 */
function systemTargets(): readonly string[] {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return [name];
  const libc = detectLibc();
  if (libc === undefined) return [`${name}-musl`, name];
  return [libc === 'musl' ? `${name}-musl` : name];
}

function isShipped(target: string): target is Target {
  return (targets as readonly string[]).includes(target);
}

/** A bundler may have made the path of a copy of what was required, which is then loaded, or something else. */
function tryPrebuild(target: Target): { readonly file: string } & Attempt {
  const file = path.join(folder ?? '', '..', 'prebuilds', target, 'hawser.node');
  const attempt = loadPrebuild(target);
  if (!('found' in attempt)) return { file, ...attempt };
  const { found } = attempt;
  if (typeof found !== 'string') {
    const isReplaced = Object.keys(found ?? {}).length === 0;
    return { file, ...(isReplaced ? failed('a bundler has replaced it', NOT_BUNDLED) : attempt) };
  }
  if (folder === undefined && !path.isAbsolute(found)) {
    // It would be looked for in the working directory, where anybody may have put it.
    return { file: found, ...failed('a bundler gives a path that is relative to nothing', NOT_BUNDLED) };
  }
  const copy = path.resolve(folder ?? '', found);
  return { file: copy, ...loadFile(copy) };
}

/** Of a path, which is relative to the working directory, or of a `file:` URL. */
function pathOf(chosen: string): string {
  try {
    return /^file:/i.test(chosen) ? fileURLToPath(chosen) : path.resolve(chosen);
  } catch {
    return chosen; // of no file here
  }
}

/** `require()` would also take a folder, another file's beginning, and what has any other name for JavaScript. */
function loadFile(file: string): Attempt {
  try {
    const real = realpathSync(file);
    if (!statSync(real).isFile()) return failed('it is no file', NO_FILE);
    if (!real.endsWith('.node')) {
      const its = real === file ? 'its name' : `it is a link to ${real}, whose name`;
      return failed(`${its} does not end in .node`, OTHER_NAME);
    }
    return { found: createRequire(real)(real) };
  } catch (error) {
    return { error };
  }
}

/** Both halves talk by layouts that change from version to version, so they are to be of one. */
function checked(attempt: Attempt): Attempt {
  if (!('found' in attempt)) return attempt;
  const found = (attempt.found as { readonly version?: unknown } | null | undefined)?.version;
  if (found === version) return attempt;
  const is =
    typeof found === 'string' ? `it is the addon of hawser ${found}` : 'it is no addon of hawser, or an old one';
  return failed(`${is}; expected ${version}`, OTHER_VERSION);
}

function failed(message: string, code: string): { readonly error: unknown } {
  return { error: Object.assign(new Error(message), { code }) };
}
