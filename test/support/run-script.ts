/** Runs a script in a Node process of its own, for tests of endings that would take the test down with them. */

import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { DEADLINE } from './times.js';

export interface ScriptResult {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it had to be killed at the deadline. */
  readonly timedOut: boolean;
}

export interface ScriptOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node itself. */
  readonly flags?: readonly string[];
  /** Milliseconds. */
  readonly deadline?: number;
}

export const root = path.join(__dirname, '../..');

/** Runs the source of an ES module; `import 'hawser'` finds the built package, arguments start at `process.argv[1]`. */
export function runScript(source: string, options: ScriptOptions = {}): Promise<ScriptResult> {
  return runNode(['--input-type=module', '--eval', source, '--'], options);
}

/** Runs a file, named from the project's root. */
export function runFile(file: string, options: ScriptOptions = {}): Promise<ScriptResult> {
  return runNode([path.join(root, file)], options);
}

function runNode(script: readonly string[], options: ScriptOptions): Promise<ScriptResult> {
  const { args = [], env = {}, flags = [], deadline = DEADLINE } = options;
  const child = spawn(process.execPath, [...flags, ...script, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, deadline);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, timedOut, ...output });
    });
  });
}
