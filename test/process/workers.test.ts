import { afterAll, beforeAll, expect, test } from 'vitest';
import { accept, flood, neverAnswer, ScriptedPeer, type Step, stopReading } from '../support/scripted-peer.js';
import { MARGIN, MEDIUM } from '../support/times.js';
import { ROUNDS, runClean, shares } from './run-clean.js';

let flooding: ScriptedPeer;
beforeAll(async () => {
  flooding = await ScriptedPeer.listen([accept(), flood(Infinity, { size: 125 })]);
});
afterAll(() => flooding.stop());

/** Terminates Workers that are at `activities` with connections to a peer, many times over. */
async function terminateWorkers(activities: string[], script: Step[], before = 0): Promise<void> {
  await using peer = await ScriptedPeer.listen(script);
  for (const rounds of shares(ROUNDS, 10)) {
    const task = { rounds, activities, before, url: peer.url, floodUrl: flooding.url, margin: MARGIN };
    expect(await runClean('terminate-workers.mjs', { args: [JSON.stringify(task)] })).toBe('done\n');
  }
}

const silent = [accept(), neverAnswer()];
const endless = [accept(), flood(Infinity, { size: 125 })];

test('Workers are terminated in the middle of a flood', async () => {
  await terminateWorkers(['receiving one by one', 'iterating', 'receiving batches'], endless);
});

test('Workers are terminated while their readers are paused', async () => {
  await terminateWorkers(['receiving nothing', 'receiving nothing'], endless);
});

test('Workers are terminated while connecting', async () => {
  await terminateWorkers(['connecting', 'connecting'], [neverAnswer()]);
});

test('Workers are terminated while closing', async () => {
  await terminateWorkers(['closing', 'terminating'], silent);
});

test('Workers are terminated while a recv or a ping is pending', async () => {
  await terminateWorkers(['waiting in recv', 'waiting in a ping'], silent);
});

test('Workers are terminated while sending to a peer that does not read', async () => {
  await terminateWorkers(['sending', 'sending'], [accept(), stopReading()]);
});

test('a terminated Worker waits for its reader’s last instruction, and for no longer', async () => {
  await terminateWorkers(['receiving batches', 'waiting in recv'], endless, MEDIUM);
});
