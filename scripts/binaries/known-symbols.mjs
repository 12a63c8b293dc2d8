/** What a binary may expect others to bring: what every supported Node.js exports, and the target's system. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { nodeExportsList } from './link.mjs';
import { root } from './recipe.mjs';
import { zig } from './toolchain.mjs';

/**
 * @param {import('./targets.mjs').Target} target
 * @returns {import('./judge.mjs').Known}
 */
export function knownSymbols(target) {
  return {
    node: listed(nodeExportsList),
    system: systemSymbols(target),
  };
}

/**
 * The descriptions of libraries that linkers have are of the newest macOS and Windows, and don't say since when there is
 * something. So what the binaries need is written down, once it has been looked up that the oldest system has it.
 *
 * @param {import('./targets.mjs').Target} target
 */
function systemSymbols(target) {
  if (target.format === 'mach-o') return listed('scripts/binaries/macos-11-symbols.txt');
  if (target.format === 'pe') return listed('scripts/binaries/windows-10-symbols.txt');
  // glibc's symbols have versions.
  return target.system === 'musl' ? musl() : new Set();
}

/** Of musl's libc.so, as zig knows it. */
function musl() {
  const text = read(path.join(path.dirname(zig()), 'lib/libc/musl/libc.S'));
  return new Set([...text.matchAll(/^(?:\.globl|\.weak|WEAK64) (\S+)$/gm)].map((match) => match[1] ?? ''));
}

/** @param {string} file */
const listed = (file) => new Set(read(file).trim().split('\n'));

/** @param {string} file */
const read = (file) => readFileSync(path.join(root, file), 'utf8');
