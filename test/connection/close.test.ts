import { afterEach, describe, expect, test } from 'vitest';
import {
  BacklogError,
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStream,
  ProtocolError,
  Terminated,
  TimeoutError,
  TransportError,
} from '../../lib/errors.js';
import { setDelays } from '../../lib/native.js';
import { blockLoop } from '../support/event-loop.js';
import { liveReaders } from '../support/live-readers.js';
import { ending, inWords, open, rejection } from '../support/opened.js';
import {
  answerClose,
  delay,
  destroy,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  reset,
  type Script,
  sendClose,
  sendPing,
  sendPong,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep, until } from '../support/times.js';

afterEach(() => setDelays?.({}));

/** How long a promise takes, and what it resolves with. */
async function timed<T>(promise: Promise<T>): Promise<{ value: T; took: number }> {
  const began = now();
  return { value: await promise, took: now() - began };
}

describe('the closing handshake', () => {
  test('sends 1000 and no reason unless told otherwise', async () => {
    const { connection, peer } = await open([answerClose()]);
    await connection.close();
    expect(await peer.frames()).toMatchObject([{ type: 'close', payload: Buffer.from([0x03, 0xe8]) }]);
  });

  test.each([
    [1001, 'bye!'],
    [3000, ''],
    [4999, 'größe 😀'],
    [1011, 'x'.repeat(123)],
    [1000, 'lone \ud800'],
  ])('sends %i and %j', async (code, reason) => {
    const { connection, peer } = await open([answerClose()]);
    const outcome = await connection.close(code, reason);
    const written = Buffer.from(reason).toString();
    expect(await peer.frames()).toMatchObject([{ type: 'close', code, text: written }]);
    expect(outcome).toMatchObject({ code, reason: written, sent: { code, reason: written } });
  });

  test('goes out behind everything sent before', async () => {
    const { connection, peer } = await open([answerClose()]);
    const large = 5 * 1024 * 1024;
    connection.send(Buffer.alloc(large));
    connection.send('last');
    await connection.close();
    expect((await peer.frames()).map(({ type, payload }) => [type, payload.length])).toEqual([
      ['binary', large],
      ['text', 4],
      ['close', 2],
    ]);
  });

  test('waits for the peer’s Close and then for the end of the stream', async () => {
    const { connection, peer } = await open();
    let resolved = false;
    const closed = connection.close().finally(() => {
      resolved = true;
    });
    await peer.expectFrame('close');
    await sleep(SHORT);
    expect([resolved, connection.state]).toEqual([false, 'CLOSING']);
    await peer.do(sendClose(1000));
    await sleep(SHORT);
    expect([resolved, connection.state]).toEqual([false, 'CLOSING']);
    expect([connection.closeCode, connection.closeReason]).toEqual([undefined, undefined]);
    await peer.do(halfClose());
    await closed;
    expect([connection.state, connection.closeCode, connection.closeReason]).toEqual(['CLOSED', 1000, '']);
  });

  test('resolves with the outcome, and the reader has ended', async () => {
    const { connection } = await open([answerClose()]);
    const outcome = await connection.close(1000, 'done');
    expect(liveReaders()).toBe(0);
    expect(outcome).toEqual({
      code: 1000,
      reason: 'done',
      wasClean: true,
      receivedFirst: false,
      sent: { code: 1000, reason: 'done' },
      received: { code: 1000, reason: 'done' },
    });
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe('sent 1000 (OK) done; then received 1000 (OK) done');
    expect(error.cause).toBeUndefined();
    expect(error.outcome).toBe(outcome);
  });

  test('tells the peer’s code and reason where it answers with others', async () => {
    const { connection } = await open([waitForClose(), sendClose(4001, 'no'), halfClose()]);
    const outcome = await connection.close();
    expect(outcome).toMatchObject({ code: 4001, reason: 'no', sent: { code: 1000, reason: '' }, wasClean: true });
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });

  test('is over where the peer closes the TCP connection with a reset after both Close frames', async () => {
    const { connection } = await open([waitForClose(), sendClose(1000), delay(SHORT), reset()]);
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000, received 1000');
    expect(outcome.cause).toBeUndefined();
  });

  test.each([
    ['ends the stream', halfClose(), EndOfStream],
    ['closes the socket', destroy(), EndOfStream],
    ['resets the connection', reset(), TransportError],
    ['sends garbage', sendRaw(Buffer.alloc(99, 0xff)), ProtocolError],
  ])('fails where the peer %s instead of answering', async (_what, step, cause) => {
    const { connection, peer } = await open([waitForClose(), step], { closeTimeout: MEDIUM });
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000');
    expect(outcome).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(outcome.cause).toBeInstanceOf(cause);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
    expect(await peer.frames('close')).toHaveLength(1);
  });
});

