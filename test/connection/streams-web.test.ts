import { CountQueuingStrategy, ReadableStream, TransformStream } from 'node:stream/web';
import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK, Terminated, TransportError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import type { WebStreamsOptions } from '../../lib/streams/options.js';
import { createWebStreams, type WebStreams } from '../../lib/streams/web.js';
import { type Opened, open, rejection } from '../support/opened.js';
import { close } from '../support/opened-duplex.js';
import {
  answerClose,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  mark,
  reset,
  resumeReading,
  type Script,
  sendBinary,
  sendClose,
  sendText,
  stopReading,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep, until } from '../support/times.js';

const kibi = 1024;

interface OpenedStreams extends Opened, WebStreams {}

async function openStreams(
  script: Script = [],
  options?: WebStreamsOptions,
  connect?: ConnectOptions,
): Promise<OpenedStreams> {
  const opened = await open(script, connect);
  return { ...opened, ...createWebStreams(opened.connection, options) };
}

async function collect<T>(readable: ReadableStream<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of readable) chunks.push(chunk);
  return chunks;
}

/** Whether a promise settles within some milliseconds. */
function settles(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, sleep(milliseconds).then(() => false)]);
}

describe('the readable', () => {
  test('gives text as strings and binary as plain Uint8Arrays', async () => {
    const { readable } = await openStreams([sendText('größe'), sendBinary(Buffer.from([1, 2])), ...close(1000)]);
    const [text, bytes] = await collect(readable);
    expect(text).toBe('größe');
    expect(bytes).toEqual(new Uint8Array([1, 2]));
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  });

  test('gives empty messages', async () => {
    const { readable } = await openStreams([sendText(''), sendBinary(Buffer.alloc(0)), ...close(1000)]);
    expect(await collect(readable)).toEqual(['', new Uint8Array()]);
  });

  test.each([1000, 1001, undefined])('closes when the peer closes with %s, after all messages', async (code) => {
    const { readable } = await openStreams([flood(2000), ...close(code)]);
    expect(await collect(readable)).toEqual(Array.from({ length: 2000 }, (_, i) => floodPayload(i, 16)));
  });

  test('errors when the peer closes with an error, after all messages', async () => {
    const { readable, connection } = await openStreams([
      flood(2000),
      sendClose(1011, 'oops'),
      waitForClose(),
      halfClose(),
    ]);
    await connection.closed;
    const reader = readable.getReader();
    for (let i = 0; i < 2000; i++) expect((await reader.read()).value).toBe(floodPayload(i, 16));
    const error = await rejection(reader.read());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1011, closeReason: 'oops' });
    expect(await rejection(reader.closed)).toBe(error);
  });

  test('answers reads that wait together in order', async () => {
    const { readable, peer } = await openStreams();
    const reader = readable.getReader();
    const reads = [reader.read(), reader.read(), reader.read()];
    await peer.do(sendText('a'), sendText('b'), ...close(1000));
    expect(await Promise.all(reads)).toMatchObject([{ value: 'a' }, { value: 'b' }, { done: true }]);
  });

  test('is told of the end although nobody reads', async () => {
    const { readable, connection } = await openStreams(close(1000));
    await readable.getReader().closed;
    expect(connection.state).toBe('CLOSED');
  });

  test('is told of a break although nobody reads', async () => {
    const { readable, peer } = await openStreams();
    const closed = rejection(readable.getReader().closed);
    await peer.do(reset());
    expect((await closed).cause).toBeInstanceOf(TransportError);
  });

  test.each([
    ['by the connection', 0],
    ['by the stream', 2],
    ['by both', 1],
    ['by a stream that asks for more', 3],
  ])('keeps the last messages when the connection breaks while nobody reads, %s', async (_what, highWaterMark) => {
    const script = [sendText('a'), sendText('b'), ...close(1011)];
    const { readable, connection } = await openStreams(script, { readableStrategy: { highWaterMark } });
    await connection.closed;
    await sleep(0);
    const reader = readable.getReader();
    expect(await reader.read()).toMatchObject({ value: 'a' });
    expect(await reader.read()).toMatchObject({ value: 'b' });
    expect(await rejection(reader.read())).toMatchObject({ closeCode: 1011 });
  });

  test('keeps them as well where the sizes, subtracted one by one, leave a rest', async () => {
    const { connection } = await open([flood(3), ...close(1011)]);
    const sizes = [0.1, 0.2, 0.3];
    const readableStrategy = { highWaterMark: 0.61, size: () => sizes.shift()! };
    const { readable } = createWebStreams(connection, { readableStrategy });
    await connection.closed;
    // All are taken before the first is read.
    await sleep(0);
    const reader = readable.getReader();
    for (let i = 0; i < 3; i++) expect((await reader.read()).value).toBe(floodPayload(i, 16));
    expect(await rejection(reader.read())).toMatchObject({ closeCode: 1011 });
  });

  test('that is full takes no more when the connection ends', async () => {
    const script = [sendText('a'), sendText('b'), ...close(1000)];
    const { readable, connection } = await openStreams(script, { readableStrategy: { highWaterMark: 1 } });
    await connection.closed;
    await sleep(0);
    expect(connection.tryRecv()).toBe('b');
    expect(await collect(readable)).toEqual(['a']);
  });

  test('of a connection that has closed gives what is left', async () => {
    const { connection } = await open([sendText('a'), ...close(1000)]);
    await connection.closed;
    expect(await collect(createWebStreams(connection).readable)).toEqual(['a']);
  });

  test('errors where somebody else receives, and leaves the connection open', async () => {
    const { readable, connection, peer } = await openStreams();
    const receiving = connection.recv();
    expect(await rejection(readable.getReader().read())).toMatchObject({ code: 'HAWSER_CONCURRENCY' });
    await peer.do(sendText('a'));
    expect(await receiving).toBe('a');
    expect(connection.state).toBe('OPEN');
  });

  describe('takes no more messages', () => {
    const count = 4000;
    const size = 8 * kibi;
    const script = [flood(count, { size }), mark('sent'), answerClose()];

    test.each([
      ['than are read, and none before', undefined, 0],
      ['than the strategy asks for', new CountQueuingStrategy({ highWaterMark: 3 }), 3],
      [
        'than the strategy asks for, which may measure them',
        { highWaterMark: 2 * size, size: (chunk?: string | Uint8Array) => chunk!.length },
        2,
      ],
    ] as const)('%s', async (_what, readableStrategy, taken) => {
      const { connection, peer } = await openStreams(script, { readableStrategy }, { maxQueue: 10 });
      const sent = peer.reached('sent').then(() => true);
      expect(await Promise.race([sent, sleep(3 * MEDIUM).then(() => false)])).toBe(false);
      for (let i = taken; i < count; i++) {
        const message = await connection.recv();
        if (message !== floodPayload(i, size)) expect(message).toBe(floodPayload(i, size));
      }
      expect(await sent).toBe(true);
    });
  });
});

