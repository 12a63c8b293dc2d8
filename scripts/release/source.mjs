/** Release checks of where the tree comes from: git, the tag, the repository's address, who runs this. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** @param {string} root */
export function readManifest(root) {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
}

/**
 * What git writes.
 * @param {string} root
 * @param {string[]} args
 */
export function git(root, ...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();
}

/**
 * Nothing differs from the commit. The workflow writes the repository's address into package.json, which may.
 * @param {string} root
 */
export function checkTree(root) {
  const changed = git(root, 'status', '--porcelain').split('\n').filter(Boolean);
  const others = changed.filter((line) => line !== ' M package.json' || !differsByRepositoryOnly(root));
  if (others.length > 0)
    throw new Error(`there are uncommitted changes:\n${others.map((line) => `  ${line}`).join('\n')}`);
  return `all is as in ${git(root, 'rev-parse', '--short', 'HEAD')}`;
}

/** @param {string} root */
function differsByRepositoryOnly(root) {
  const { repository: _now, ...now } = readManifest(root);
  const { repository: _then, ...then } = JSON.parse(git(root, 'show', 'HEAD:package.json'));
  return isDeepStrictEqual(now, then);
}

/**
 * A tag of a version is that of package.json; who publishes has one.
 * @param {string} root
 * @param {boolean} needed
 */
export function checkTag(root, needed) {
  const expected = `v${readManifest(root).version}`;
  const tags = git(root, 'tag', '--points-at', 'HEAD', 'v*').split('\n').filter(Boolean);
  const others = tags.filter((tag) => tag !== expected);
  if (others.length > 0) throw new Error(`this commit is tagged ${others.join(', ')}; expected ${expected}`);
  if (tags.length > 0) return expected;
  if (needed) throw new Error(`this commit has no tag; expected ${expected}`);
  return `none yet; ${expected} will do`;
}

/**
 * Provenance names the repository, and the registry compares.
 * @param {string} root
 * @param {boolean} needed
 */
export function checkRepository(root, needed) {
  const { repository } = readManifest(root);
  const url = typeof repository === 'string' ? repository : repository?.url;
  if (url !== undefined && url !== '') return url;
  if (needed) throw new Error('package.json names none, and provenance needs it');
  return 'none yet; the release workflow names it';
}

export function checkWorkflow() {
  if (process.env['GITHUB_ACTIONS'] === 'true') return 'GitHub Actions';
  throw new Error('this is no workflow of GitHub Actions, and provenance needs one');
}
