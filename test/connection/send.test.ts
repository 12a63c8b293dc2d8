import { describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import {
  ConnectionClosedError,
  ConnectionClosedOK,
  Terminated,
  TimeoutError,
  TransportError,
} from '../../lib/errors.js';
import { open, rejection } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
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
import { LONG, MEDIUM, now, SHORT, sleep, until } from '../support/times.js';

const mebi = 1024 * 1024;
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

/** Whether a promise settles within some milliseconds. */
function settles(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, sleep(milliseconds).then(() => false)]);
}

/** Sends to a peer that does not read until a send has to wait; that send, in an object lest it is awaited. */
async function sendUntilOneWaits(connection: Connection): Promise<{ readonly waiting: Promise<void>; sent: number }> {
  // No more than a machine can bear where none ever waits.
  for (let sent = 1; sent <= 200; sent++) {
    const waiting = connection.send(Buffer.alloc(mebi / 4, sent));
    if (!(await settles(waiting, MEDIUM))) return { waiting, sent };
  }
  return expect.unreachable('50 MiB were sent, and no send waited');
}

describe('messages', () => {
  test('a string is a text message', async () => {
    const { connection, peer } = await open();
    await connection.send('größe 😀');
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', fin: true, rsv: 0, text: 'größe 😀' });
  });

  test('bytes are a binary message', async () => {
    const { connection, peer } = await open();
    await connection.send(everyByte);
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', fin: true, rsv: 0, payload: everyByte });
  });

  test('text: false sends a string as binary', async () => {
    const { connection, peer } = await open();
    await connection.send('größe', { text: false });
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', text: 'größe' });
  });

  test('text: true sends bytes as text', async () => {
    const { connection, peer } = await open();
    await connection.send(Buffer.from('größe'), { text: true });
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: 'größe' });
  });

  test.each([
    ['text', ''],
    ['binary', new Uint8Array()],
    ['binary', new ArrayBuffer(0)],
  ] as const)('an empty %s message is sent', async (type, data) => {
    const { connection, peer } = await open();
    await connection.send(data);
    expect(await peer.expectFrame()).toMatchObject({ type, fin: true, text: '' });
  });

  const memory = Uint8Array.from([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0]).buffer;
  const shared = new SharedArrayBuffer(14);
  new Uint8Array(shared).set(new Uint8Array(memory));
  test.each([
    ['a Uint8Array with an offset', new Uint8Array(memory, 2, 10)],
    ['a Uint16Array with an offset', new Uint16Array(memory, 2, 5)],
    ['a DataView with an offset', new DataView(memory, 2, 10)],
    ['a Buffer’s part', Buffer.from(memory).subarray(2, 12)],
    ['an ArrayBuffer', memory.slice(2, 12)],
    ['a view of shared memory', new Uint8Array(shared, 2, 10)],
    ['a DataView of shared memory', new DataView(shared, 2, 10)],
  ])('%s is sent as the bytes it shows', async (_what, data) => {
    const { connection, peer } = await open();
    await connection.send(data);
    expect(await peer.expectFrame()).toMatchObject({
      type: 'binary',
      payload: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    });
  });

  test('a SharedArrayBuffer is sent whole', async () => {
    const { connection, peer } = await open();
    await connection.send(shared);
    expect((await peer.expectFrame()).payload).toEqual(Buffer.from(memory));
  });

  test.each([0, 1, 125, 126, 127, 16_383, 16_384, 16_385, 65_535, 65_536, 3 * mebi])(
    'messages of %i bytes arrive as they were sent, and come back',
    async (size) => {
      const { connection, peer } = await open([echoMessages()]);
      const bytes = Buffer.alloc(size, everyByte);
      const ascii = 'x'.repeat(size);
      const text = 'é'.repeat(size / 2);
      for (const data of [bytes, ascii, text]) {
        await connection.send(data);
        const frame = await peer.expectFrame();
        expect(frame.type).toBe(typeof data === 'string' ? 'text' : 'binary');
        expect(frame.payload.equals(Buffer.from(data as string))).toBe(true);
      }
      expect(bytes.equals((await connection.recv()) as Buffer)).toBe(true);
      expect((await connection.recv()) === ascii).toBe(true);
      expect((await connection.recv()) === text).toBe(true);
    },
  );

  test('lone surrogates are sent as U+FFFD, in short and in long strings', async () => {
    const { connection, peer } = await open();
    const long = 'x'.repeat(50_000);
    await connection.send('a\ud800b\udc00c😀');
    await connection.send(`${long}\udfff${long}\ud800`);
    await connection.send('\ud800', { text: false });
    expect((await peer.expectFrame()).text).toBe('a\ufffdb\ufffdc😀');
    expect((await peer.expectFrame()).text).toBe(`${long}\ufffd${long}\ufffd`);
    expect((await peer.expectFrame()).text).toBe('\ufffd');
  });

  test('every frame has a masking key of its own', async () => {
    const { connection, peer } = await open([answerClose()]);
    for (let i = 0; i < 200; i++) connection.send('same');
    await connection.send(Buffer.alloc(100_000));
    await connection.close();
    const keys = (await peer.frames()).map(({ maskingKey }) => maskingKey.toString('hex'));
    expect(new Set(keys).size).toBe(202);
  });
});

