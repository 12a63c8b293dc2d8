/** What a binary may expect others to bring: what every supported Node.js exports, and the target's libc. */

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
    node: new Set(read(nodeExportsList).trim().split('\n')),
    libc: target.name.endsWith('-musl') ? musl() : new Set(),
  };
}

/** Of musl's libc.so, as zig knows it: the others say in the binary which library has a symbol. */
function musl() {
  const text = read(path.join(path.dirname(zig()), 'lib/libc/musl/libc.S'));
  return new Set([...text.matchAll(/^(?:\.globl|\.weak|WEAK64) (\S+)$/gm)].map((match) => match[1] ?? ''));
}

/** @param {string} file */
const read = (file) => readFileSync(path.join(root, file), 'utf8');
