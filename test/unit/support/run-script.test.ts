import { expect, test } from 'vitest';
import { runScript } from '../../support/run-script.js';
import { SHORT } from '../../support/times.js';

test('gives the exit code and both outputs', async () => {
  const source = 'console.log(process.argv.slice(1)); console.error(process.env.GREETING); process.exitCode = 3;';
  const result = await runScript(source, { args: ['a', '--b'], env: { GREETING: 'hi' } });
  expect(result).toEqual({ code: 3, signal: null, timedOut: false, stdout: "[ 'a', '--b' ]\n", stderr: 'hi\n' });
});

test('kills what hangs', async () => {
  const result = await runScript('setInterval(() => {}, 1000);', { deadline: SHORT });
  expect(result).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: true });
});