describe('closeTimeout', () => {
  test('ends a connection whose peer never answers', async () => {
    const { connection } = await open([], { closeTimeout: MEDIUM });
    const { value: outcome, took } = await timed(connection.close());
    expect(took).toBeGreaterThanOrEqual(MEDIUM - 2);
    expect(took).toBeLessThan(MEDIUM + LONG);
    expect(inWords(outcome)).toBe('sent 1000');
    expect(outcome.cause).toBeInstanceOf(TimeoutError);
    expect(connection.closeCode).toBe(1006);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.message).toBe('sent 1000 (OK); no close frame received');
    expect(error.cause).toBe(outcome.cause);
  });

  test('ends a connection whose peer answers and never ends the stream, and the closure is still the clean one', async () => {
    const closeTimeout = 5 * MEDIUM;
    const { connection } = await open([waitForClose(), delay(4 * MEDIUM), sendClose(1000)], { closeTimeout });
    const { value: outcome, took } = await timed(connection.close());
    expect(took).toBeGreaterThanOrEqual(closeTimeout - 2);
    // What is left of it, not all of it again.
    expect(took).toBeLessThan(closeTimeout + 3 * MEDIUM);
    expect(inWords(outcome)).toBe('sent 1000, received 1000');
    expect(outcome).toMatchObject({ code: 1000, wasClean: true });
    expect(outcome.cause).toBeInstanceOf(TimeoutError);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe('sent 1000 (OK); then received 1000 (OK)');
    expect(error.cause).toBeInstanceOf(TimeoutError);
  });

  test('is not prolonged by a peer that breaks the protocol just before', async () => {
    const { connection } = await open([waitForClose(), delay(8 * MEDIUM), sendRaw('\xff')], { closeTimeout: LONG });
    const { value: outcome, took } = await timed(connection.close());
    expect(outcome.cause).toBeInstanceOf(ProtocolError);
    expect(took).toBeLessThan(LONG + 5 * MEDIUM);
  });

  test('is not prolonged by a peer that goes on sending', async () => {
    const { connection } = await open([waitForClose(), flood(Infinity, { size: 1 })], { closeTimeout: MEDIUM });
    const { value: outcome, took } = await timed(connection.close());
    expect(took).toBeLessThan(MEDIUM + LONG);
    expect(outcome.cause).toBeInstanceOf(TimeoutError);
  });

  test('null waits on', async () => {
    const { connection } = await open([waitForClose(), delay(MEDIUM), sendClose(1000), delay(MEDIUM), halfClose()], {
      closeTimeout: null,
    });
    const { value: outcome, took } = await timed(connection.close());
    expect(took).toBeGreaterThanOrEqual(2 * MEDIUM - 2);
    expect(outcome.cause).toBeUndefined();
  });

  test('bounds a closure that the peer began', async () => {
    const { connection } = await open([sendClose(1000)], { closeTimeout: MEDIUM });
    const { value: error, took } = await timed(ending(connection));
    expect(took).toBeLessThan(MEDIUM + LONG);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.cause).toBeInstanceOf(TimeoutError);
  });
});

describe('closing twice', () => {
  test('at once sends one Close and has one outcome', async () => {
    const { connection, peer } = await open([answerClose()]);
    const outcomes = await Promise.all([connection.close(1000, 'first'), connection.close(4000), connection.closed]);
    expect(new Set(outcomes).size).toBe(1);
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1000, text: 'first' }]);
  });

  test('in sequence does nothing more', async () => {
    const { connection, peer } = await open([answerClose()]);
    const first = await connection.close();
    expect(await connection.close(4000)).toBe(first);
    expect(await connection.terminate()).toBe(first);
    expect(await connection.closed).toBe(first);
    expect(await peer.frames()).toHaveLength(1);
  });

  test('waits as the first does, and recv waits for it too', async () => {
    const { connection, peer } = await open();
    const first = connection.close();
    await peer.expectFrame('close');
    const second = connection.close();
    expect(await rejection(connection.recv({ timeout: SHORT }))).toBeInstanceOf(TimeoutError);
    await peer.do(sendClose(1000), halfClose());
    expect(await second).toBe(await first);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });
});

