import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK, TimeoutError, TransportError } from '../../lib/errors.js';
import { blockLoop } from '../support/event-loop.js';
import { liveReaders } from '../support/live-readers.js';
import { ending, inWords, open, rejection } from '../support/opened.js';
import {
  answerClose,
  answerPings,
  delay,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  mark,
  reset,
  sendClose,
  sendPong,
  sendText,
  stopReading,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep, until } from '../support/times.js';

/** Often, and patient enough for a slow machine. */
const often = { pingInterval: SHORT, pingTimeout: 5 * LONG };

describe('pings', () => {
  test('are sent at the interval, each with eight ASCII characters of its own', async () => {
    const { connection, peer } = await open([answerPings()], { ...often, pingInterval: MEDIUM });
    const opened = now();
    const pings = [];
    for (let i = 0; i < 4; i++) pings.push(await peer.expectFrame('ping'));
    for (const [i, { at, payload }] of pings.entries()) {
      expect(payload.toString('latin1')).toMatch(/^[a-p]{8}$/);
      expect(at - opened).toBeGreaterThanOrEqual((i + 1) * MEDIUM - SHORT);
    }
    expect(new Set(pings.map(({ payload }) => payload.toString('hex'))).size).toBe(4);
    expect(connection.state).toBe('OPEN');
  });

  test('measure the latency, which is 0 before', async () => {
    const { connection, peer } = await open([expectFrame('ping')], often);
    await peer.finished();
    expect(connection.latency).toBe(0);
    await peer.do(answerPings());
    await until(() => connection.latency > 0, LONG, 'a latency');
    expect(connection.latency).toBeLessThan(LONG);
  });

  test('are not sent where pingInterval is null, whatever pingTimeout is', async () => {
    const { connection, peer } = await open([], { pingInterval: null, pingTimeout: SHORT });
    await sleep(2 * MEDIUM);
    expect(await peer.frames()).toEqual([]);
    expect(connection.state).toBe('OPEN');
    expect(connection.latency).toBe(0);
  });

  test('go on while JavaScript is blocked, and pongs are seen', async () => {
    const { connection, peer } = await open([answerPings()], { pingInterval: SHORT, pingTimeout: 5 * MEDIUM });
    await peer.expectFrame('ping');
    const began = now();
    blockLoop(8 * MEDIUM);
    const ended = now();
    const during = (await peer.frames('ping')).filter(({ at }) => at > began && at < ended);
    // Forty on a machine that has nothing else to do.
    expect(during.length).toBeGreaterThan(5);
    expect(connection.state).toBe('OPEN');
  });

  test('measure the latency also while JavaScript is blocked', async () => {
    const { connection, peer } = await open([answerPings()], { ...often, pingInterval: MEDIUM });
    expect(connection.latency).toBe(0);
    blockLoop(5 * MEDIUM);
    // Not a turn of the event loop later.
    expect(connection.latency).toBeGreaterThan(0);
    expect(connection.latency).toBeLessThan(LONG);
    expect((await peer.frames('ping')).length).toBeGreaterThan(1);
  });

  test('do not get in the way of messages and of pings of the application', async () => {
    const { connection } = await open([answerPings(), flood(10_000), answerClose()], often);
    const latency = connection.ping();
    for (let i = 0; i < 10_000; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, 16)) expect(message).toBe(floodPayload(i, 16));
    }
    expect(await latency).toBeGreaterThan(0);
    expect(await connection.close()).toMatchObject({ code: 1000 });
  });
});

