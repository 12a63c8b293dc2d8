/** Messages fragment by fragment, end to end. */

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import {
  ConcurrencyError,
  type ConnectionClosed,
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStream,
  PayloadTooBig,
  ProtocolError,
  TimeoutError,
} from '../../lib/errors.js';
import type { Data } from '../../lib/types.js';
import { ending, type Opened, open, openRaw, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  inPieces,
  mark,
  reset,
  type Script,
  sendBinary,
  sendClose,
  sendFragments,
  sendFrame,
  sendPing,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, SHORT, sleep, withDeadline } from '../support/times.js';

const closeWith = (code: number): Script => [sendClose(code), waitForClose(), halfClose()];
const begin = (payload: string) => sendFrame({ opcode: 'text', fin: false, payload });
const goOn = (payload: string | Uint8Array) => sendFrame({ opcode: 'continuation', fin: false, payload });
const finish = (payload: string | Uint8Array = '') => sendFrame({ opcode: 'continuation', payload });
const buffers = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

async function collect(stream: AsyncIterable<Data>): Promise<Data[]> {
  const items: Data[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** What a stream yields, and what ends it. */
async function collectUntilEnd(connection: Connection): Promise<{ items: Data[]; error: ConnectionClosed }> {
  const items: Data[] = [];
  const loop = async (): Promise<void> => {
    for await (const item of connection.recvStream()) items.push(item);
  };
  return { error: await rejection<ConnectionClosed>(loop()), items };
}

describe('recvStream', () => {
  test('yields an unfragmented text as one string', async () => {
    const { connection } = await open([sendText('größe 😀'), sendText('next')]);
    expect(await collect(connection.recvStream())).toEqual(['größe 😀']);
    expect(await connection.recv()).toBe('next');
  });

  test('yields an unfragmented binary message as one Buffer', async () => {
    const { connection } = await open([sendBinary(Buffer.from([1, 2, 0xff]))]);
    expect(await collect(connection.recvStream())).toEqual([Buffer.from([1, 2, 0xff])]);
  });

  test('with decode: false yields Buffers of a text', async () => {
    const { connection } = await open(sendFragments('text', 'grö', 'ße', ''));
    expect(await collect(connection.recvStream({ decode: false }))).toEqual(buffers('grö', 'ße', ''));
  });

  test('with decode: true yields strings of a binary message', async () => {
    const [euro] = buffers('€') as [Buffer];
    const { connection } = await open(sendFragments('binary', 'a', euro.subarray(0, 2), euro.subarray(2), ''));
    expect(await collect(connection.recvStream({ decode: true }))).toEqual(['a', '', '€', '']);
  });

  test('yields one string for each frame of a text, an empty last one included', async () => {
    const { connection } = await open([...sendFragments('text', 'one', '', 'three', ''), sendText('next')]);
    expect(await collect(connection.recvStream())).toEqual(['one', '', 'three', '']);
    expect(await connection.recv()).toBe('next');
  });

  test('yields one Buffer for each frame of a binary message, an empty last one included', async () => {
    const { connection } = await open([...sendFragments('binary', 'one', '', 'three', ''), sendText('next')]);
    expect(await collect(connection.recvStream())).toEqual(buffers('one', '', 'three', ''));
    expect(await connection.recv()).toBe('next');
  });

  test('rejects with ConnectionClosedOK after a normal closure, without yielding', async () => {
    const { connection } = await open(closeWith(1000));
    const { items, error } = await collectUntilEnd(connection);
    expect(items).toEqual([]);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe('received 1000 (OK); then sent 1000 (OK)');
  });

  test('rejects with ConnectionClosedError after an error closure, without yielding', async () => {
    const { connection } = await open(closeWith(1011));
    const { items, error } = await collectUntilEnd(connection);
    expect(items).toEqual([]);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.closeCode).toBe(1011);
  });

  test.each([
    ['of one frame', [sendFrame({ opcode: 'text', payload: Buffer.from([0xff]) })], []],
    ['in a later fragment', [begin('fine'), finish(Buffer.from([0xff]))], ['fine']],
    ['that ends inside a code point', [begin('fine'), goOn(Buffer.from([0xe2, 0x82])), finish()], ['fine', '']],
  ])(
    'rejects with ConnectionClosedError at invalid UTF-8 in a text %s, and sends 1007',
    async (_where, script, sent) => {
      const { connection, peer } = await open([...script, waitForClose(), halfClose()]);
      const { items, error } = await collectUntilEnd(connection);
      expect(items).toEqual(sent);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.cause).toBeInstanceOf(ProtocolError);
      expect(await peer.frames('close')).toMatchObject([{ code: 1007 }]);
    },
  );

  test('is refused while recv waits, which goes on', async () => {
    const { connection, peer } = await open();
    const received = connection.recv();
    const error = await rejection(connection.recvStream().next());
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error.message).toMatch(/^cannot call recvStream while another call to recv, .* is under way$/);
    await peer.do(...sendFragments('text', 'for ', 'the ', 'first'));
    expect(await received).toBe('for the first');
  });

  test('is refused while another waits, which goes on', async () => {
    const { connection, peer } = await open();
    const items = collect(connection.recvStream());
    expect(await rejection(connection.recvStream().next())).toBeInstanceOf(ConcurrencyError);
    await peer.do(...sendFragments('text', 'for', 'it'));
    expect(await items).toEqual(['for', 'it']);
  });

  test.each(['recv', 'recvMany', 'tryRecv'] as const)('keeps %s from being called, and goes on', async (name) => {
    const { connection, peer } = await open([begin('one')]);
    const stream = connection.recvStream();
    expect((await stream.next()).value).toBe('one');
    const error = await rejection((async () => connection[name]())());
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error.message).toMatch(new RegExp(`^cannot call ${name} while another call to recv, .* is under way$`));
    await peer.do(finish('two'));
    expect(await collect(stream)).toEqual(['two']);
  });

  test('yields fragments as they arrive, with pings answered in between', async () => {
    const { connection, peer } = await open();
    const stream = connection.recvStream();
    await peer.do(begin('one'));
    expect(await stream.next()).toEqual({ done: false, value: 'one' });
    await peer.do(sendPing('p'), expectFrame('pong'), goOn('two'));
    expect(await stream.next()).toEqual({ done: false, value: 'two' });
    await peer.do(finish());
    expect(await stream.next()).toEqual({ done: false, value: '' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('never cuts a text inside a code point, wherever its frames do', async () => {
    const text = 'a€😀z';
    const utf8 = Buffer.from(text);
    for (const size of [1, 2, 3]) {
      const frames = Array.from({ length: Math.ceil(utf8.length / size) }, (_, i) =>
        utf8.subarray(i * size, (i + 1) * size),
      );
      const { connection } = await open([inPieces(3, ...sendFragments('text', ...frames))]);
      const items = (await collect(connection.recvStream())) as string[];
      expect(items).toHaveLength(frames.length);
      expect(items.join('')).toBe(text);
      for (const item of items) expect(Buffer.from(item).toString()).toBe(item);
    }
  });

  test('yields big fragments, in text and in binary', async () => {
    const sizes = [5000, 70_000, 200_000, 0, 1_000_000];
    const texts = sizes.map((size, i) => 'aä'.repeat(size / 2) + i);
    const bytes = sizes.map((size, i) => Buffer.alloc(size, i));
    const { connection } = await open([...sendFragments('text', ...texts), ...sendFragments('binary', ...bytes)]);
    const received = await collect(connection.recvStream());
    expect(received.map((item, i) => item === texts[i])).toEqual(sizes.map(() => true));
    const binary = (await collect(connection.recvStream())) as Buffer[];
    expect(binary.map((item, i) => item.equals(bytes[i] as Buffer))).toEqual(sizes.map(() => true));
  });

  test('yields what each frame of a compressed message has inflated', async () => {
    const text = Array.from({ length: 2000 }, (_, i) => `line ${i} ü\n`).join('');
    const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const frames = Array.from({ length: 10 }, (_, i) =>
      deflated.subarray(i * 1000, i < 9 ? (i + 1) * 1000 : undefined),
    );
    const [first, ...rest] = frames as [Buffer, ...Buffer[]];
    const { connection } = await openRaw([
      accept({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } }),
      sendFrame({ opcode: 'text', fin: false, rsv: 4, payload: first }),
      ...rest.map((payload, i) => (i < rest.length - 1 ? goOn(payload) : finish(payload))),
    ]);
    const items = (await collect(connection.recvStream())) as string[];
    expect(items).toHaveLength(frames.length);
    expect(items.filter((item) => item !== '').length).toBeGreaterThan(1);
    expect(items.join('')).toBe(text);
  });
});

describe('leaving a stream', () => {
  test('drops exactly the rest of the message, which comes later', async () => {
    const { connection, peer } = await open([begin('one')]);
    for await (const _ of connection.recvStream()) break;
    const received = connection.recv();
    await peer.do(goOn('two'), goOn('three'), finish('four'), sendText('next'));
    expect(await received).toBe('next');
    expect(connection.state).toBe('OPEN');
  });

  test('drops the rest of a message that floods', async () => {
    const { connection } = await open([flood(50_000, { size: 100, fragmented: true }), sendText('next')]);
    for await (const _ of connection.recvStream()) break;
    expect(await connection.recv()).toBe('next');
  });

  test('leaves the next message to another stream', async () => {
    const { connection, peer } = await open([begin('one')]);
    for await (const _ of connection.recvStream()) break;
    const items = collect(connection.recvStream());
    await peer.do(goOn('two'), finish('three'), ...sendFragments('binary', 'four', 'five'));
    expect(await items).toEqual(buffers('four', 'five'));
  });

  test('by a timeout between two fragments drops the rest', async () => {
    const { connection, peer } = await open([begin('one')]);
    const stream = connection.recvStream({ timeout: SHORT });
    expect((await stream.next()).value).toBe('one');
    expect(await rejection(stream.next())).toBeInstanceOf(TimeoutError);
    await peer.do(finish('two'), sendText('next'));
    expect(await connection.recv()).toBe('next');
  });

  test('while it waits for a fragment gives the way free', async () => {
    const { connection, peer } = await open([begin('one')]);
    const stream = connection.recvStream();
    await stream.next();
    const waiting = stream.next();
    await stream.return?.();
    const received = connection.recv();
    await peer.do(finish('two'), sendText('next'));
    expect([await waiting, await received]).toEqual([{ done: true, value: undefined }, 'next']);
  });

  test('before anything has come loses nothing', async () => {
    const { connection, peer } = await open();
    expect(await rejection(connection.recvStream({ timeout: SHORT }).next())).toBeInstanceOf(TimeoutError);
    await peer.do(...sendFragments('text', 'one', 'two'));
    expect(await connection.recv()).toBe('onetwo');
  });
});

describe('the end of the connection', () => {
  test('by close() from elsewhere ends a stream that waits', async () => {
    const { connection } = await open([answerClose()]);
    const stream = connection.recvStream();
    const waiting = rejection<ConnectionClosed>(stream.next());
    await connection.close();
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe('sent 1000 (OK); then received 1000 (OK)');
    expect(error.cause).toBeUndefined();
    expect(connection.state).toBe('CLOSED');
  });

  test('by close() from elsewhere ends a stream in the middle, behind what had come', async () => {
    const { connection } = await open([begin('one'), waitForClose(), goOn('two'), sendClose(1000), halfClose()]);
    const stream = connection.recvStream();
    expect((await stream.next()).value).toBe('one');
    const two = stream.next();
    await connection.close();
    expect((await two).value).toBe('two');
    expect(await rejection(stream.next())).toBeInstanceOf(ConnectionClosedOK);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });

  test.each([
    ['the peer’s Close', closeWith(1011), undefined],
    ['the end of the stream', [halfClose()], EndOfStream],
    ['a reset', [reset()], Error],
  ] as const)('by %s ends a stream in the middle with an error', async (_what, script, cause) => {
    const { connection, peer } = await open([begin('one')]);
    const stream = connection.recvStream();
    expect((await stream.next()).value).toBe('one');
    const waiting = rejection(stream.next());
    await peer.do(...script);
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    if (cause) expect(error.cause).toBeInstanceOf(cause);
  });

  test('comes behind a message that is whole, in one segment with it', async () => {
    const { connection } = await open([together(...sendFragments('text', 'a', 'b'), sendClose(1000)), halfClose()]);
    await connection.closed;
    expect(await collect(connection.recvStream())).toEqual(['a', 'b']);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });
});

describe('limits', () => {
  test.each([
    ['a message of one frame', [sendFrame({ opcode: 'binary', declaredLength: 1001 })], []],
    ['a first fragment', [sendFrame({ opcode: 'text', fin: false, declaredLength: 1001 })], []],
    ['a later fragment', [begin('fine'), sendFrame({ opcode: 'continuation', declaredLength: 1001 })], ['fine']],
  ])(
    '%s over maxMessageSize.fragment fails the connection with 1009 by its header alone',
    async (_what, script, sent) => {
      const { connection, peer } = await open([...script, waitForClose(), halfClose()], {
        maxMessageSize: { fragment: 1000 },
      });
      const { items, error } = await collectUntilEnd(connection);
      expect(items).toEqual(sent);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.cause).toBeInstanceOf(PayloadTooBig);
      expect(error.cause).toMatchObject({
        message: 'fragment has 1001 bytes; the limit is 1000',
        limit: 1000,
        actual: 1001,
        unit: 'bytes',
      });
      expect(await peer.frames('close')).toMatchObject([{ code: 1009 }]);
    },
  );

  test('fragments of exactly maxMessageSize.fragment are received', async () => {
    const { connection } = await open(sendFragments('text', 'x'.repeat(1000), 'y'.repeat(1000)), {
      maxMessageSize: { message: 2000, fragment: 1000 },
    });
    expect(await connection.recv()).toBe('x'.repeat(1000) + 'y'.repeat(1000));
  });

  test('maxMessageSize counts fragments together, also those that were taken', async () => {
    const { connection, peer } = await open([begin('x'.repeat(600))], { maxMessageSize: { message: 1000 } });
    const stream = connection.recvStream();
    expect((await stream.next()).value).toHaveLength(600);
    await peer.do(sendFrame({ opcode: 'continuation', declaredLength: 401 }), waitForClose(), halfClose());
    const error = await rejection(stream.next());
    expect(error).toMatchObject({
      sent: { code: 1009 },
      cause: { message: 'message has 1001 bytes; the limit is 1000' },
    });
  });

  test('a message left by its stream still counts', async () => {
    const { connection, peer } = await open([begin('x'.repeat(600))], { maxMessageSize: 1000 });
    for await (const _ of connection.recvStream()) break;
    await peer.do(goOn('x'.repeat(300)), sendFrame({ opcode: 'continuation', declaredLength: 101 }));
    await peer.do(waitForClose(), halfClose());
    expect(await ending(connection)).toMatchObject({ cause: { limit: 1000, actual: 1001 } });
  });
});

