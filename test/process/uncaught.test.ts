import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFile } from '../support/run-script.js';
import { accept, answerPings, ScriptedPeer, sendText } from '../support/scripted-peer.js';
import { runClean } from './run-clean.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), answerPings(), sendText('a message')]);
});
afterAll(() => peer.stop());

test.each([
  ['a recv continuation', 'unhandledRejection'],
  ['a loop', 'unhandledRejection'],
  ['a closed continuation', 'unhandledRejection'],
  ['a ping continuation', 'unhandledRejection'],
  ['a microtask', 'uncaughtException'],
  ['a tick', 'uncaughtException'],
  ['an abort listener', 'uncaughtException'],
])('what is thrown in %s comes out as it is, by %s, and the wake survives', async (place, origin) => {
  const stdout = await runClean('throw-in-callback.mjs', { args: [peer.url, place] });
  expect(stdout).toBe(`${origin}: thrown in ${place}, the real one\na message\n`);
});

test('what nobody catches ends the process with its stack', async () => {
  const args = [peer.url, 'nowhere to be caught'];
  const result = await runFile('test/process/scripts/throw-in-callback.mjs', { args });
  expect(result).toMatchObject({ code: 1, signal: null, timedOut: false });
  expect(result.stderr).toContain('Error: thrown in nowhere to be caught\n    at fail (');
});

test('what is thrown in the function that a wake calls is not swallowed', async () => {
  expect(await runClean('throw-in-dispatch.mjs')).toBe('uncaughtException: thrown in dispatch\n');
});