describe('the writable', () => {
  test('sends strings as text and bytes in any form as binary', async () => {
    const { writable, peer } = await openStreams();
    const writer = writable.getWriter();
    for (const chunk of ['größe', new Uint8Array([1]), new ArrayBuffer(2), new DataView(new ArrayBuffer(3)), '']) {
      await writer.write(chunk);
    }
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: 'größe' });
    for (const payload of [Buffer.from([1]), Buffer.alloc(2), Buffer.alloc(3)]) {
      expect(await peer.expectFrame()).toMatchObject({ type: 'binary', payload });
    }
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: '' });
  });

  test('is not ready while the peer does not read, and goes on in order', async () => {
    const { writable, peer } = await openStreams([stopReading()]);
    const writer = writable.getWriter();
    const payload = (i: number) => Buffer.alloc(256 * kibi, i);
    const writes: Promise<void>[] = [];
    do {
      writes.push(writer.write(payload(writes.length)));
    } while ((await settles(writer.ready, MEDIUM)) && writes.length < 200);
    expect(writer.desiredSize).toBe(0);
    writes.push(writer.write(payload(writes.length)));
    expect(writer.desiredSize).toBe(-1);
    expect(await settles(writes.at(-2)!, SHORT)).toBe(false);
    await peer.do(resumeReading());
    await Promise.all([...writes, writer.ready]);
    for (let i = 0; i < writes.length; i++) expect((await peer.expectFrame()).payload.equals(payload(i))).toBe(true);
  });

  test('takes as much ahead as its strategy says', async () => {
    const { writable } = await openStreams([], { writableStrategy: { highWaterMark: 5 } });
    expect(writable.getWriter().desiredSize).toBe(5);
  });

  test('closes with 1000 behind what was written, and when the connection has ended', async () => {
    const { writable, connection, peer } = await openStreams([answerClose()]);
    const writer = writable.getWriter();
    void writer.write('a');
    await writer.close();
    await Promise.all([writer.closed, writer.ready]);
    expect(connection.state).toBe('CLOSED');
    expect(await peer.frames()).toMatchObject([
      { type: 'text', text: 'a' },
      { type: 'close', code: 1000 },
    ]);
  });

  test('lets the peer finish: what it sends before its Close is read', async () => {
    const { readable, writable } = await openStreams([waitForClose(), flood(1000), sendClose(1000), halfClose()]);
    await writable.close();
    expect(await collect(readable)).toHaveLength(1000);
  });

  test.each([
    ['with an error', [waitForClose(), sendClose(1011), halfClose()], { closeCode: 1011 }],
    ['not', [], { closeCode: 1006, cause: { code: 'HAWSER_TIMEOUT' } }],
  ] as const)('fails to close where the peer answers the Close %s', async (_what, script, expected) => {
    const { writable } = await openStreams(script, {}, { closeTimeout: MEDIUM });
    const error = await rejection(writable.close());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject(expected);
  });

  test.each([
    [1000, ConnectionClosedOK],
    [1011, ConnectionClosedError],
  ] as const)('errors when the peer closes with %i', async (code, type) => {
    const { writable } = await openStreams(close(code));
    const writer = writable.getWriter();
    const error = await rejection(writer.closed);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ closeCode: code });
    expect(await rejection(writer.write('x'))).toBe(error);
  });

  test('errors when the connection is terminated while a write waits', async () => {
    const { writable, connection } = await openStreams([stopReading()]);
    const written = rejection(writable.getWriter().write(Buffer.alloc(16 * kibi * kibi)));
    await until(() => connection.bufferedAmount > 0, LONG, 'the write to begin');
    await connection.terminate();
    expect((await written).cause).toBeInstanceOf(Terminated);
  });

  test.each([
    ['that can’t be sent', {}],
    ['of messages', ['a', 'b']],
    ['of messages one of which can’t be sent', ['a', 1]],
  ])('errors by a chunk %s, and leaves the connection open', async (_what, chunk) => {
    const { readable, writable, peer } = await openStreams();
    const writer = writable.getWriter();
    const error = await rejection(writer.write(chunk as never));
    expect(error).toMatchObject({ code: 'HAWSER_INVALID_ARGUMENT' });
    expect(await rejection(writer.write('x'))).toBe(error);
    await peer.do(sendText('still here'));
    expect((await readable.getReader().read()).value).toBe('still here');
  });
});

