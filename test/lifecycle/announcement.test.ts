import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { encodeText } from '../support/frames.js';
import { noReadersLeft } from '../support/live-readers.js';
import { accept, answerClose, halfClose, ScriptedPeer, sendRaw, together } from '../support/scripted-peer.js';
import { MEDIUM } from '../support/times.js';
import { delayReaders } from './support/delays.js';

const delay = 3 * MEDIUM;

/** So big that what is missing of it is read as one with the end of the stream behind it. */
const bigMessage = 'x'.repeat(40_000);
const bigFrame = encodeText(bigMessage);
const begun = 1000;

describe('where the reader takes long to announce the end', () => {
  beforeEach(() => delayReaders({ 'before-announce': delay }));
  afterEach(async () => {
    delayReaders({});
    // That what has settled has joined its reader is for join.test.ts and the promises' tests to see: these pass without it.
    await noReadersLeft();
  });

  test('the event loop turns until it is announced', async () => {
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    const connection = await connect(peer.url);
    const before = performance.eventLoopUtilization();
    await connection.close();
    const { active, idle } = performance.eventLoopUtilization(before);
    expect(active).toBeLessThan(delay / 2);
    expect(active + idle).toBeGreaterThan(delay - 1);
  });

  test('a message that comes in the same turn of its loop as the end is received before', async () => {
    delayReaders({ 'after-close-command': delay, 'before-announce': delay });
    await using peer = await ScriptedPeer.listen([together(accept(), sendRaw(bigFrame.subarray(0, begun)))]);
    const connection = await connect(peer.url);
    const received = connection.recv();
    const closed = connection.close();
    // The reader is delayed: it will find both at once.
    await peer.do(sendRaw(bigFrame.subarray(begun)), halfClose());
    expect(await received).toBe(bigMessage);
    expect(connection.state).toBe('CLOSING');
    expect(await closed).toMatchObject({ code: 1006, cause: { code: 'HAWSER_END_OF_STREAM' } });
  });

  test('the socket is closed before it is announced', async () => {
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    const connection = await connect(peer.url);
    const closed = connection.close();
    await peer.ended();
    expect(connection.state).toBe('CLOSING');
    await closed;
  });

  test('the outcome is complete when it is announced', async () => {
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    const connection = await connect(peer.url);
    expect(await connection.close(1000, 'done')).toMatchObject({
      received: { code: 1000, reason: 'done' },
      sent: { code: 1000, reason: 'done' },
    });
  });
});
