import { performance } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { blockLoop } from '../support/event-loop.js';
import { liveReaders } from '../support/live-readers.js';
import { accept, neverAnswer, ScriptedPeer, sendText } from '../support/scripted-peer.js';
import { MEDIUM, now, repeat, TIMED_ROUNDS, UNIT } from '../support/times.js';
import { endings } from './support/endings.js';

afterEach(() => expect(liveReaders()).toBe(0));

test.each(Object.values(endings))('a peer that $name does not hold up the event loop', async (ending) => {
  await using peer = await ScriptedPeer.listen([accept(), sendText('first'), ...ending.script]);
  const busy: number[] = [];
  await repeat(TIMED_ROUNDS, async () => {
    const connection = await connect(peer.url, { closeTimeout: ending.closeTimeout });
    await connection.recv();
    const before = performance.eventLoopUtilization();
    await Promise.allSettled([connection.recv(), connection.close()]);
    busy.push(performance.eventLoopUtilization(before).active);
  });
  busy.sort((a, b) => a - b);
  // Now and then a busy machine runs something else, which counts as well.
  expect(busy[0]).toBeLessThan(UNIT / 2);
  expect(busy[Math.floor(busy.length / 2)]).toBeLessThan(MEDIUM / 2);
});

test('a close is forced in time although the event loop does not turn', async () => {
  await using peer = await ScriptedPeer.listen([accept(), neverAnswer()]);
  const connection = await connect(peer.url, { closeTimeout: MEDIUM });
  const start = now();
  const closed = connection.close();
  blockLoop(5 * MEDIUM);
  const { at } = await peer.ended();
  expect(at - start).toBeLessThan(5 * MEDIUM);
  await closed;
});
