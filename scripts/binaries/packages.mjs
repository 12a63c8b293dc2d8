/**
 * Gets what is needed from elsewhere: Debian's packages onto the system, npm's into build/cache, each once. Knows
 * nothing of what they are for.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { root } from './recipe.mjs';

/**
 * The folder of an unpacked package of npm's, relative to the root. It is unpacked, not installed: some are for other
 * systems than this.
 *
 * @param {string} name
 * @param {string} range an exact version, or a range, of which the newest is taken
 * @param {string} [integrity] what the package has to be, as the registry and lock files have it: `sha512-...`
 * @returns {string}
 */
export function npmPackage(name, range, integrity) {
  const version = /^\d+\.\d+\.\d+/.test(range) ? range : newestOf(name, range);
  const folder = path.join('build/cache', `${name.replace('/', '-')}-${version}`);
  const target = path.join(root, folder);
  if (existsSync(target)) return folder;
  mkdirSync(path.dirname(target), { recursive: true });
  const unpacked = mkdtempSync(`${target}.part-`);
  try {
    const pack = ['pack', `${name}@${version}`, '--silent', '--pack-destination', unpacked];
    const file = execFileSync('npm', pack, { cwd: unpacked, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
    const tarball = path.join(unpacked, path.basename(file));
    checkIntegrity(tarball, integrity);
    execFileSync('tar', ['-xzf', tarball, '-C', unpacked]);
    renameSync(path.join(unpacked, 'package'), target);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  return folder;
}

/**
 * @param {string} name
 * @param {string} range
 * @returns {string}
 */
function newestOf(name, range) {
  const view = ['view', `${name}@${range}`, 'version', '--json'];
  const newest = newestVersion([JSON.parse(execFileSync('npm', view, { encoding: 'utf8' }))].flat());
  if (newest !== undefined) return newest;
  throw new Error(`npm has no ${name} of ${range}`);
}

/**
 * npm lists them in the order in which they were published, or in none.
 *
 * @param {readonly string[]} versions without prereleases
 * @returns {string | undefined}
 */
export function newestVersion(versions) {
  return versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

/**
 * @param {string} file
 * @param {string | undefined} expected
 */
function checkIntegrity(file, expected) {
  if (expected === undefined) return;
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== expected) throw new Error(`${path.basename(file)} is ${found}; expected ${expected}`);
}

/**
 * Installs those of Debian's packages whose files are not there.
 *
 * @param {Record<string, string>} packages a package's name for each file that it brings
 */
export function debianPackages(packages) {
  const missing = Object.entries(packages).filter(([file]) => !existsSync(file));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(([, name]) => name))];
  console.log(`installing ${names.join(', ')}`);
  execFileSync(path.join(root, 'scripts/debian-install'), names, { stdio: ['ignore', 'ignore', 'inherit'] });
}
