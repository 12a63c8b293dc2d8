/** Streams of a message whose reader has paused, or whose connection is terminated under them. */

import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK, Terminated } from '../../lib/errors.js';
import { ending, open, rejection } from '../support/opened.js';
import { answerClose, flood, floodPayload, sendFrame } from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, until } from '../support/times.js';

const count = 20_000;
const size = 1000;
/** One message of 20 MB, of which the queue holds little. */
const fragments = flood(count, { size, fragmented: true });

describe('close() while a message is streamed and the reader has paused', () => {
  test('reads on up to the peer’s Close, and the stream has all of the message', async () => {
    const { connection } = await open([fragments, answerClose()], { maxQueue: 10, maxMessageSize: null });
    const stream = connection.recvStream();
    expect((await stream.next()).value).toBe(floodPayload(0, size));
    await until(() => connection.stats().queue.highWaterHits > 0, LONG, 'a pause');
    const outcome = await connection.close();
    expect(outcome).toMatchObject({ code: 1000, wasClean: true });
    let next = 1;
    for await (const fragment of stream) {
      if (fragment !== floodPayload(next, size)) expect(fragment).toBe(floodPayload(next, size));
      next++;
    }
    expect(next).toBe(count);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });

  test('ends in closeTimeout where the peer floods on', async () => {
    const endless = flood(Infinity, { size, fragmented: true });
    const options = { maxQueue: 10, maxMessageSize: null, maxFragments: null, closeTimeout: MEDIUM };
    const { connection } = await open([endless], options);
    const stream = connection.recvStream();
    await stream.next();
    await until(() => connection.stats().queue.highWaterHits > 0, LONG, 'a pause');
    const began = now();
    expect(await connection.close()).toMatchObject({ wasClean: false, sent: { code: 1000 } });
    expect(now() - began).toBeLessThan(MEDIUM + LONG);
  });
});

describe('terminate() while a message is streamed', () => {
  test('rejects a stream that waits, and sends no Close', async () => {
    const { connection, peer } = await open([sendFrame({ opcode: 'text', fin: false, payload: 'one' })]);
    const stream = connection.recvStream();
    expect((await stream.next()).value).toBe('one');
    const waiting = rejection(stream.next());
    const outcome = await connection.terminate();
    expect(outcome.cause).toBeInstanceOf(Terminated);
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ outcome });
    await peer.ended();
    expect(await peer.frames()).toEqual([]);
  });

  test('ends at once where the reader has paused', async () => {
    const { connection } = await open([fragments], { maxQueue: 10, maxMessageSize: null });
    const stream = connection.recvStream();
    await stream.next();
    await until(() => connection.stats().queue.highWaterHits > 0, LONG, 'a pause');
    const began = now();
    await connection.terminate();
    expect(now() - began).toBeLessThan(LONG);
    const rest = async (): Promise<void> => {
      for await (const _fragment of stream);
    };
    expect(await rejection(rest())).toBeInstanceOf(ConnectionClosedError);
  });
});
