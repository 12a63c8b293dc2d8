import { once } from 'node:events';
import { type Duplex, PassThrough, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedError, ConnectionClosedOK, TransportError } from '../../lib/errors.js';
import { createDuplex } from '../../lib/streams/duplex.js';
import { type Opened, open, rejection } from '../support/opened.js';
import { close, openDuplex, slowSink } from '../support/opened-duplex.js';
import {
  answerClose,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  mark,
  reset,
  resumeReading,
  sendBinary,
  sendClose,
  sendText,
  stopReading,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, sleep, until } from '../support/times.js';

const kibi = 1024;
const objectMode = { objectMode: true };

describe('reading', () => {
  const messages = [sendText('größe'), sendBinary(Buffer.from([0xff, 0])), sendText('😀')];

  test('gives bytes, of text its UTF-8, a chunk for each message', async () => {
    const { duplex } = await openDuplex([...messages, ...close(1000)]);
    const chunks: Buffer[] = [];
    duplex.on('data', (chunk) => chunks.push(chunk));
    await once(duplex, 'end');
    expect(chunks).toEqual([Buffer.from('größe'), Buffer.from([0xff, 0]), Buffer.from('😀')]);
  });

  test('in object mode gives messages as they are', async () => {
    const { duplex } = await openDuplex([...messages, ...close(1000)], { readableObjectMode: true });
    expect(await duplex.toArray()).toEqual(['größe', Buffer.from([0xff, 0]), '😀']);
  });

  test.each([
    ['utf8', ['größe', 'é', '😀']],
    ['hex', [Buffer.from('größe').toString('hex'), 'c3', 'a9', Buffer.from('😀').toString('hex')]],
  ] as const)('with the encoding %s gives strings', async (encoding, expected) => {
    const [first, last] = Buffer.from('é');
    const halves = [sendBinary(Buffer.of(first!)), sendBinary(Buffer.of(last!))];
    const { duplex } = await openDuplex([sendText('größe'), ...halves, sendText('😀'), ...close(1000)], { encoding });
    const chunks: string[] = [];
    duplex.on('data', (chunk) => chunks.push(chunk));
    await once(duplex, 'end');
    expect(chunks).toEqual(expected);
  });

  test('takes text for UTF-8, whatever encoding strings are written in', async () => {
    const { duplex } = await openDuplex([sendText('größe'), ...close(1000)], { defaultEncoding: 'latin1' });
    expect(await duplex.toArray()).toEqual([Buffer.from('größe')]);
  });

  test.each([undefined, 0, 1])('goes on after empty messages, with a highWaterMark of %s', async (highWaterMark) => {
    const empty = [sendText(''), sendBinary(Buffer.alloc(0))];
    const script = [together(...empty, sendText('a'), ...empty), sendText('b'), ...empty, ...close(1000)];
    const { duplex } = await openDuplex(script, { highWaterMark });
    expect(Buffer.concat(await duplex.toArray()).toString()).toBe('ab');
  });

  test('in object mode gives empty messages as well', async () => {
    const script = [sendText(''), sendBinary(Buffer.alloc(0)), sendText('a'), ...close(1000)];
    const { duplex } = await openDuplex(script, objectMode);
    expect(await duplex.toArray()).toEqual(['', Buffer.alloc(0), 'a']);
  });

  test.each([1000, 1001, undefined])('ends when the peer closes with %s, and so does all else', async (code) => {
    const { duplex, connection } = await openDuplex([sendText('a'), ...close(code)]);
    const events: string[] = [];
    for (const event of ['end', 'finish', 'close']) duplex.on(event, () => events.push(event));
    duplex.resume();
    await once(duplex, 'close');
    expect(events).toEqual(['end', 'finish', 'close']);
    expect(connection.state).toBe('CLOSED');
    expect(duplex.errored).toBeNull();
  });

  test.each([
    ['a slow sink', () => slowSink()],
    [
      'a fast sink',
      () => {
        const chunks: unknown[] = [];
        return {
          chunks,
          sink: new Writable({
            objectMode: true,
            write: (chunk, _, done) => done(chunks.push(chunk) < 0 ? new Error() : null),
          }),
        };
      },
    ],
  ] as const)('through a pipeline to %s loses nothing of a flood that ends with a Close', async (_what, make) => {
    const count = 5000;
    const { duplex } = await openDuplex([flood(count), ...close(1000)], objectMode, { maxQueue: [100, 10] });
    const { sink, chunks } = make();
    await pipeline(duplex, sink);
    expect(chunks).toEqual(Array.from({ length: count }, (_, i) => floodPayload(i, 16)));
  });

  test('does not keep the event loop from turning while the peer floods', async () => {
    const { duplex } = await openDuplex([flood(200_000, { size: 100 }), ...close(1000)]);
    let turns = 0;
    const turn = () => {
      turns++;
      if (!duplex.closed) setImmediate(turn);
    };
    turn();
    duplex.resume();
    await once(duplex, 'close');
    expect(turns).toBeGreaterThan(10);
  });

  test('while somebody else receives destroys the stream with the ConcurrencyError', async () => {
    const { duplex, connection } = await openDuplex([]);
    const receiving = rejection(connection.recv());
    duplex.resume();
    expect(await rejection(once(duplex, 'close'))).toMatchObject({ code: 'HAWSER_CONCURRENCY' });
    expect(await receiving).toMatchObject({ code: 'HAWSER_CONNECTION_CLOSED_ERROR' });
  });
});

