import { describe, expect, test } from 'vitest';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK, TimeoutError } from '../../lib/errors.js';
import { blockLoop } from '../support/event-loop.js';
import { open, rejection } from '../support/opened.js';
import {
  answerClose,
  answerPings,
  delay,
  expectFrame,
  flood,
  reset,
  resumeReading,
  sendClose,
  sendFrame,
  sendPing,
  sendPong,
  sendText,
  stopReading,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, sleep, until } from '../support/times.js';

const mebi = 1024 * 1024;

/** What a promise has become after a round trip: undefined while it is pending. */
function peek<T>(promise: Promise<T>): () => T | 'rejected' | undefined {
  let state: T | 'rejected' | undefined;
  promise.then(
    (value) => {
      state = value;
    },
    () => {
      state = 'rejected';
    },
  );
  return () => state;
}

describe('ping', () => {
  test('sends four random bytes unless told otherwise', async () => {
    const { connection, peer } = await open();
    for (let i = 0; i < 8; i++) connection.ping().catch(() => {});
    const payloads = [];
    for (let i = 0; i < 8; i++) payloads.push((await peer.expectFrame('ping')).payload);
    for (const payload of payloads) expect(payload).toHaveLength(4);
    expect(new Set(payloads.map((payload) => payload.toString('hex'))).size).toBe(8);
  });

  test.each([
    ['a string', 'größe', 'größe'],
    ['nothing', '', ''],
    ['a Buffer', Buffer.from('bytes'), 'bytes'],
    ['a view with an offset', new Uint16Array(Uint8Array.from([0, 0, 97, 98, 99, 100]).buffer, 2, 2), 'abcd'],
    ['an ArrayBuffer', Uint8Array.from([97, 98]).buffer, 'ab'],
    ['125 bytes', 'x'.repeat(125), 'x'.repeat(125)],
  ])('sends the payload that it is given: %s', async (_what, payload, text) => {
    const { connection, peer } = await open([answerPings()]);
    await connection.ping(payload);
    expect(await peer.frames()).toMatchObject([{ type: 'ping', text }]);
  });

  test('resolves with the milliseconds until its pong', async () => {
    const { connection } = await open([expectFrame('ping'), delay(MEDIUM), sendPong('mine')]);
    expect(connection.latency).toBe(0);
    const began = now();
    const latency = await connection.ping('mine');
    expect(latency).toBeGreaterThanOrEqual(MEDIUM - 2);
    expect(latency).toBeLessThanOrEqual(now() - began);
    expect(connection.latency).toBe(latency);
  });

  test('measures on the reader, whatever JavaScript is doing', async () => {
    const { connection } = await open([answerPings()]);
    // The first ping has the reader's caches warm.
    await connection.ping();
    const latency = connection.ping();
    await sleep(0);
    blockLoop(5 * MEDIUM);
    expect(await latency).toBeLessThan(4 * MEDIUM);
  });

  test('is not settled by a pong with another payload', async () => {
    const { connection, peer } = await open();
    const state = peek(connection.ping('mine'));
    await peer.expectFrame('ping');
    await peer.do(sendPong('min'), sendPong(''), sendPong('minee'), sendPong('other'), sendText('after them'));
    expect(await connection.recv()).toBe('after them');
    expect(state()).toBeUndefined();
    await peer.do(sendPong('mine'), sendText('after it'));
    expect(await connection.recv()).toBe('after it');
    await until(() => state() !== undefined, LONG, 'the latency');
    expect(state()).toBeGreaterThan(0);
  });

  test('is settled by the pong of a later one', async () => {
    const { connection, peer } = await open();
    const [one, two, three] = [connection.ping('1'), connection.ping('2'), connection.ping('3')];
    const state = peek(three);
    await peer.do(expectFrame('ping'), expectFrame('ping'), expectFrame('ping'), sendPong('2'), sendText('after'));
    expect(await one).toBeGreaterThanOrEqual(await two);
    expect(await connection.recv()).toBe('after');
    expect(state()).toBeUndefined();
    await peer.do(sendPong('3'));
    expect(await three).toBeGreaterThan(0);
  });

  test('is not settled twice by pongs that come twice', async () => {
    const { connection, peer } = await open();
    const first = connection.ping('x');
    await peer.do(expectFrame('ping'), sendPong('x'), sendPong('x'));
    await first;
    const second = peek(connection.ping('y'));
    await peer.do(expectFrame('ping'), sendPong('x'), sendText('after'));
    expect(await connection.recv()).toBe('after');
    expect(second()).toBeUndefined();
  });

  test('with a payload that still waits for its pong is refused, and sends nothing', async () => {
    const { connection, peer } = await open();
    const first = connection.ping('same');
    const error = await rejection(connection.ping(Buffer.from('same')));
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error.message).toBe('already waiting for a pong with the same payload');
    await peer.do(expectFrame('ping'), sendPong('same'));
    await first;
    const again = connection.ping('same');
    await peer.do(expectFrame('ping'), sendPong('same'));
    await again;
    expect(await peer.frames('ping')).toHaveLength(2);
  });

  test('rejects when the connection ends first, with how that was', async () => {
    const { connection, peer } = await open();
    const [one, two] = [rejection(connection.ping()), rejection(connection.ping())];
    await peer.do(expectFrame('ping'), sendClose(1001), waitForClose(), reset());
    for (const error of [await one, await two]) {
      expect(error).toBeInstanceOf(ConnectionClosedOK);
      expect(error).toMatchObject({ closeCode: 1001 });
    }
    const broken = await open();
    const third = rejection(broken.connection.ping());
    await broken.peer.do(expectFrame('ping'), reset());
    expect(await third).toBeInstanceOf(ConnectionClosedError);
    expect(await third).toMatchObject({ cause: { code: 'ECONNRESET' } });
  });
});

