/** Runs a tool of the system, and reads what it writes: what is not understood is an error and not nothing. */

import { execFileSync } from 'node:child_process';

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {string}
 */
export function outputOf(program, args) {
  // These tools translate their words, and list hundreds of thousands of symbols.
  const env = { ...process.env, LC_ALL: 'C' };
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28, env });
}

/**
 * Those lines of a tool's that are meant, each understood.
 *
 * @param {string} text
 * @param {RegExp} meant global
 * @param {RegExp} form global
 * @returns {RegExpMatchArray[]}
 */
export function understood(text, meant, form) {
  const expected = text.match(meant)?.length ?? 0;
  const found = [...text.matchAll(form)];
  if (found.length === expected) return found;
  throw new Error(
    `${found.length} lines with a symbol are understood; expected ${expected}, as in\n${text.slice(0, 1000)}`,
  );
}

/**
 * @param {string | undefined} words a tool's name of a processor
 * @returns {string} as in a target's name
 */
export function machineOf(words = '') {
  if (/x86[-_]64/i.test(words)) return 'x64';
  return /aarch64|arm64/i.test(words) ? 'arm64' : words;
}