describe('a missing pong', () => {
  test('fails the connection with 1011 after pingTimeout', async () => {
    const { connection, peer } = await open([], { pingInterval: SHORT, pingTimeout: MEDIUM, closeTimeout: SHORT });
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.message).toBe('sent 1011 (internal error) keepalive ping timeout; no close frame received');
    expect(error).toMatchObject({ closeCode: 1006, sent: { code: 1011, reason: 'keepalive ping timeout' } });
    expect(error.cause).toBeInstanceOf(TimeoutError);
    expect((error.cause as Error).message).toBe('keepalive ping timeout');
    expect(connection.state).toBe('CLOSED');
    const [ping] = await peer.frames('ping');
    const [close] = await peer.frames('close');
    expect(close).toMatchObject({ code: 1011, text: 'keepalive ping timeout' });
    expect(close!.at - ping!.at).toBeGreaterThanOrEqual(MEDIUM - 5);
    expect(close!.at - ping!.at).toBeLessThan(MEDIUM + LONG);
  });

  test('is noticed by the reader alone while JavaScript is blocked', async () => {
    const { connection, peer } = await open([], { pingInterval: SHORT, pingTimeout: MEDIUM, closeTimeout: SHORT });
    blockLoop(LONG);
    const ended = now();
    const [close] = await peer.frames('close');
    expect(close!.at).toBeLessThan(ended);
    expect(await ending(connection)).toMatchObject({ sent: { code: 1011 } });
  });

  test('is not made up for by other traffic or by foreign pongs', async () => {
    const chatter = Array.from({ length: 100 }, () => [sendText('x'), sendPong('foreign'), delay(SHORT / 2)]).flat();
    const { connection } = await open(chatter, { pingInterval: SHORT, pingTimeout: MEDIUM, closeTimeout: SHORT });
    expect((await connection.closed).cause).toBeInstanceOf(TimeoutError);
    expect(await connection.recv()).toBe('x');
  });

  test('is ignored where pingTimeout is null, and pings go on', async () => {
    const { connection, peer } = await open([], { pingInterval: SHORT, pingTimeout: null });
    for (let i = 0; i < 10; i++) await peer.expectFrame('ping');
    expect(connection.state).toBe('OPEN');
    expect(connection.latency).toBe(0);
  });

  test('is made up for by the pong of a later ping', async () => {
    const { connection, peer } = await open([], { pingInterval: MEDIUM, pingTimeout: 6 * MEDIUM });
    // Only every third ping is answered.
    for (let i = 0; i < 9; i++) {
      const { payload } = await peer.expectFrame('ping');
      if (i % 3 === 2) await peer.do(sendPong(payload));
    }
    expect(connection.state).toBe('OPEN');
  });

  test('rejects the pings of the application too', async () => {
    const { connection } = await open([], { pingInterval: SHORT, pingTimeout: SHORT, closeTimeout: SHORT });
    expect(await rejection(connection.ping())).toMatchObject({ cause: { message: 'keepalive ping timeout' } });
  });

  test('ends the connection soon where the peer closes its side then', async () => {
    const { connection } = await open([expectFrame('close'), halfClose()], { pingInterval: SHORT, pingTimeout: SHORT });
    const outcome = await connection.closed;
    expect(inWords(outcome)).toBe('sent 1011');
    expect(outcome.cause).toBeInstanceOf(TimeoutError);
  });
});

describe('the end', () => {
  test('comes at once while keepalive sleeps', async () => {
    const { connection } = await open([answerClose()], { pingInterval: 60 * LONG });
    const began = now();
    await connection.close();
    expect(liveReaders()).toBe(0);
    expect(now() - began).toBeLessThan(LONG);
  });

  test('comes at once while keepalive waits for a pong', async () => {
    const script = [expectFrame('ping'), mark('pinged'), answerClose()];
    const { connection, peer } = await open(script, { pingInterval: SHORT, pingTimeout: 60 * LONG });
    await peer.reached('pinged');
    const began = now();
    const outcome = await connection.close();
    expect(liveReaders()).toBe(0);
    expect(now() - began).toBeLessThan(LONG);
    expect(outcome.cause).toBeUndefined();
  });

  test('comes when a ping can’t be written', async () => {
    const { connection } = await open([expectFrame('ping'), reset()], often);
    const outcome = await connection.closed;
    expect(outcome.cause).toBeInstanceOf(TransportError);
    expect(liveReaders()).toBe(0);
  });

  test('is not disturbed by pings: none is sent once the connection closes', async () => {
    const { connection, peer } = await open([expectFrame('ping')], { pingInterval: SHORT, closeTimeout: MEDIUM });
    await peer.finished();
    await connection.close();
    const frames = await peer.frames();
    expect(frames.at(-1)?.type).toBe('close');
    expect(frames.filter(({ type }) => type === 'close')).toHaveLength(1);
  });

  test('is not made worse by a missing pong once a close is under way', async () => {
    const { connection, peer } = await open(
      [expectFrame('ping'), mark('pinged'), expectFrame('close'), delay(8 * MEDIUM), sendClose(), halfClose()],
      { pingInterval: SHORT, pingTimeout: 6 * MEDIUM },
    );
    await peer.reached('pinged');
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000, received 1005');
    expect(outcome.cause).toBeUndefined();
  });
});

