import { expect, test } from 'vitest';
import {
  accept,
  echoMessages,
  flood,
  halfClose,
  resumeReading,
  ScriptedPeer,
  type Step,
  sendClose,
  sendPong,
  sendText,
  stopReading,
  waitForClose,
} from '../support/scripted-peer.js';
import { ROUNDS, runClean } from './run-clean.js';

const flags = ['--expose-gc'];

test.each([
  ['dropped without being closed', [accept(), echoMessages()]],
  ['dropped with its reader paused by a flood', [accept(), flood(Infinity, { size: 125 })]],
])('a Connection %s is collected, and its thread and its descriptor with it', async (_, script) => {
  const count = Math.ceil(ROUNDS / 10) * 10;
  const laterScripts = Array.from({ length: count }, () => script);
  // Dropping is what ends them: behind them all comes the one that asks.
  await using peer = await ScriptedPeer.listen(script, { laterScripts: [...laterScripts] });
  expect(count).toBe(1);
  void sendText;
  void peer;
});

interface Waiting {
  readonly script?: readonly Step[];
  /** What the peer does once garbage was collected. */
  readonly answer: readonly Step[];
  readonly got: string;
}

const late: Waiting = { answer: [sendText('late')], got: 'late' };
const end = [sendClose(1000, 'late'), waitForClose(), halfClose()];
test.each<[string, Waiting]>([
  ['recv', late],
  ['recv with a timeout', late],
  ['recvMany', late],
  ['iteration', late],
  ['batches', late],
  ['send', { script: [accept(), stopReading()], answer: [resumeReading()], got: 'undefined' }],
  ['closed', { answer: end, got: 'late' }],
  ['close', { answer: end, got: 'late' }],
])('a Connection that only a pending %s knows is not collected before that has settled', async (wait, waiting) => {
  await using peer = await ScriptedPeer.listen(waiting.script ?? [accept()], { laterScripts: [[accept()]] });
  const child = runClean('wait-unreferenced.mjs', { args: [peer.url, wait], flags });
  const [waits, other] = [await peer.connection(0), await peer.connection(1)];
  await other.expectFrame('text');
  await waits.do(...waiting.answer);
  expect(await child).toBe(`${waiting.got}\n`);
});

test('a Connection that only a pending ping knows is not collected before that has settled', async () => {
  await using peer = await ScriptedPeer.listen([accept()]);
  const child = runClean('wait-unreferenced.mjs', { args: [peer.url, 'ping'], flags });
  const [waits, other] = [await peer.connection(0), await peer.connection(1)];
  await other.expectFrame('text');
  await waits.do(sendPong((await waits.expectFrame('ping')).payload));
  expect(await child).toBe('number\n');
});
