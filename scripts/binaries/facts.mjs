/** What can be read from a binary about what it needs and shows, in whatever form it is. Judges nothing. */

import { readElf } from './elf.mjs';

/**
 * @typedef {object} Import a symbol that something else has to bring
 * @property {string} name
 * @property {string} [version] the version that it has to have, as in `GLIBC_2.14`
 * @property {string} [library] where it is looked for, if that is written down
 * @property {boolean} [weak] it may be missing
 */

/**
 * @typedef {object} Facts
 * @property {string[]} libraries
 * @property {string[]} exports
 * @property {Import[]} imports
 * @property {boolean} boundAtLoad what is missing is found out when it is loaded
 * @property {boolean} neverUnloaded
 * @property {string[]} hazards what would need writable code or an executable stack
 */

/**
 * @param {string} file
 * @param {'elf' | 'mach-o' | 'pe'} format
 * @returns {Facts}
 */
export function readFacts(file, format) {
  return { elf: readElf }[format](file);
}
