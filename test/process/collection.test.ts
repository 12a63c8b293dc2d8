import { expect, test } from 'vitest';
import {
  accept,
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
  ['dropped without being closed', [accept(), sendText('x')]],
  ['dropped while its reader pauses in a flood', [accept(), flood(Infinity, { size: 125 })]],
])('a Connection %s is collected, and its thread and its descriptor with it', async (_how, script) => {
  await using peer = await ScriptedPeer.listen(script);
  await using observer = await ScriptedPeer.listen([accept()]);
  const child = runClean('drop-connections.mjs', { args: [peer.url, `${ROUNDS}`, observer.url], flags });
  await Promise.race([child, observer.expectFrame('text')]);
  for (let i = 0; i < ROUNDS; i++) await (await peer.connection(i)).ended();
  await observer.do(sendText('all have ended'));
  expect(await child).toBe('all have ended\n');
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
  ['connect', { script: [], answer: [accept()], got: 'late' }],
  ['recv', late],
  ['recv with a timeout', late],
  ['recvMany', late],
  ['iteration', late],
  ['batches', late],
  ['send', { script: [accept(), stopReading()], answer: [resumeReading()], got: 'undefined' }],
  ['closed', { answer: end, got: 'late' }],
  ['close', { answer: end, got: 'late' }],
])('a Connection that only a pending %s refers to is not collected before that has settled', async (wait, waiting) => {
  await using peer = await ScriptedPeer.listen(waiting.script ?? [accept()]);
  await using observer = await ScriptedPeer.listen([accept()]);
  const child = runClean('wait-unreferenced.mjs', { args: [peer.url, wait, observer.url], flags });
  await Promise.race([child, observer.expectFrame('text')]);
  await peer.do(...waiting.answer);
  expect(await child).toBe(`${waiting.got}\n`);
});

test('a Connection that only a pending ping refers to is not collected before that has settled', async () => {
  await using peer = await ScriptedPeer.listen([accept()]);
  await using observer = await ScriptedPeer.listen([accept()]);
  const child = runClean('wait-unreferenced.mjs', { args: [peer.url, 'ping', observer.url], flags });
  await Promise.race([child, observer.expectFrame('text')]);
  await peer.do(sendPong((await peer.expectFrame('ping')).payload));
  expect(await child).toBe('number\n');
});
