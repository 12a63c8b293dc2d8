import { afterEach, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { blockLoop, measureLoopDelay } from '../support/event-loop.js';
import { liveReaders } from '../support/live-readers.js';
import { accept, neverAnswer, ScriptedPeer, sendText } from '../support/scripted-peer.js';
import { MARGIN, MEDIUM, now, repeat, rounds, UNIT } from '../support/times.js';
import { endings } from './support/endings.js';

afterEach(() => expect(liveReaders()).toBe(0));

test.each(Object.values(endings))('a peer that $name does not hold up the event loop', async (ending) => {
  await using peer = await ScriptedPeer.listen([accept(), sendText('first'), ...ending.script]);
  const longest: number[] = [];
  await repeat(Math.max(10, rounds(1)), async () => {
    const connection = await connect(peer.url, { closeTimeout: ending.closeTimeout });
    await connection.recv();
    const loop = measureLoopDelay();
    await Promise.allSettled([connection.recv(), connection.close()]);
    longest.push(loop.stop());
  });
  longest.sort((a, b) => a - b);
  expect(longest[Math.floor(longest.length / 2)]).toBeLessThan(UNIT / 2);
  expect(longest.at(-1)).toBeLessThan(5 * UNIT);
});

test('a close is forced in time although the event loop does not turn', async () => {
  await using peer = await ScriptedPeer.listen([accept(), neverAnswer()]);
  const connection = await connect(peer.url, { closeTimeout: MEDIUM });
  const start = now();
  const closed = connection.close();
  blockLoop(3 * MEDIUM);
  const { at } = await peer.ended();
  expect(at - start).toBeLessThan(MEDIUM + MARGIN);
  await closed;
});
