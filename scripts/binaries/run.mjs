/** Runs a tool of the system and gives what it writes. */

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