describe('closing while recv waits', () => {
  test('ends it with ConnectionClosedOK, and the reader is gone by then', async () => {
    const { connection } = await open([answerClose()]);
    const readers = ending(connection).then((error) => ({ error, readers: liveReaders() }));
    const closed = connection.close();
    const { error, readers: left } = await readers;
    expect(left).toBe(0);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe('sent 1000 (OK); then received 1000 (OK)');
    expect(error.cause).toBeUndefined();
    expect(error.outcome).toBe(await closed);
  });

  test('gives it what arrives before the peer’s Close', async () => {
    const { connection } = await open([waitForClose(), sendText('one'), sendText('two'), sendClose(1000), halfClose()]);
    const first = connection.recv();
    const closed = connection.close();
    expect(await first).toBe('one');
    expect(await connection.recv()).toBe('two');
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
    await closed;
  });

  const silences: [string, Script, string][] = [
    ['never answers', [], 'HAWSER_TIMEOUT'],
    ['resets', [waitForClose(), reset()], 'ECONNRESET'],
    ['half-closes', [waitForClose(), halfClose()], 'HAWSER_END_OF_STREAM'],
  ];
  test.each(silences)('ends it with ConnectionClosedError where the peer %s', async (_what, script, code) => {
    const { connection } = await open(script, { closeTimeout: MEDIUM });
    const waiting = ending(connection);
    const closed = connection.close();
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, sent: { code: 1000 }, cause: { code } });
    expect(error.outcome).toBe(await closed);
  });

  test('works from inside a loop', async () => {
    const { connection } = await open([sendText('stop'), answerClose()]);
    const messages = [];
    for await (const message of connection) {
      messages.push(message);
      await connection.close();
    }
    expect(messages).toEqual(['stop']);
  });
});

describe('what arrived before', () => {
  test('stays to be received after close, and then comes the end', async () => {
    const { connection } = await open([waitForClose(), flood(1000), sendClose(1000), halfClose()]);
    await connection.close();
    for (let i = 0; i < 1000; i++) expect(await connection.recv()).toBe(floodPayload(i, 16));
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });

  test('does not keep close from ending in time where the queue is full and the reader paused', async () => {
    const { connection } = await open([flood(20_000, { size: 1000 }), answerClose()], { maxQueue: 10 });
    // The queue is full long before.
    await sleep(MEDIUM);
    const { value: outcome, took } = await timed(connection.close());
    expect(took).toBeLessThan(5 * LONG);
    expect(inWords(outcome)).toBe('sent 1000, received 1000');
    expect(outcome.cause).toBeUndefined();
    for (let i = 0; i < 20_000; i++) expect(await connection.recv()).toBe(floodPayload(i, 1000));
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });

  test('is kept up to a bound while closing; a peer that floods instead of answering is cut off', async () => {
    const { connection } = await open([flood(1_200, { size: 100_000, binary: true })], { closeTimeout: null });
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000');
    expect(outcome.cause).toBeInstanceOf(BacklogError);
    let bytes = 0;
    for (;;) {
      const message = await connection.recv().catch((error) => error);
      if (message instanceof Error) break;
      bytes += message.length;
    }
    expect(bytes).toBeGreaterThan(60 * 1024 * 1024);
    expect(bytes).toBeLessThan(80 * 1024 * 1024);
  });
});

describe('racing with the peer’s Close', () => {
  test('the peer’s was first: it is echoed, and ours is not sent', async () => {
    const { connection, peer } = await open();
    peer.do(delay(SHORT), sendClose(1001, 'mine'), waitForClose(), halfClose());
    // The Close arrives, and is echoed by the reader, while JavaScript can't know.
    blockLoop(MEDIUM);
    expect(connection.state).toBe('OPEN');
    const outcome = await connection.close(4000, 'ours');
    expect(outcome).toMatchObject({
      code: 1001,
      reason: 'mine',
      receivedFirst: true,
      received: { code: 1001, reason: 'mine' },
      sent: { code: 1001, reason: '' },
    });
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1001 }]);
  });

  test('ours was first: both are recorded', async () => {
    setDelays?.({ 'after-close-command': MEDIUM });
    const { connection, peer } = await open();
    const closed = connection.close(4000, 'ours');
    await sleep(SHORT);
    // It waits in the socket while the reader is about to send ours, so the two cross.
    await peer.do(sendClose(4001, 'mine'), waitForClose(), halfClose());
    const outcome = await closed;
    expect(outcome).toMatchObject({
      code: 4001,
      reason: 'mine',
      receivedFirst: false,
      received: { code: 4001, reason: 'mine' },
      sent: { code: 4000, reason: 'ours' },
    });
    expect(outcome.cause).toBeUndefined();
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 4000, text: 'ours' }]);
  });

  test('close after the peer’s Close waits for the end, and has its outcome', async () => {
    const { connection, peer } = await open([sendClose(1000), waitForClose()]);
    await until(() => connection.state === 'CLOSING', LONG, 'the Close');
    const closed = connection.close(4000);
    await peer.do(halfClose());
    expect(await closed).toMatchObject({ code: 1000, receivedFirst: true, sent: { code: 1000 } });
    expect(await peer.frames()).toHaveLength(1);
  });
});