describe('many fragments', () => {
  const count = 65_537;

  test('of one message are received whole', async () => {
    const { connection } = await open([flood(count, { fragmented: true }), sendText('next')]);
    const message = await connection.recv();
    expect(message === Array.from({ length: count }, (_, i) => floodPayload(i, 16)).join('')).toBe(true);
    expect(await connection.recv()).toBe('next');
  });

  test('of one message are yielded one by one, none lost, in order', async () => {
    const { connection } = await open([flood(count, { fragmented: true, binary: true }), sendText('next')]);
    let received = 0;
    for await (const fragment of connection.recvStream({ decode: true })) {
      if (fragment !== floodPayload(received, 16)) expect(fragment).toBe(floodPayload(received, 16));
      received++;
    }
    expect(received).toBe(count);
    expect(await connection.recv()).toBe('next');
  });

  test('fill the peer’s socket while the consumer stands still, and go on with it: none lost, in order', async () => {
    const size = 1024;
    const { connection, peer } = await open([flood(count, { size, fragmented: true }), mark('sent'), answerClose()], {
      maxMessageSize: null,
    });
    // 64 MiB are more than the marks and all buffers between hold.
    const sent = peer.reached('sent').then(() => true);
    const stream = connection.recvStream();
    expect((await stream.next()).value).toBe(floodPayload(0, size));
    expect(await Promise.race([sent, sleep(5 * MEDIUM).then(() => false)])).toBe(false);
    let received = 1;
    for await (const fragment of stream) {
      if (fragment !== floodPayload(received, size)) expect(fragment).toBe(floodPayload(received, size));
      received++;
    }
    expect(received).toBe(count);
    expect(await sent).toBe(true);
    expect(await connection.close()).toMatchObject({ code: 1000, wasClean: true });
  });

  test('come in order, pause after pause, with a mark of one', async () => {
    const { connection } = await open([flood(5000, { size: 100, fragmented: true }), ...closeWith(1000)], {
      maxQueue: [1, 0],
    });
    let received = 0;
    for await (const fragment of connection.recvStream()) {
      if (fragment !== floodPayload(received, 100)) expect(fragment).toBe(floodPayload(received, 100));
      if (received++ % 50 === 0) await sleep(0);
    }
    expect(received).toBe(5000);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });

  // Above the mark, so that the reader stops until there is room.
  const marks = { maxQueue: [1, 0] } as const;

  /** The peer closes; whether the reader sees it, though nobody receives. */
  async function expectToSeeClose({ connection, peer }: Opened): Promise<void> {
    await peer.do(sendClose(1000));
    expect(await withDeadline(connection.closed, LONG, 'the peer’s Close')).toMatchObject({ code: 1000 });
  }

  test('that were taken no longer keep the reader from reading', async () => {
    const opened = await open([begin('a'), waitForClose(), halfClose()], marks);
    const stream = opened.connection.recvStream();
    await stream.next();
    const rest = collect(stream);
    await opened.peer.do(together(goOn('b'), goOn('c'), finish('d')));
    expect(await rest).toEqual(['b', 'c', 'd']);
    await expectToSeeClose(opened);
  });

  test('that were dropped no longer keep the reader from reading', async () => {
    const opened = await open([together(begin('a'), goOn('b'), goOn('c')), waitForClose(), halfClose()], marks);
    for await (const _ of opened.connection.recvStream()) break;
    await expectToSeeClose(opened);
  });
});
