/**
 * Finds the addon's binary and loads it: `HAWSER_ADDON` alone where it is set, else a checkout's own build, else the one
 * that is shipped for this system. Knows nothing of what the addon offers but its version, which is to be the package's.
 */

import { createRequire } from 'node:module';
import * as path from 'node:path';
import { HawserError } from './errors.js';
import { detectLibc } from './libc.js';
import { describeFailure, type FailedAttempt, OTHER_VERSION } from './load-failure.js';
import { type Attempt, loadPrebuild, type Target, targets } from './prebuilds.js';
import { version } from './version.js';

/** This file's folder. A bundle of ES modules has none; then there is nothing beside it, either. */
const folder = typeof __dirname === 'string' ? __dirname : undefined;

/**
 * Loads the addon.
 *
 * @throws HawserError where none of the files can be loaded: what was tried, why each failed, and what helps.
 */
export function loadAddon(): unknown {
  const failures: FailedAttempt[] = [];
  const target = targetName();
  for (const [file, load] of candidates(target)) {
    const attempt = checked(load());
    if ('found' in attempt) return attempt.found;
    failures.push({ file, error: attempt.error });
  }
  const message = describeFailure({ target, failures, packageFolder: folder && path.dirname(folder) });
  throw Object.assign(new HawserError(message, { cause: failures.at(-1)?.error }), { code: 'HAWSER_ADDON_NOT_LOADED' });
}

/** The files that may be the addon, the likeliest first. */
function* candidates(target: string): Iterable<[file: string, load: () => Attempt]> {
  const chosen = process.env['HAWSER_ADDON'];
  if (chosen !== undefined && chosen !== '') {
    const file = path.resolve(chosen);
    yield [file, () => loadFile(file)];
    return;
  }
  if (folder !== undefined) {
    const own = path.join(folder, '..', 'build', 'Release', 'hawser.node');
    yield [own, () => loadFile(own)];
  }
  if (isShipped(target)) {
    yield [path.join(folder ?? '', '..', 'prebuilds', target, 'hawser.node'), () => prebuild(target)];
  }
}

/** `linux-x64-musl`: the name of this system's binary, whether or not there is one. */
function targetName(): string {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' && detectLibc() === 'musl' ? `${name}-musl` : name;
}

function isShipped(target: string): target is Target {
  return (targets as readonly string[]).includes(target);
}

/** Where a bundler has made the path of a copy of what was required, that is what is loaded. */
function prebuild(target: Target): Attempt {
  const attempt = loadPrebuild(target);
  if (!('found' in attempt) || typeof attempt.found !== 'string') return attempt;
  return loadFile(path.resolve(folder ?? '', attempt.found));
}

function loadFile(file: string): Attempt {
  try {
    // By any other name it would be taken for JavaScript.
    if (!file.endsWith('.node')) throw new Error('its name does not end in .node');
    return { found: createRequire(file)(file) };
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
  return { error: Object.assign(new Error(`${is}; expected ${version}`), { code: OTHER_VERSION }) };
}
