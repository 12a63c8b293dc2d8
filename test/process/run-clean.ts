/** Runs one of the scripts of this folder in a Node process of its own, which has to end by itself and quietly. */

import { expect } from 'vitest';
import { runFile, type ScriptOptions } from '../support/run-script.js';
import { rounds } from '../support/times.js';

/** How often the tests of this folder repeat what may go wrong only sometimes. */
export const ROUNDS = rounds(0.5, 10);

/** Resolves with what the script wrote, when it has exited with `code` and without a signal or a word of complaint. */
export async function runClean(script: string, options: ScriptOptions = {}, code = 0): Promise<string> {
  const { stdout, ...ended } = await runFile(`test/process/scripts/${script}`, options);
  expect(ended, `what ${script} wrote:\n${stdout}${ended.stderr}`).toEqual({
    code,
    signal: null,
    stderr: '',
    timedOut: false,
  });
  return stdout;
}

/** Splits rounds so that each process does a few: enough to be fast, and few enough to meet its deadline. */
export function shares(total: number, size: number): number[] {
  const count = Math.ceil(total / size);
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
}
