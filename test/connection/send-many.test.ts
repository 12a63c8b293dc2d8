/** `sendMany()`, end to end. */

import { describe, expect, test } from 'vitest';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import { open, rejection } from '../support/opened.js';
import {
  answerClose,
  echoMessages,
  halfClose,
  reset,
  resumeReading,
  sendClose,
  stopReading,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, sleep } from '../support/times.js';

const mebi = 1024 * 1024;

describe('sendMany', () => {
  test('sends messages in order, each a frame of its own', async () => {
    const { connection, peer } = await open([answerClose()]);
    await connection.sendMany(['text', Buffer.from('binary'), '', new Uint8Array([0x61])]);
    await connection.close();
    expect((await peer.frames()).map(({ type, fin, text }) => [type, fin, text])).toEqual([
      ['text', true, 'text'],
      ['binary', true, 'binary'],
      ['text', true, ''],
      ['binary', true, 'a'],
      ['close', true, ''],
    ]);
  });

  test('sends what a generator makes, however much, in order, and all of it comes back', async () => {
    const count = 50_000;
    const { connection } = await open([echoMessages()]);
    const messages = function* (): Generator<string> {
      for (let i = 0; i < count; i++) yield `message ${i}`;
    };
    const sending = connection.sendMany(messages());
    for (let i = 0; i < count; ) {
      for (const message of await connection.recvMany()) {
        if (message !== `message ${i}`) expect(message).toBe(`message ${i}`);
        i++;
      }
    }
    await sending;
  });

  test('keeps its place among other messages', async () => {
    const { connection, peer } = await open([answerClose()]);
    connection.send('before');
    connection.sendMany(['one', 'x'.repeat(100_000), 'three']);
    connection.send('behind');
    await connection.close();
    expect((await peer.frames('text')).map(({ text }) => text.slice(0, 6))).toEqual([
      'before',
      'one',
      'xxxxxx',
      'three',
      'behind',
    ]);
  });

  test('has sent the messages before one that can’t be sent', async () => {
    const { connection, peer } = await open([answerClose()]);
    const error = await rejection(connection.sendMany(['one', 'two', 3 as never, 'four']));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('cannot send a number');
    expect(await connection.close()).toMatchObject({ code: 1000 });
    expect((await peer.frames('text')).map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('waits where the peer does not read, and goes on when it does', async () => {
    const { connection, peer } = await open([stopReading()]);
    let made = 0;
    const messages = function* (): Generator<Buffer> {
      for (; made < 200; made++) yield Buffer.alloc(mebi / 4, made);
    };
    const sending = connection.sendMany(messages());
    for (let last = -1; made !== last; await sleep(MEDIUM)) last = made;
    // 50 MiB are more than all buffers hold.
    expect(made).toBeLessThan(200);
    await peer.do(resumeReading());
    await sending;
    for (let i = 0; i < 200; i++) expect((await peer.expectFrame()).payload[0]).toBe(i);
  });

  test.each([
    ['a reset', [reset()]],
    ['the peer’s Close', [sendClose(1011)]],
  ])('that waits is rejected at the end by %s', async (_what, script) => {
    const { connection, peer } = await open([stopReading()], { closeTimeout: MEDIUM });
    let made = 0;
    const messages = function* (): Generator<Buffer> {
      for (; ; made++) yield Buffer.alloc(mebi / 4, made);
    };
    const rejected = rejection(connection.sendMany(messages()));
    for (let last = -1; made !== last; await sleep(MEDIUM)) last = made;
    await peer.do(...script);
    expect(await rejected).toBeInstanceOf(ConnectionClosedError);
  });

  test.each(['close', 'terminate'] as const)(
    'that waits is rejected at the end by %s(), and leaves its generator',
    async (name) => {
      const { connection } = await open([stopReading()], { closeTimeout: MEDIUM });
      let made = 0;
      let left = false;
      const messages = function* (): Generator<Buffer> {
        try {
          for (; ; made++) yield Buffer.alloc(mebi / 4, made);
        } finally {
          left = true;
        }
      };
      const rejected = rejection(connection.sendMany(messages()));
      for (let last = -1; made !== last; await sleep(MEDIUM)) last = made;
      const outcome = await connection[name]();
      const error = await rejected;
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error).toMatchObject({ outcome });
      expect(left).toBe(true);
    },
  );

  test('is refused while a message is being sent in fragments, which completes', async () => {
    const { connection, peer } = await open();
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const sending = connection.send(
      (async function* () {
        yield 'one';
        await finished;
        yield 'two';
      })(),
    );
    await peer.expectFrame('text');
    const error = await rejection(connection.sendMany(['between']));
    expect(error).toBeInstanceOf(ConcurrencyError);
    finish();
    await sending;
    await connection.sendMany(['behind']);
    await Promise.all([connection.close(), peer.do(answerClose())]);
    expect((await peer.frames()).map(({ type, fin, text }) => [type, fin, text])).toEqual([
      ['text', false, 'one'],
      ['continuation', false, 'two'],
      ['continuation', true, ''],
      ['text', true, 'behind'],
      ['close', true, ''],
    ]);
  });

  test('that waits keeps a message in fragments from being sent, not a whole one', async () => {
    const { connection, peer } = await open([stopReading()]);
    const many = connection.sendMany(Array.from({ length: 200 }, (_, i) => Buffer.alloc(mebi / 4, i)));
    const error = await rejection(connection.send(['in', 'fragments']));
    expect(error).toBeInstanceOf(ConcurrencyError);
    const whole = connection.send('whole');
    await peer.do(resumeReading());
    await Promise.all([many, whole]);
    await connection.send(['in', 'fragments']);
    for (let count = 0; count < 201; count++) await peer.expectFrame();
    const frames = await peer.frames();
    expect(frames.filter(({ type }) => type === 'binary').map(({ payload }) => payload[0])).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
    expect(frames.filter(({ type }) => type === 'text').map(({ text }) => text)).toContain('whole');
  });

  test('after the end rejects, also without messages', async () => {
    const { connection } = await open([sendClose(1000), waitForClose(), halfClose()], { closeTimeout: LONG });
    await connection.closed;
    expect(await rejection(connection.sendMany(['late']))).toBeInstanceOf(ConnectionClosedOK);
    expect(await rejection(connection.sendMany([]))).toBeInstanceOf(ConnectionClosedOK);
  });
});
