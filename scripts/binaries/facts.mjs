/** What can be read from a binary about what it needs and shows, in whatever form it is. Judges nothing. */

import { elfExports, readElf } from './elf.mjs';
import { machOExports, readMachO } from './mach-o.mjs';
import { peExports, readPe } from './pe.mjs';

/** @typedef {import('./targets.mjs').Target['format']} Format */

/**
 * @typedef {object} Import a symbol that something else has to bring
 * @property {string} name
 * @property {string} [version] the version that it has to have, as in `GLIBC_2.14`
 * @property {string} [library] where it is looked for, if that is written down
 * @property {boolean} [weak] it may be missing
 */

/**
 * @typedef {object} Facts
 * @property {string} machine as in a target's name
 * @property {string} [oldestSystem] the oldest version of the system that it may be loaded on, if that is written down
 * @property {string[]} libraries
 * @property {string[]} lateLibraries of these, those that are looked for when something of theirs is first called
 * @property {string[]} versions what its libraries have to have, whether or not a symbol says so, as in `GLIBC_2.14`
 * @property {string[]} exports
 * @property {Import[]} imports
 * @property {boolean} boundAtLoad what is missing is found out when it is loaded
 * @property {boolean} neverUnloaded by the file's own word
 * @property {string[]} hazards what the system may refuse: writable code, an executable stack, no signature
 */

/**
 * @param {string} file
 * @param {Format} format
 * @returns {Facts}
 */
export function readFacts(file, format) {
  return { elf: readElf, 'mach-o': readMachO, pe: readPe }[format](file);
}

/**
 * @param {string} file
 * @param {Format} format
 * @returns {string[]}
 */
export function exportsOf(file, format) {
  return { elf: elfExports, 'mach-o': machOExports, pe: peExports }[format](file);
}
