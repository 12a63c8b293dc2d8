import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { liveReaders } from '../support/live-readers.js';
import { accept, answerClose, ScriptedPeer } from '../support/scripted-peer.js';
import { MEDIUM } from '../support/times.js';
import { delayReaders } from './support/delays.js';

const delay = 3 * MEDIUM;

afterEach(() => {
  delayReaders({});
  expect(liveReaders()).toBe(0);
});

describe('where the reader takes long to return after it has announced the end', () => {
  test.each([
    ['close() resolves', 'close'],
    ['recv() rejects', 'recv'],
    ['closed resolves', 'closed'],
  ] as const)('no reader is left when %s', async (_, call) => {
    delayReaders({ 'before-return': delay });
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    const connection = await connect(peer.url);
    const calls = { recv: connection.recv(), close: connection.close(), closed: connection.closed };
    expect(await Promise.allSettled([calls[call]]).then(liveReaders)).toBe(0);
    await Promise.allSettled(Object.values(calls));
  });

  test('the event loop waits for it', async () => {
    delayReaders({ 'before-return': delay });
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    const connection = await connect(peer.url);
    const before = performance.eventLoopUtilization();
    await connection.close();
    expect(performance.eventLoopUtilization(before).active).toBeGreaterThan(delay / 2);
  });
});
