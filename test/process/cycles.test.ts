import { expect, test } from 'vitest';
import { accept, answerClose, echoMessages, neverAnswer, respond, ScriptedPeer } from '../support/scripted-peer.js';
import { DEADLINE } from '../support/times.js';
import { runClean } from './run-clean.js';

interface Task {
  readonly url: string;
  readonly ending: 'close' | 'terminate' | 'failure';
  readonly warmUp: number;
  readonly cycles: number;
}

/** Bytes: of JavaScript's values, and of all there is in memory. */
const growth = { values: 256 << 10, resident: 5 << 20 };
/** The optimizing compiler and a young generation that grows with the work would take more than what is looked for. */
const flags = ['--expose-gc', '--no-opt', '--max-semi-space-size=1'];

async function staysFlat(task: Task): Promise<void> {
  const args = [JSON.stringify({ ...task, growth })];
  expect(await runClean('cycles.mjs', { args, flags, deadline: 3 * DEADLINE })).toBe('flat\n');
}

test('1,000 connections, closed one by one, leave threads, descriptors and memory flat', async () => {
  await using peer = await ScriptedPeer.listen([accept(), echoMessages(), answerClose()]);
  await staysFlat({ url: peer.url, ending: 'close', warmUp: 200, cycles: 1000 });
});

test('1,000 connections, terminated one by one, leave threads, descriptors and memory flat', async () => {
  await using peer = await ScriptedPeer.listen([accept(), echoMessages()]);
  await staysFlat({ url: peer.url, ending: 'terminate', warmUp: 200, cycles: 1000 });
});

test('300 connections that the server refuses leave threads, descriptors and memory flat', async () => {
  await using peer = await ScriptedPeer.listen([respond({ status: 403, body: 'no' }), neverAnswer()]);
  await staysFlat({ url: peer.url, ending: 'failure', warmUp: 100, cycles: 300 });
});

test('300 connections that nobody accepts leave threads, descriptors and memory flat', async () => {
  const peer = await ScriptedPeer.listen([]);
  await peer.stop();
  await staysFlat({ url: peer.url, ending: 'failure', warmUp: 100, cycles: 300 });
});
