/** Reads the facts of a Windows DLL, and which symbols an image exports, by means of llvm-readobj. */

import { outputOf } from './run.mjs';

/** @typedef {import('./facts.mjs').Facts} Facts */

/**
 * @param {string} file
 * @returns {Facts}
 */
export function readPe(file) {
  const text = outputOf('llvm-readobj-16', ['--file-headers', '--coff-imports', file]);
  const imports = [...text.matchAll(/^(?:Delay)?Import \{\n {2}Name: (\S+)\n([\s\S]*?)^\}/gm)].map(
    ([, library = '', body]) => ({
      library,
      names: [...(body ?? '').matchAll(/Symbol: (\S+)/g)].map((match) => match[1] ?? ''),
    }),
  );
  return {
    libraries: imports.map(({ library }) => library),
    exports: peExports(file),
    imports: imports.flatMap(({ library, names }) => names.map((name) => ({ name, library }))),
    boundAtLoad: false,
    neverUnloaded: false,
    hazards: ['NX_COMPAT', 'DYNAMIC_BASE']
      .filter((flag) => !text.includes(`IMAGE_DLL_CHARACTERISTICS_${flag}`))
      .map((flag) => `the flag ${flag}, and lacks it`),
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
