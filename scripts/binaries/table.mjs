/** The table that says of each binary what it needs and shows. */

import { newestGlibc } from './judge.mjs';

/** @typedef {{ name: string, size: number, facts: import('./facts.mjs').Facts, problems: string[] }} Row */

const heads = ['target', 'size', 'needs', 'newest glibc', 'exports', 'of Node', 'bound', 'pinned', 'problems'];

/** @param {Row[]} rows */
export function formatTable(rows) {
  const cells = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * @param {Row} row
 * @returns {string[]}
 */
function cellsOf({ name, size, facts, problems }) {
  const ofNode = facts.imports.filter((symbol) => /^(napi_|node_api_|uv_|inflate|deflate)/.test(symbol.name));
  return [
    name,
    `${Math.round(size / 1024)} KiB`,
    facts.libraries.join(' '),
    newestGlibc(facts) ?? '–',
    String(facts.exports.length),
    String(ofNode.length),
    facts.boundAtLoad ? 'at load' : 'by init',
    facts.neverUnloaded ? 'at load' : 'by init',
    problems.length === 0 ? 'none' : String(problems.length),
  ];
}