describe('while closing', () => {
  test('pings of the peer are not answered any more', async () => {
    const { connection, peer } = await open([waitForClose(), sendPing('x'), sendClose(1000), halfClose()]);
    await connection.close();
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
  });

  test('a ping that waits for its pong still gets it', async () => {
    const { connection } = await open([waitForClose(), sendPong('mine'), sendClose(), halfClose()]);
    const pinged = connection.ping('mine');
    await connection.close();
    expect(await pinged).toBeGreaterThan(0);
  });

  test('no data frame follows the Close, though many sends are under way', async () => {
    const { connection, peer } = await open([answerClose()]);
    const sends = [];
    for (let i = 0; i < 100; i++) sends.push(connection.send(`${i}`));
    const closed = connection.close();
    for (let i = 0; i < 100; i++) sends.push(connection.send('never').catch(() => {}));
    await Promise.all([closed, ...sends]);
    const frames = await peer.frames();
    expect(frames).toHaveLength(101);
    expect(frames.at(-1)?.type).toBe('close');
  });
});

describe('terminate', () => {
  test('ends at once, without a Close frame', async () => {
    const { connection, peer } = await open();
    const { value: outcome, took } = await timed(connection.terminate());
    expect(liveReaders()).toBe(0);
    expect(took).toBeLessThan(LONG);
    expect(outcome).toMatchObject({ code: 1006, reason: '', wasClean: false, receivedFirst: false });
    expect(inWords(outcome)).toBe('nothing');
    expect(outcome.cause).toBeInstanceOf(Terminated);
    await peer.ended();
    expect(await peer.frames()).toEqual([]);
  });

  test('rejects what waits', async () => {
    const { connection } = await open();
    const [received, pinged] = [ending(connection), rejection(connection.ping())];
    const outcome = await connection.terminate();
    for (const error of [await received, await pinged]) {
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error).toMatchObject({ outcome, cause: outcome.cause });
    }
  });

  test('leaves what arrived to be received', async () => {
    const { connection, peer } = await open([
      together(sendText('one'), sendText('two'), sendPing()),
      expectFrame('pong'),
    ]);
    await peer.finished();
    expect(await connection.recv()).toBe('one');
    await connection.terminate();
    expect(await connection.recv()).toBe('two');
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });

  test('in the middle of close ends that too', async () => {
    const { connection, peer } = await open();
    const closed = connection.close(1000, 'bye');
    await peer.expectFrame('close');
    const { value: outcome, took } = await timed(connection.terminate());
    expect(took).toBeLessThan(LONG);
    expect(await closed).toBe(outcome);
    expect(inWords(outcome)).toBe('sent 1000');
    expect(outcome.cause).toBeInstanceOf(Terminated);
  });

  test('in the turn of the event loop that also closes sends at most the Close', async () => {
    const { connection, peer } = await open();
    const closed = connection.close();
    const outcome = await connection.terminate();
    expect(await closed).toBe(outcome);
    await peer.ended();
    expect((await peer.frames()).filter(({ type }) => type !== 'close')).toEqual([]);
  });

  test('cuts no outcome short: after both Close frames the closure was clean', async () => {
    const { connection } = await open([waitForClose(), together(sendText('with the Close'), sendClose(1000))]);
    const closed = connection.close();
    expect(await connection.recv()).toBe('with the Close');
    const outcome = await connection.terminate();
    expect(await closed).toBe(outcome);
    expect(outcome).toMatchObject({ code: 1000, wasClean: true });
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });
});
