/** Reads the facts of a Windows DLL, and which symbols an image exports, by means of llvm-readobj. */

import { machineOf, outputOf } from './run.mjs';

/** @typedef {import('./facts.mjs').Facts} Facts */

/**
 * @param {string} file
 * @returns {Facts}
 */
export function readPe(file) {
  const text = outputOf('llvm-readobj-16', ['--file-headers', '--sections', '--coff-imports', file]);
  const imports = [...text.matchAll(/^(Delay)?Import \{\n {2}Name: (\S+)\n([\s\S]*?)^\}/gm)].map(
    ([, late, library = '', body]) => ({
      library,
      late: late !== undefined,
      names: [...(body ?? '').matchAll(/Symbol: (\S+)/g)].map((match) => match[1] ?? ''),
    }),
  );
  const named = imports.flatMap(({ names }) => names).length;
  const expected = text.match(/Symbol: /g)?.length ?? 0;
  if (named !== expected) throw new Error(`${named} imports are understood; expected ${expected} of ${file}`);
  const sections = text.split(/^ {2}Section \{$/m).slice(1);
  const writable = sections.some((section) => section.includes('MEM_EXECUTE') && section.includes('MEM_WRITE'));
  return {
    machine: machineOf(/^Arch: (.*)$/m.exec(text)?.[1]),
    libraries: imports.map(({ library }) => library),
    lateLibraries: imports.filter(({ late }) => late).map(({ library }) => library),
    versions: [],
    exports: peExports(file),
    imports: imports.flatMap(({ library, names }) => names.map((name) => ({ name, library }))),
    boundAtLoad: false,
    neverUnloaded: false,
    hazards: [
      ...(writable ? ['code that is writable'] : []),
      ...['NX_COMPAT', 'DYNAMIC_BASE']
        .filter((flag) => !text.includes(`IMAGE_DLL_CHARACTERISTICS_${flag}`))
        .map((flag) => `the flag ${flag}, and lacks it`),
    ],
  };
}

/**
 * @param {string} file
 * @returns {string[]}
 */
export function peExports(file) {
  const text = outputOf('llvm-readobj-16', ['--coff-exports', file]);
  return [...text.matchAll(/^ {2}Name: (\S+)$/gm)].map((match) => match[1] ?? '');
}
