/**
 * Gets what is needed from elsewhere: Debian's packages onto the system, npm's into build/cache, each once. Knows
 * nothing of what they are for.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { root } from './recipe.mjs';

/**
 * The folder of an unpacked package of npm's, relative to the root. It is unpacked, not installed: some are for other
 * systems than this.
 *
 * @param {string} name
 * @param {string} version an exact version, or a range, which is resolved when the package is first fetched
 * @returns {string}
 */
export function npmPackage(name, version) {
  const folder = path.join('build/cache', `${name.replace('/', '-')}-${version}`);
  const target = path.join(root, folder);
  if (existsSync(target)) return folder;
  mkdirSync(path.dirname(target), { recursive: true });
  const unpacked = mkdtempSync(`${target}.part-`);
  try {
    const pack = ['pack', `${name}@${version}`, '--silent', '--pack-destination', unpacked];
    const file = execFileSync('npm', pack, { cwd: unpacked, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
    execFileSync('tar', ['-xzf', path.join(unpacked, path.basename(file)), '-C', unpacked]);
    renameSync(path.join(unpacked, 'package'), target);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  return folder;
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
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  for (const command of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
    const [program = '', ...args] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...command];
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