describe('order', () => {
  test('whatever sizes a turn sends, all arrive as they were, in order', async () => {
    const { connection, peer } = await open([answerClose()]);
    const random = randomNumbers(1);
    const messages: (string | Buffer)[] = [];
    for (let turn = 0; turn < 40; turn++) {
      for (let i = random(20); i >= 0; i--) {
        const size = random(10) === 0 ? random(200_000) : random(300);
        const data = [() => 'a'.repeat(size), () => 'é😀'.repeat(size / 3), () => Buffer.alloc(size, everyByte)][
          random(3)
        ]!();
        messages.push(data);
        connection.send(data);
      }
      await sleep(0);
    }
    await connection.close();
    const frames = await peer.frames();
    expect(frames).toHaveLength(messages.length + 1);
    for (const [i, data] of messages.entries()) {
      expect(frames[i]?.type).toBe(typeof data === 'string' ? 'text' : 'binary');
      expect(frames[i]?.payload.equals(Buffer.from(data as string))).toBe(true);
    }
  });

  test('what one turn sends goes out in that order, whatever it is', async () => {
    const { connection, peer } = await open([answerClose()]);
    connection.send('one');
    connection.send(Buffer.alloc(mebi));
    connection.ping('ping').catch(() => {});
    connection.send('two');
    connection.send('x'.repeat(mebi));
    connection.pong('pong');
    connection.send('three', { text: false });
    await connection.close();
    const frames = await peer.frames();
    expect(frames.map(({ type, payload }) => `${type} ${payload.length}`)).toEqual([
      'text 3',
      `binary ${mebi}`,
      'ping 4',
      'text 3',
      `text ${mebi}`,
      'pong 4',
      'binary 5',
      'close 2',
    ]);
  });

  test('thousands of messages of one turn arrive, in order', async () => {
    const { connection, peer } = await open([answerClose()]);
    const count = 20_000;
    for (let i = 0; i < count; i++) connection.send(`message ${i}`);
    await connection.close();
    const frames = await peer.frames('text');
    expect(frames).toHaveLength(count);
    expect(frames.findIndex(({ text }, i) => text !== `message ${i}`)).toBe(-1);
  });

  test('connections that take turns do not mix their messages', async () => {
    const [a, b] = [await open([answerClose()]), await open([answerClose()])];
    for (let i = 0; i < 500; i++) {
      a.connection.send(`a ${i}`);
      b.connection.send(`b ${i}`);
    }
    await Promise.all([a.connection.close(), b.connection.close()]);
    expect((await a.peer.frames('text')).map(({ text }) => text)).toEqual(
      Array.from({ length: 500 }, (_, i) => `a ${i}`),
    );
    expect((await b.peer.frames('text')).map(({ text }) => text)).toEqual(
      Array.from({ length: 500 }, (_, i) => `b ${i}`),
    );
  });
});

describe('the sender’s memory', () => {
  test.each([
    ['a small message', 100],
    ['a large message', mebi],
  ])('%s may be changed when the call has returned', async (_what, size) => {
    const { connection, peer } = await open();
    const bytes = Buffer.alloc(size, 'a');
    connection.send(bytes);
    bytes.fill('b');
    const frame = await peer.expectFrame();
    expect(frame.payload.equals(Buffer.alloc(size, 'a'))).toBe(true);
  });

  test.each([100, mebi])('%i bytes of shared memory may be changed when the call has returned', async (size) => {
    const { connection, peer } = await open();
    const bytes = new Uint8Array(new SharedArrayBuffer(size)).fill(1);
    connection.send(bytes);
    bytes.fill(2);
    expect((await peer.expectFrame()).payload.every((byte) => byte === 1)).toBe(true);
  });

  test('what is sent does not change with masking', async () => {
    const { connection, peer } = await open();
    const bytes = Buffer.alloc(mebi, everyByte);
    const copy = Buffer.from(bytes);
    await connection.send(bytes);
    await peer.expectFrame();
    expect(bytes.equals(copy)).toBe(true);
  });

  test('transfer: true takes a large message’s memory away from the sender', async () => {
    const { connection, peer } = await open();
    const bytes = new Uint8Array(mebi).fill(7);
    await connection.send(bytes.subarray(100), { transfer: true });
    expect(bytes.byteLength).toBe(0);
    const { payload } = await peer.expectFrame();
    expect(payload).toHaveLength(mebi - 100);
    expect(payload.every((byte) => byte === 7)).toBe(true);
  });

  test('transfer: true copies shared memory', async () => {
    const { connection, peer } = await open();
    const bytes = new Uint8Array(new SharedArrayBuffer(mebi)).fill(7);
    await connection.send(bytes, { transfer: true });
    bytes.fill(8);
    expect((await peer.expectFrame()).payload.every((byte) => byte === 7)).toBe(true);
  });
});

