import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from '../../support/run-script.js';

const folder = mkdtempSync(path.join(tmpdir(), 'hawser-matrix-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly exit: number;
  readonly log?: string;
  /** The states of its tests; undefined leaves no report. */
  readonly states?: readonly string[];
}

/** What is said of runs of vitest's. */
function report(name: string, ...runs: Run[]): { status: number | null; words: string } {
  const files = runs.map(({ exit, log = '', states }, at) => {
    const file = path.join(folder, `${name}-${at}.json`);
    const assertionResults = states?.map((status) => ({ status, fullName: `is ${status}` }));
    const testResults = [{ name: path.join(root, 'test/a.test.ts'), status: 'passed', assertionResults }];
    if (states) writeFileSync(file, JSON.stringify({ testResults }));
    writeFileSync(file.replace(/json$/, 'log'), log);
    writeFileSync(file.replace(/json$/, 'exit'), `${exit}\n`);
    return file;
  });
  const args = [path.join(root, 'scripts/matrix-report.mjs'), '12', ...files];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status, words: stdout };
}

test('a run in which all tests passed is ok, though some were skipped', () => {
  const { status, words } = report('passed', { exit: 0, states: ['passed', 'pending'] });
  expect(words).toMatch(
    /^ok: Node .*1 passed, 0 failed, 1 skipped, 12 s\n {2}skipped: test\/a\.test\.ts: is pending\n$/,
  );
  expect(status).toBe(0);
});

test('a run that has no such files is ok beside another', () => {
  const none = { exit: 0, log: 'No test files found, exiting with code 0' };
  expect(report('none', { exit: 0, states: ['passed'] }, none).status).toBe(0);
});

test.each([
  ['in which nothing passed', { exit: 0, states: ['pending'] }, 'no test has passed'],
  ['that has no files', { exit: 0, log: 'No test files found' }, 'no test has passed'],
  ['that left no report', { exit: 0 }, 'vitest exited with 0 and has left no report'],
  ['that failed outside of tests', { exit: 1, states: ['passed'] }, 'vitest exited with 1'],
  ['in which a test failed', { exit: 1, states: ['passed', 'failed'] }, 'is failed'],
])('a run %s has failed', (name, run, words) => {
  const said = report(name, run);
  expect(said.words).toMatch(/^FAILED: /);
  expect(said.words).toContain(words);
  expect(said.status).toBe(1);
});
