/** Reads the facts of an ELF file, and which symbols one exports, by means of readelf. */

import { outputOf } from './run.mjs';

/** @typedef {import('./facts.mjs').Facts} Facts */

/**
 * @param {string} file
 * @returns {Facts}
 */
export function readElf(file) {
  const text = run(['--dynamic', '--program-headers', file]);
  const flags = [...text.matchAll(/\((?:FLAGS|FLAGS_1)\)\s+(?:Flags: )?(.*)/g)].flatMap((match) =>
    match[1]?.split(' '),
  );
  const stack = /^\s*GNU_STACK\s.*\s(R?W?E?)\s+(?:0x)?[0-9a-f]+$/m.exec(text);
  const hazards = [];
  if (flags.includes('TEXTREL') || text.includes('(TEXTREL)')) hazards.push('text relocations');
  if (stack === null || stack[1]?.includes('E')) hazards.push('an executable stack');
  const symbols = readSymbols(file);
  return {
    libraries: [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1] ?? ''),
    exports: symbols.filter((symbol) => symbol.defined).map((symbol) => symbol.name),
    imports: symbols
      .filter((symbol) => !symbol.defined)
      .map(({ name, version, weak }) => ({ name, weak, ...(version === undefined ? {} : { version }) })),
    boundAtLoad: flags.includes('BIND_NOW') || flags.includes('NOW'),
    neverUnloaded: flags.includes('NODELETE'),
    hazards,
  };
}

/**
 * @param {string} file
 * @returns {string[]}
 */
export function elfExports(file) {
  return readSymbols(file)
    .filter((symbol) => symbol.defined)
    .map((symbol) => symbol.name);
}

/** @param {string} file */
function readSymbols(file) {
  // 12: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND memcpy@GLIBC_2.14 (3)
  const line = /^\s*\d+: [0-9a-f]+\s+\S+ \S+\s+(GLOBAL|WEAK|UNIQUE)\s+\S+\s+(\S+) ([^\s@]+)(?:@+(\S+))?/gm;
  return [...run(['--dyn-syms', file]).matchAll(line)].map(([, binding, section, name = '', version]) => ({
    name,
    version,
    defined: section !== 'UND',
    weak: binding === 'WEAK',
  }));
}

/** @param {string[]} args */
const run = (args) => outputOf('readelf', ['--wide', ...args]);