describe('a connection that breaks', () => {
  const broken = [flood(100), sendClose(1011, 'oops'), waitForClose(), halfClose()];

  test.each([1, 7, 100, 200])(
    'destroys the stream after all that arrived was read, with a highWaterMark of %i',
    async (highWaterMark) => {
      const { duplex, connection } = await openDuplex(broken, { ...objectMode, highWaterMark });
      duplex.pause();
      await connection.closed;
      const received: unknown[] = [];
      const read = async () => {
        for await (const message of duplex) received.push(message);
      };
      expect(await rejection(read())).toMatchObject({ code: 'HAWSER_CONNECTION_CLOSED_ERROR', closeCode: 1011 });
      expect(received).toHaveLength(100);
      expect(duplex.errored).toBeInstanceOf(ConnectionClosedError);
    },
  );

  test('lets a slow sink have all that arrived before its pipeline rejects', async () => {
    const { duplex } = await openDuplex(broken, objectMode);
    const { sink, chunks } = slowSink();
    const slow = new PassThrough({ objectMode: true, highWaterMark: 1 });
    const error = await rejection(pipeline(duplex, slow, sink));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    // The last are in the streams behind, which a pipeline destroys as well.
    expect(chunks.length).toBeGreaterThan(90);
  });

  test('destroys a stream that nobody reads at once, and leaves the messages to the connection', async () => {
    const { duplex, connection } = await openDuplex(broken, objectMode);
    expect(await rejection(finished(duplex))).toMatchObject({ closeCode: 1011, closeReason: 'oops' });
    expect(await connection.recv()).toBe(floodPayload(0, 16));
  });

  test.each([
    ['has', (duplex: Duplex, connection: Connection) => duplex.once('readable', () => {}) && connection.closed],
    ['will have', () => {}],
  ])('destroys a stream whose reader waits for more bytes than it %s', async (_what, prepare) => {
    const { duplex, connection } = await openDuplex([sendText('abcdefg'), ...close(1011)]);
    await prepare(duplex, connection);
    const fours: string[] = [];
    duplex.on('readable', () => {
      for (let four = duplex.read(4); four !== null; four = duplex.read(4)) fours.push(String(four));
    });
    expect(await rejection(once(duplex, 'close'))).toMatchObject({ closeCode: 1011 });
    expect(fours).toEqual(['abcd']);
  });

  test('gives what broke it as the cause', async () => {
    const { duplex } = await openDuplex([expectFrame(), reset()]);
    duplex.resume().write('x');
    const error = await rejection(once(duplex, 'close'));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(TransportError);
  });

  test('before the stream is made is told by the stream', async () => {
    const { connection } = await open([sendText('a'), ...close(4000)]);
    await connection.closed;
    const duplex = createDuplex(connection, objectMode);
    const received: unknown[] = [];
    duplex.on('data', (message) => received.push(message));
    expect(await rejection(finished(duplex))).toMatchObject({ closeCode: 4000 });
    expect(received).toEqual(['a']);
  });
});