describe('a peer that does not read', () => {
  test('makes send wait above the write limit, until it reads again', async () => {
    const { connection, peer } = await open([stopReading()]);
    const { waiting, sent } = await sendUntilOneWaits(connection);
    expect(connection.bufferedAmount).toBeGreaterThan(mebi / 4);
    const another = connection.send('another');
    expect(await settles(another, SHORT)).toBe(false);
    await peer.do(resumeReading());
    await Promise.all([waiting, another]);
    await until(() => connection.bufferedAmount === 0, LONG, 'all to be written');
    for (let i = 1; i <= sent; i++) {
      expect((await peer.expectFrame()).payload.equals(Buffer.alloc(mebi / 4, i))).toBe(true);
    }
    expect((await peer.expectFrame()).text).toBe('another');
  });

  test('makes send wait at a mark that the application chooses', async () => {
    const { connection, peer } = await open([stopReading()], { writeLimit: [8 * mebi, 2 * mebi] });
    const { waiting } = await sendUntilOneWaits(connection);
    expect(connection.bufferedAmount).toBeGreaterThan(2 * mebi);
    await peer.do(resumeReading());
    await waiting;
    expect(connection.bufferedAmount).toBeLessThanOrEqual(2 * mebi);
  });

  test('does not keep a reset from rejecting the sends that wait', async () => {
    const { connection, peer } = await open([stopReading()]);
    const { waiting } = await sendUntilOneWaits(connection);
    const another = rejection(connection.send('another'));
    await peer.do(reset());
    for (const error of [await rejection(waiting), await another]) {
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.cause).toBeInstanceOf(TransportError);
    }
  });

  test('does not keep terminate from rejecting the sends that wait', async () => {
    const { connection } = await open([stopReading()]);
    const { waiting } = await sendUntilOneWaits(connection);
    const refused = rejection(waiting);
    const { cause } = await connection.terminate();
    expect(cause).toBeInstanceOf(Terminated);
    expect(await refused).toMatchObject({ code: 'HAWSER_CONNECTION_CLOSED_ERROR', cause });
  });

  test('does not keep close from ending in time, and then the sends that wait are rejected', async () => {
    const { connection } = await open([stopReading()], { closeTimeout: MEDIUM });
    const { waiting } = await sendUntilOneWaits(connection);
    const refused = rejection(waiting);
    const began = now();
    const { cause } = await connection.close();
    expect(now() - began).toBeLessThan(MEDIUM + LONG);
    expect(cause).toBeInstanceOf(TimeoutError);
    expect(await refused).toMatchObject({ code: 'HAWSER_CONNECTION_CLOSED_ERROR', cause });
  });
});

describe('after the end', () => {
  test('send rejects with ConnectionClosedOK after a normal closure', async () => {
    const { connection } = await open([sendClose(1001, 'bye'), waitForClose(), halfClose()]);
    await connection.closed;
    const error = await rejection(connection.send('x'));
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error).toMatchObject({ closeCode: 1001, closeReason: 'bye' });
    expect(await rejection(connection.ping())).toBeInstanceOf(ConnectionClosedOK);
    expect(await rejection(connection.pong())).toBeInstanceOf(ConnectionClosedOK);
  });

  test('send rejects with ConnectionClosedError after an error closure', async () => {
    const { connection } = await open([sendClose(1011), waitForClose(), halfClose()]);
    await connection.closed;
    expect(await rejection(connection.send('x'))).toBeInstanceOf(ConnectionClosedError);
    expect(await rejection(connection.send(Buffer.alloc(mebi)))).toBeInstanceOf(ConnectionClosedError);
  });

  test('send is refused while the connection closes, and told why when it has', async () => {
    const { connection, peer } = await open();
    const closed = connection.close();
    const refused = rejection(connection.send('too late'));
    expect(await settles(refused, SHORT)).toBe(false);
    await peer.do(answerClose());
    expect(await refused).toBeInstanceOf(ConnectionClosedOK);
    await closed;
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
  });

  test('send is refused once the peer’s Close has come', async () => {
    const { connection, peer } = await open([sendClose(1000), waitForClose()]);
    await until(() => connection.state === 'CLOSING', LONG, 'the Close');
    const refused = rejection(connection.send('too late'));
    await peer.do(halfClose());
    expect(await refused).toBeInstanceOf(ConnectionClosedOK);
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1000 }]);
  });

  test('sends that nobody awaits are no unhandled rejections', async () => {
    const unhandled: unknown[] = [];
    const record = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', record);
    const { connection, peer } = await open([stopReading()]);
    await sendUntilOneWaits(connection);
    connection.send('waits');
    connection.ping();
    await peer.do(reset());
    await connection.closed;
    connection.send('too late');
    connection.ping();
    connection.pong();
    await sleep(SHORT);
    process.off('unhandledRejection', record);
    expect(unhandled).toEqual([]);
  });
});
