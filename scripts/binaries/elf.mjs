/** Reads the facts of an ELF file, and which symbols one exports, by means of readelf. */

import { machineOf, outputOf, understood } from './run.mjs';

/** @typedef {import('./facts.mjs').Facts} Facts */

/**
 * @param {string} file
 * @returns {Facts}
 */
export function readElf(file) {
  const text = run(['--file-header', '--dynamic', '--program-headers', '--version-info', file]);
  const flags = [...text.matchAll(/\((?:FLAGS|FLAGS_1)\)\s+(?:Flags: )?(.*)/g)].flatMap((match) =>
    match[1]?.split(' '),
  );
  const stack = /^\s*GNU_STACK\s.*\s(R?W?E?)\s+(?:0x)?[0-9a-f]+$/m.exec(text);
  const hazards = [];
  if (flags.includes('TEXTREL') || text.includes('(TEXTREL)')) hazards.push('text relocations');
  if (stack === null || stack[1]?.includes('E')) hazards.push('an executable stack');
  if (/^\s*LOAD\s.*\sRWE\s/m.test(text)) hazards.push('code that is writable');
  if (/\((RPATH|RUNPATH)\)/.test(text)) hazards.push('folders of its own to look for libraries in');
  const symbols = readSymbols(file);
  return {
    machine: machineOf(/^\s*Machine:\s+(.*)$/m.exec(text)?.[1]),
    libraries: [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1] ?? ''),
    lateLibraries: [],
    versions: [...text.matchAll(/^\s*0x[0-9a-f]+:\s+Name: (\S+)\s+Flags:/gm)].map((match) => match[1] ?? ''),
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
  const meant = /^\s*\d+: (?!.*\sLOCAL\s).*$/gm;
  return understood(run(['--dyn-syms', file]), meant, line).map(([, binding, section, name = '', version]) => ({
    name,
    version,
    defined: section !== 'UND',
    weak: binding === 'WEAK',
  }));
}

/** @param {string[]} args */
const run = (args) => outputOf('readelf', ['--wide', ...args]);