describe('cancel and abort', () => {
  const giveUp = {
    cancel: ({ readable }: OpenedStreams, reason?: unknown) => readable.cancel(reason),
    abort: ({ writable }: OpenedStreams, reason?: unknown) => writable.abort(reason),
  };
  const ways = Object.entries(giveUp);
  const frames: [string, unknown, { code: number; text: string }][] = [
    ['no reason', undefined, { code: 1000, text: '' }],
    ['a string', 'bye', { code: 1000, text: '' }],
    ['an error', new Error('bye'), { code: 1000, text: '' }],
    ['a code', { closeCode: 4001 }, { code: 4001, text: '' }],
    ['a code and a reason', { closeCode: 4001, reason: 'bye' }, { code: 4001, text: 'bye' }],
    ['a reason', { reason: 'bye' }, { code: 1000, text: 'bye' }],
    [
      'an error with a code',
      Object.assign(new Error(), { closeCode: 4001, reason: 'bye' }),
      { code: 4001, text: 'bye' },
    ],
    [
      'an error with a code that is never sent',
      Object.assign(new Error(), { closeCode: 1006 }),
      { code: 1000, text: '' },
    ],
  ];

  test.each(ways.flatMap(([way, call]) => frames.map(([what, ...frame]) => [way, what, call, ...frame] as const)))(
    '%s closes the connection, with %s',
    async (_way, _what, call, reason, frame) => {
      const opened = await openStreams([answerClose()]);
      await call(opened, reason);
      expect(opened.connection.state).toBe('CLOSED');
      expect(await opened.peer.frames()).toMatchObject([{ type: 'close', ...frame }]);
    },
  );

  test.each(ways)('%s with a code that is never sent closes with 1000, and says so', async (_way, call) => {
    const opened = await openStreams([answerClose()]);
    expect(await rejection(call(opened, { closeCode: 1006 }))).toBeInstanceOf(RangeError);
    expect(opened.connection.state).toBe('CLOSED');
    expect(await opened.peer.frames()).toMatchObject([{ type: 'close', code: 1000 }]);
  });

  test.each(ways)('%s resolves where the connection has ended already', async (_way, call) => {
    const opened = await openStreams([sendText('a'), ...close(1000)]);
    await opened.connection.closed;
    expect(await call(opened, { closeCode: 4001 })).toBeUndefined();
    expect(await opened.peer.frames()).toMatchObject([{ type: 'close', code: 1000 }]);
  });

  test('cancel settles a read that waits, and errors the writable', async () => {
    const { readable, writable } = await openStreams([answerClose()]);
    const reader = readable.getReader();
    const read = reader.read();
    await reader.cancel();
    expect(await read).toEqual({ done: true, value: undefined });
    expect(await rejection(writable.getWriter().closed)).toBeInstanceOf(ConnectionClosedOK);
  });

  test('leaving an iteration closes the connection', async () => {
    const { readable, connection } = await openStreams([sendText('a'), sendText('b'), answerClose()]);
    for await (const _message of readable) break;
    expect(await connection.closed).toMatchObject({ code: 1000 });
  });

  test('abort leaves what arrives before the end to the reader', async () => {
    const { readable, writable } = await openStreams([waitForClose(), sendText('a'), sendClose(1000), halfClose()]);
    await writable.abort();
    expect(await collect(readable)).toEqual(['a']);
  });

  test('abort does not wait for a peer that does not read', async () => {
    const { writable, connection } = await openStreams([stopReading()], {}, { closeTimeout: MEDIUM });
    const writer = writable.getWriter();
    const written = rejection(writer.write(Buffer.alloc(16 * kibi * kibi)));
    await until(() => connection.bufferedAmount > 0, LONG, 'the write to begin');
    const began = now();
    await writer.abort();
    expect(now() - began).toBeLessThan(MEDIUM + LONG);
    expect(await written).toMatchObject({ cause: { code: 'HAWSER_TIMEOUT' } });
  });
});