describe('back pressure of the reader', () => {
  const count = 4000;
  const size = 8 * kibi;
  const script = [flood(count, { size }), mark('sent'), answerClose()];

  /** Asserts that the peer could not send all, and that the connection has the messages from `first` on. */
  async function stallsAt(first: number, { connection, peer }: Opened): Promise<void> {
    const sent = peer.reached('sent').then(() => true);
    expect(await Promise.race([sent, sleep(3 * MEDIUM).then(() => false)])).toBe(false);
    for (let i = first; i < count; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, size)) expect(message).toBe(floodPayload(i, size));
    }
    expect(await sent).toBe(true);
  }

  test('a stream that nobody touches takes no message', async () => {
    const opened = await openDuplex(script, objectMode, { maxQueue: 10 });
    await stallsAt(0, opened);
    expect(opened.duplex.readableLength).toBe(0);
  });

  test('a stream that is asked and not read takes as many messages as highWaterMark says', async () => {
    const opened = await openDuplex(script, { ...objectMode, highWaterMark: 4 }, { maxQueue: 10 });
    opened.duplex.on('readable', () => {});
    await until(() => opened.duplex.readableLength === 4, LONG, 'the stream to be full');
    await stallsAt(4, opened);
    expect(opened.duplex.readableLength).toBe(4);
  });

  test('in bytes, highWaterMark is reached by the message that passes it', async () => {
    const opened = await openDuplex(script, { highWaterMark: 2 * size + 1 }, { maxQueue: 10 });
    opened.duplex.on('readable', () => {});
    await until(() => opened.duplex.readableLength >= 2 * size + 1, LONG, 'the stream to be full');
    await stallsAt(3, opened);
    expect(opened.duplex.readableLength).toBe(3 * size);
  });

  test('a stream that is paused goes on when it is resumed, in order', async () => {
    const { duplex, peer } = await openDuplex(script, objectMode, { maxQueue: 10 });
    let received = 0;
    duplex.on('data', (message) => {
      if (message !== floodPayload(received, size)) expect(message).toBe(floodPayload(received, size));
      if (++received === 100) duplex.pause();
    });
    await once(duplex, 'pause');
    const sent = peer.reached('sent').then(() => true);
    expect(await Promise.race([sent, sleep(3 * MEDIUM).then(() => false)])).toBe(false);
    expect(received).toBe(100);
    duplex.resume();
    await until(() => received === count, 10 * LONG, 'all messages');
    duplex.end();
    await once(duplex, 'close');
  });
});

describe('writing', () => {
  test('sends bytes as binary, and strings as well', async () => {
    const { duplex, peer } = await openDuplex([]);
    duplex.write(Buffer.from([0xff]));
    duplex.write('größe');
    duplex.write(Buffer.alloc(0));
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', payload: Buffer.from([0xff]) });
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', text: 'größe' });
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', text: '' });
  });

  test.each([
    ['with decodeStrings: false', { decodeStrings: false }],
    ['in object mode', { writableObjectMode: true }],
  ])('%s sends strings as text, and as binary where they encode bytes', async (_what, options) => {
    const { duplex, peer } = await openDuplex([], options);
    duplex.write('größe');
    duplex.write('', 'utf-8');
    duplex.write('ff00', 'hex');
    duplex.write(new Uint8Array([1]));
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: 'größe' });
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: '' });
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', payload: Buffer.from([0xff, 0]) });
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', payload: Buffer.from([1]) });
  });

  test('takes bytes in any form in object mode', async () => {
    const { duplex, peer } = await openDuplex([], objectMode);
    duplex.write(new ArrayBuffer(3));
    duplex.write(new Uint16Array(1));
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', payload: Buffer.alloc(3) });
    expect(await peer.expectFrame()).toMatchObject({ type: 'binary', payload: Buffer.alloc(2) });
  });

  test.each([
    ['nothing to be sent', {}],
    ['messages instead of one', ['a', 'b']],
  ])('%s destroys the stream with the TypeError', async (_what, chunk) => {
    const { duplex, connection } = await openDuplex([], objectMode);
    const written = new Promise((resolve) => duplex.write(chunk, resolve));
    expect(await rejection(once(duplex, 'close'))).toMatchObject({ code: 'HAWSER_INVALID_ARGUMENT' });
    expect(await written).toBeInstanceOf(TypeError);
    expect(connection.state).toBe('CLOSED');
  });

  test('waits while the peer does not read, and goes on in order', async () => {
    const { duplex, peer } = await openDuplex([stopReading()], { highWaterMark: 1 });
    const payload = (i: number) => Buffer.alloc(256 * kibi, i);
    let written = 0;
    let done = 0;
    // What waits fills the stream, which then says that it is full.
    const write = () => duplex.write(payload(written++), () => done++);
    let stalled = false;
    while (!stalled && written < 200) {
      write();
      const before = done;
      stalled = await Promise.race([
        once(duplex, 'drain').then(() => false),
        sleep(MEDIUM).then(() => done === before),
      ]);
    }
    expect(stalled).toBe(true);
    expect(duplex.writableNeedDrain).toBe(true);
    for (let i = 0; i < 5; i++) write();
    await sleep(MEDIUM);
    expect(done).toBe(written - 6);
    await peer.do(resumeReading());
    await until(() => done === written, LONG, 'all to be written');
    for (let i = 0; i < written; i++) expect((await peer.expectFrame()).payload.equals(payload(i))).toBe(true);
  });

  test.each([
    ['1000', 1000, ConnectionClosedOK],
    ['1011', 1011, ConnectionClosedError],
  ] as const)('after the peer has closed with %s gives the error that says so', async (_what, code, type) => {
    const { duplex, connection } = await openDuplex(close(code), objectMode);
    duplex.on('error', () => {});
    // So that the stream waits for its reader.
    duplex.pause();
    await connection.closed;
    const error = await new Promise((resolve) => duplex.write('x', resolve));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ closeCode: code });
    expect(duplex.errored).toBe(error);
  });

  test('that waits when the peer resets fails', async () => {
    const { duplex, peer } = await openDuplex([stopReading()], { highWaterMark: 64 * kibi * kibi });
    const closed = rejection(once(duplex, 'close'));
    const written = new Promise((resolve) => duplex.write(Buffer.alloc(16 * kibi * kibi), resolve));
    await peer.do(reset());
    expect(await written).toMatchObject({ code: 'HAWSER_CONNECTION_CLOSED_ERROR' });
    expect(await closed).toBeInstanceOf(ConnectionClosedError);
  });
});