describe('behind back pressure', () => {
  test('pongs have time while unread bytes wait', async () => {
    const count = 20_000;
    const { connection, peer } = await open([answerPings(), flood(count, { size: 1000 })], {
      pingInterval: SHORT,
      pingTimeout: 3 * MEDIUM,
      maxQueue: 10,
    });
    // Several times the deadline: pongs stand in line behind the flood that nobody receives.
    await sleep(12 * MEDIUM);
    expect(connection.state).toBe('OPEN');
    for (let i = 0; i < count; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, 1000)) expect(message).toBe(floodPayload(i, 1000));
    }
    await sleep(6 * MEDIUM);
    expect(connection.state).toBe('OPEN');
    expect(await peer.frames('close')).toEqual([]);
  });

  test('the deadline starts again when reading goes on: a peer that has gone silent is found then', async () => {
    const count = 20_000;
    // Answers no ping.
    const { connection, peer } = await open([flood(count, { size: 1000 })], {
      pingInterval: SHORT,
      pingTimeout: 3 * MEDIUM,
      closeTimeout: SHORT,
      maxQueue: 10,
    });
    await sleep(9 * MEDIUM);
    expect(connection.state).toBe('OPEN');
    const resumed = now();
    for (let i = 0; i < count; i++) await connection.recv();
    const received = now();
    const error = await ending(connection);
    expect(error).toMatchObject({ sent: { code: 1011 }, cause: { message: 'keepalive ping timeout' } });
    const [close] = await peer.frames('close');
    expect(close!.at - resumed).toBeGreaterThanOrEqual(3 * MEDIUM - 5);
    expect(close!.at - received).toBeLessThan(3 * MEDIUM + LONG);
  });

  test('a consumer that is slow for long does not lose the connection: each pause gives pongs time', async () => {
    const { connection, peer } = await open([answerPings(), flood(Infinity, { size: 1000 })], {
      pingInterval: SHORT,
      pingTimeout: 3 * MEDIUM,
      maxQueue: { messages: null, bytes: [100_000, 0] },
    });
    // What lies between the two takes several times the deadline to receive.
    for (const end = now() + 15 * MEDIUM; now() < end; ) {
      await connection.recvMany();
      await sleep(5);
    }
    expect(connection.state).toBe('OPEN');
    expect((await peer.frames('ping')).length).toBeGreaterThan(5);
    expect(await peer.frames('close')).toEqual([]);
  });

  test('a peer that is gone is still found: without unread bytes the deadline counts', async () => {
    const { connection } = await open([flood(11), stopReading()], {
      pingInterval: SHORT,
      pingTimeout: MEDIUM,
      closeTimeout: MEDIUM,
      maxQueue: 10,
    });
    const began = now();
    const outcome = await connection.closed;
    expect(now() - began).toBeLessThan(2 * MEDIUM + 2 * LONG);
    expect(outcome.cause).toBeInstanceOf(TimeoutError);
    expect(outcome.sent).toMatchObject({ code: 1011 });
    for (let i = 0; i < 11; i++) expect(await connection.recv()).toBe(floodPayload(i, 16));
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });
});

test('unless told otherwise, an open connection is quiet for seconds', async () => {
  const { connection, peer } = await open([answerClose()]);
  await sleep(MEDIUM);
  expect(await peer.frames()).toEqual([]);
  await connection.close();
  expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
});