describe('piping', () => {
  test('into a connection sends all and closes', async () => {
    const { writable, connection, peer } = await openStreams([answerClose()]);
    await ReadableStream.from(['a', 'b', 'c']).pipeTo(writable);
    expect(connection.closeCode).toBe(1000);
    expect((await peer.frames('text')).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  test('from a connection to itself answers all, until the peer closes', async () => {
    const messages = ['a', 'b', 'c'].map((text) => sendText(text));
    const { readable, writable, peer } = await openStreams([...messages, ...messages.map(() => expectFrame())]);
    const upper = new TransformStream<string | Uint8Array, string>({
      transform: (chunk, controller) => controller.enqueue(String(chunk).toUpperCase()),
    });
    const piping = rejection(readable.pipeThrough(upper).pipeTo(writable));
    await peer.finished();
    await peer.do(...close(1000));
    // The writable errors: the peer has closed it, and the pipe had not.
    expect(await piping).toBeInstanceOf(ConnectionClosedOK);
    expect((await peer.frames('text')).map(({ text }) => text)).toEqual(['A', 'B', 'C']);
  });

  test('a source that fails closes the connection', async () => {
    const { writable, connection } = await openStreams([answerClose()]);
    const source = new ReadableStream<string>({ pull: () => Promise.reject(new Error('the source failed')) });
    await expect(source.pipeTo(writable)).rejects.toThrow('the source failed');
    expect(connection.closeCode).toBe(1000);
  });

  test('a connection that breaks fails the pipe, and its code goes on to the next', async () => {
    const next = await openStreams([answerClose()]);
    const { readable } = await openStreams([sendText('a'), sendClose(4001, 'banned'), waitForClose(), halfClose()]);
    expect(await rejection(readable.pipeTo(next.writable))).toMatchObject({ closeCode: 4001 });
    expect(await next.peer.frames()).toMatchObject([
      { type: 'text', text: 'a' },
      { type: 'close', code: 4001, text: 'banned' },
    ]);
  });

  test('a connection that breaks without a code closes the next with 1000', async () => {
    const next = await openStreams([answerClose()]);
    const { readable, peer } = await openStreams();
    const piping = rejection(readable.pipeTo(next.writable));
    await peer.do(reset());
    expect(await piping).toMatchObject({ closeCode: 1006 });
    expect(await next.peer.frames()).toMatchObject([{ type: 'close', code: 1000 }]);
  });
});

test('a connection that breaks under streams that nobody looks at is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const record = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', record);
  const { connection, peer, writable, readable } = await openStreams([stopReading()]);
  writable
    .getWriter()
    .write(Buffer.alloc(16 * kibi * kibi))
    .catch(() => {});
  readable.getReader();
  await peer.do(reset());
  await connection.closed;
  await sleep(SHORT);
  process.off('unhandledRejection', record);
  expect(unhandled).toEqual([]);
});