describe('end', () => {
  test('closes with 1000 behind what was written, and finishes when the connection has ended', async () => {
    const { duplex, connection, peer } = await openDuplex([answerClose()]);
    const states: string[] = [];
    duplex.on('finish', () => states.push(connection.state));
    duplex.resume().write('a');
    duplex.end('b');
    await once(duplex, 'close');
    expect(states).toEqual(['CLOSED']);
    const frames = await peer.frames();
    expect(frames.map(({ type, text }) => [type, text])).toEqual([
      ['binary', 'a'],
      ['binary', 'b'],
      ['close', ''],
    ]);
    expect(frames[2]!.code).toBe(1000);
  });

  test('lets the peer finish: what it sends before its Close is read', async () => {
    const { duplex } = await openDuplex([waitForClose(), flood(1000), sendClose(1000), halfClose()], objectMode);
    duplex.end();
    expect(await duplex.toArray()).toHaveLength(1000);
    expect(duplex.writableFinished).toBe(true);
  });

  test.each([
    ['with an error', [waitForClose(), sendClose(1011), halfClose()], { closeCode: 1011 }],
    ['not', [], { closeCode: 1006, cause: { code: 'HAWSER_TIMEOUT' } }],
  ] as const)('fails where the peer answers the Close %s', async (_what, script, expected) => {
    const { duplex } = await openDuplex(script, {}, { closeTimeout: MEDIUM });
    const closed = rejection(once(duplex, 'close'));
    const error = await new Promise((resolve) => duplex.end(resolve));
    expect(error).toMatchObject({ code: 'HAWSER_CONNECTION_CLOSED_ERROR', ...expected });
    expect(await closed).toBe(error);
  });

  test('that fails leaves what arrived to the reader first', async () => {
    const script = [waitForClose(), flood(100), sendClose(1011), halfClose()];
    const { duplex, connection } = await openDuplex(script, { ...objectMode, highWaterMark: 8 });
    duplex.pause();
    const ended = new Promise((resolve) => duplex.end(resolve));
    await connection.closed;
    let received = 0;
    duplex.on('data', () => received++);
    duplex.resume();
    expect(await rejection(once(duplex, 'close'))).toMatchObject({ closeCode: 1011 });
    expect(await ended).toBeInstanceOf(ConnectionClosedError);
    expect(received).toBe(100);
  });
});