describe('pong', () => {
  test('sends an empty pong unless told otherwise', async () => {
    const { connection, peer } = await open();
    await connection.pong();
    expect(await peer.expectFrame()).toMatchObject({ type: 'pong', text: '' });
  });

  test.each([
    ['a string', 'größe'],
    ['bytes', Buffer.from('größe')],
  ])('sends %s', async (_what, payload) => {
    const { connection, peer } = await open();
    await connection.pong(payload);
    expect(await peer.expectFrame()).toMatchObject({ type: 'pong', text: 'größe' });
  });
});

describe('a ping of the peer', () => {
  test('is answered with the same payload, whatever its length', async () => {
    const payloads = Array.from({ length: 126 }, (_, length) => Buffer.alloc(length, length));
    const { peer } = await open(payloads.map((payload) => sendPing(payload)));
    for (const payload of payloads) expect((await peer.expectFrame('pong')).payload).toEqual(payload);
  });

  test('is answered while JavaScript is blocked', async () => {
    const { peer } = await open();
    const count = 8;
    const pings = Array.from({ length: count }, (_, i) => [delay(MEDIUM / 2), sendPing(`${i}`)]).flat();
    const began = now();
    const script = peer.do(...pings);
    blockLoop(count * MEDIUM);
    const ended = now();
    await script;
    const pongs = (await peer.frames('pong')).filter(({ at }) => at > began && at < ended);
    expect(pongs.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
  });

  test('is answered while messages wait that nobody receives', async () => {
    const { peer } = await open([flood(10_000), sendPing('x')]);
    expect((await peer.expectFrame('pong')).text).toBe('x');
  });

  test('is answered between the fragments of a message', async () => {
    const { connection, peer } = await open([
      sendFrame({ opcode: 'text', fin: false, payload: 'a' }),
      sendPing('x'),
      expectFrame('pong'),
      sendFrame({ opcode: 'continuation', payload: 'b' }),
    ]);
    expect(await connection.recv()).toBe('ab');
    expect(await peer.frames('pong')).toHaveLength(1);
  });

  test('is answered between the messages of a long upload, not behind them', async () => {
    const { connection, peer } = await open([stopReading()]);
    const count = 400;
    for (let i = 0; i < count; i++) connection.send(Buffer.alloc(mebi / 8)).catch(() => {});
    await peer.do(sendPing('x'), sendText('behind the ping'));
    expect(await connection.recv()).toBe('behind the ping');
    await peer.do(resumeReading(), expectFrame('pong'));
    const frames = await peer.frames();
    // Only what the kernel or libuv had already may come before it.
    expect(frames.findIndex(({ type }) => type === 'pong')).toBeLessThan(count / 2);
  });

  test('may go unanswered where later ones wait for their answer too; the last is answered', async () => {
    const { connection, peer } = await open([stopReading()]);
    // Enough to fill the kernel's buffers and the reader's queue, so that pongs can't leave.
    connection.send(Buffer.alloc(48 * mebi)).catch(() => {});
    const pings = Array.from({ length: 20_000 }, (_, i) => sendPing(`${i}`));
    await peer.do(together(...pings), sendText('behind the pings'));
    expect(await connection.recv()).toBe('behind the pings');
    await peer.do(resumeReading());
    for (;;) if ((await peer.expectFrame('pong')).text === '19999') break;
    const answered = (await peer.frames('pong')).map(({ text }) => Number(text));
    expect(answered.length).toBeLessThan(20_000);
    expect(answered).toEqual([...answered].sort((a, b) => a - b));
  });

  test('that nobody asked a pong for is no trouble, nor is a pong that no ping asked for', async () => {
    const { connection, peer } = await open([sendPong('unasked'), sendPong(), sendPing()]);
    await peer.expectFrame('pong');
    const [outcome] = await Promise.all([connection.close(), peer.do(answerClose())]);
    expect(outcome).toMatchObject({ code: 1000, wasClean: true });
    expect(connection.latency).toBe(0);
  });
});

test('a ping does not time out unless the keepalive does', async () => {
  const { connection } = await open([], { pingInterval: null });
  const state = peek(connection.ping());
  await rejection(connection.recv({ timeout: MEDIUM })).then((error) => expect(error).toBeInstanceOf(TimeoutError));
  expect(state()).toBeUndefined();
  expect(connection.state).toBe('OPEN');
});
