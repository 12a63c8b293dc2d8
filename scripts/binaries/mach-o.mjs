/** Reads the facts of a Mach-O file, and which symbols one exports, by means of LLVM's tools. */

import { machineOf, outputOf, understood } from './run.mjs';

/** @typedef {import('./facts.mjs').Facts} Facts */

/**
 * @param {string} file
 * @returns {Facts}
 */
export function readMachO(file) {
  const head = outputOf('llvm-objdump-16', ['--macho', '--private-headers', file]);
  const flags = /^\s*MH_MAGIC_64\s.*$/m.exec(head)?.[0] ?? '';
  return {
    machine: machineOf(flags),
    oldestSystem: /^\s*minos (\S+)$/m.exec(head)?.[1] ?? 'any',
    libraries: [...head.matchAll(/cmd LC_(?:LOAD|LOAD_WEAK|REEXPORT)_DYLIB\n.*\n\s+name (\S+)/g)].map(
      (m) => m[1] ?? '',
    ),
    lateLibraries: [],
    versions: [],
    exports: machOExports(file),
    imports: readImports(file),
    boundAtLoad: !head.includes('lazy_bind_size') || /lazy_bind_size 0$/m.test(head),
    neverUnloaded: false,
    hazards: [
      ...(flags.includes('NO_HEAP_EXECUTION') || !flags.includes('ALLOW_STACK_EXECUTION')
        ? []
        : ['an executable stack']),
      ...(/(max|init)prot \S*w\S*x/.test(head) ? ['code that is writable'] : []),
      ...(head.includes('LC_RPATH') ? ['folders of its own to look for libraries in'] : []),
      ...(head.includes('LC_CODE_SIGNATURE') ? [] : ['a signature, and has none']),
    ],
  };
}

/**
 * @param {string} file
 * @returns {string[]}
 */
export function machOExports(file) {
  const text = outputOf('llvm-nm-16', ['--extern-only', '--defined-only', '--format=just-symbols', file]);
  return text.split('\n').filter(Boolean).map(withoutUnderscore);
}

/** @param {string} file */
function readImports(file) {
  // (undefined) external _malloc (from libSystem)
  const line = /^\s*\(undefined\) (weak )?external (\S+) \((?:from (\S+)|dynamically looked up)\)/gm;
  return understood(outputOf('llvm-nm-16', ['-m', '--undefined-only', file]), /^.*\S.*$/gm, line).map(
    ([, weak, name = '', library]) => ({
      name: withoutUnderscore(name),
      weak: weak !== undefined,
      ...(library === undefined ? {} : { library }),
    }),
  );
}

/** @param {string} name */
const withoutUnderscore = (name) => name.replace(/^_/, '');
