/** What the client compresses, and that the peer gets it back with the window that was agreed upon and no more. */

import { describe, expect, test } from 'vitest';
import type { CompressionOptions } from '../../lib/compression-options.js';
import type { Connection } from '../../lib/connection.js';
import { Decompressor, type DeflateForm, messagesOf, type SentMessage } from '../support/deflate.js';
import { type Opened, openRaw } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
import {
  accept,
  acceptDeflate,
  answerClose,
  echoMessages,
  expectFrame,
  mark,
  type ScriptedPeer,
  type Step,
} from '../support/scripted-peer.js';
import { LONG, until } from '../support/times.js';

const kibi = 1024;
const mebi = 1024 * kibi;
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const random = randomNumbers(1024);
const noise = Buffer.from(Array.from({ length: mebi }, () => random(256)));

/** A connection to a peer that accepts compression with these parameters. */
function opened(compression: boolean | CompressionOptions = true, ...parameters: string[]): Promise<Opened> {
  return openRaw([acceptDeflate(...parameters)], { compression });
}

/** All that the client has sent, once it has closed the connection. */
async function sent({ connection, peer }: Opened, form?: DeflateForm): Promise<SentMessage[]> {
  const closed = connection.close();
  await peer.do(answerClose());
  await closed;
  return messagesOf(await peer.frames(), new Decompressor(form));
}

/** Sends each message and expects the peer to have them as they were, in order. */
async function expectSent(
  open: Opened,
  messages: readonly (string | Buffer)[],
  form?: DeflateForm,
): Promise<SentMessage[]> {
  for (const message of messages) await open.connection.send(message);
  const arrived = await sent(open, form);
  expect(arrived).toHaveLength(messages.length);
  for (const [i, message] of messages.entries()) {
    expect(arrived[i]!.text).toBe(typeof message === 'string');
    expect(arrived[i]!.data.equals(Buffer.from(message as string)), `message ${i}`).toBe(true);
  }
  return arrived;
}

describe('messages', () => {
  test('are compressed, each with what those before it hold', async () => {
    const quote = JSON.stringify({ symbol: 'EURUSD', bid: 1.0834, ask: 1.0836, venue: 'somewhere' });
    const messages = await expectSent(await opened(), [quote, quote, Buffer.from(quote), 'größe 😀', everyByte, 'x']);
    expect(messages.map(({ compressed }) => compressed)).toEqual(Array(6).fill(true));
    expect(messages[1]!.size).toBeLessThan(10);
    expect(messages[2]!.size).toBeLessThan(10);
  });

  test('that are empty are not', async () => {
    const messages = await expectSent(await opened(), ['', 'full', Buffer.alloc(0), 'full']);
    expect(messages.map(({ compressed, size }) => compressed || size)).toEqual([0, true, 0, true]);
  });

  test('of all sizes are', async () => {
    const sizes = [1, 2, 125, 126, 1_000, 16_383, 16_384, 16_385, 32_768, 32_769, 65_535, 65_536, 200_000, mebi];
    const messages = sizes.flatMap((size) => [noise.subarray(0, size), 'x'.repeat(size), 'é😀'.repeat(size / 6 + 1)]);
    const arrived = await expectSent(await opened(), messages);
    expect(arrived.every(({ compressed, frames }) => compressed && frames === 1)).toBe(true);
  });

  test('larger than all that is buffered are', async () => {
    const messages = [Buffer.alloc(40 * mebi, everyByte), 'x'.repeat(10 * mebi), 'after'];
    const arrived = await expectSent(await opened(), messages);
    expect(arrived[0]!.size).toBeLessThan(mebi);
  });

  test('that are handed over are, and nothing of them is left', async () => {
    const open = await opened();
    const bytes = new Uint8Array(mebi).fill(7);
    await open.connection.send(bytes, { transfer: true });
    expect(bytes.byteLength).toBe(0);
    const [message] = await sent(open);
    expect(message).toMatchObject({ compressed: true, text: false });
    expect(message!.data.equals(Buffer.alloc(mebi, 7))).toBe(true);
  });

  test('sent in one turn keep their order, with pings between them', async () => {
    const open = await openRaw([acceptDeflate(), expectFrame('ping'), mark('pinged')]);
    const messages = Array.from({ length: 2_000 }, (_, i) => `message ${i} of many`);
    const sends = messages.map((message, i) => {
      if (i === 1_000) void open.connection.ping().catch(() => {});
      return open.connection.send(message);
    });
    await Promise.all(sends);
    await open.peer.reached('pinged');
    expect((await sent(open)).map(({ data }) => `${data}`)).toEqual(messages);
  });

  test('come back from a peer that echoes them', async () => {
    const { connection } = await openRaw([acceptDeflate(), echoMessages()]);
    for (const size of [1, 200, 5_000, 70_000, mebi]) {
      const text = 'größe '.repeat(size / 7 + 1);
      await connection.send(text);
      await connection.send(noise.subarray(0, size));
      expect((await connection.recv()) === text).toBe(true);
      expect(noise.subarray(0, size).equals((await connection.recv()) as Buffer)).toBe(true);
    }
  });
});

describe('whether a message is compressed', () => {
  /** For each call, whether the message that it sent was compressed. */
  async function compressing(open: Opened, ...sends: (() => Promise<void>)[]): Promise<boolean[]> {
    for (const send of sends) await send();
    return (await sent(open)).map(({ compressed }) => compressed);
  }

  /** For each size, whether ASCII, other text and bytes of so many bytes are compressed. */
  async function bySize(open: Opened, ...sizes: number[]): Promise<boolean[][]> {
    const { connection } = open;
    const sends = sizes.flatMap((size) => [
      () => connection.send('x'.repeat(size)),
      () => connection.send('é'.repeat(size / 2) + 'x'.repeat(size % 2)),
      () => connection.send(Buffer.alloc(size)),
    ]);
    const flags = await compressing(open, ...sends);
    return sizes.map((_, i) => flags.slice(3 * i, 3 * i + 3));
  }
  const all = [true, true, true];
  const none = [false, false, false];

  test('is for send() to say', async () => {
    const open = await opened();
    const { connection } = open;
    const big = 'x'.repeat(50_000);
    const flags = await compressing(
      open,
      () => connection.send('small', { compress: false }),
      () => connection.send('small', { compress: true }),
      () => connection.send(big, { compress: false }),
      () => connection.send(big, { compress: true }),
      () => connection.send(everyByte, { compress: false }),
      () => connection.send(Buffer.from(big), { compress: false }),
      () => connection.sendMany(['one', 'two'], { compress: false }),
      () => connection.sendMany(['one', big]),
    );
    expect(flags).toEqual([false, true, false, true, false, false, false, false, true, true]);
  });

  test('goes by the threshold, in bytes, else', async () => {
    expect(await bySize(await opened({ threshold: 100 }), 99, 100, 101)).toEqual([none, all, all]);
  });

  test.each([20_000, 40_000, 100_000])('goes by a threshold of %i bytes', async (threshold) => {
    const sizes = [threshold - 1, threshold, threshold + 1];
    expect(await bySize(await opened({ threshold }), ...sizes)).toEqual([none, all, all]);
  });

  test('is told by send() whatever the threshold', async () => {
    const open = await opened({ threshold: 1_000_000 });
    const { connection } = open;
    expect(await compressing(open, () => connection.send('x', { compress: true }))).toEqual([true]);
  });

  test('goes by 1,024 bytes where the window is forgotten after each message', async () => {
    expect(await bySize(await opened({ clientNoContextTakeover: true }), 1_023, 1_024)).toEqual([none, all]);
    expect(await bySize(await opened(true, 'client_no_context_takeover'), 1_023, 1_024)).toEqual([none, all]);
  });

  test('goes by the threshold that was given where the window is forgotten', async () => {
    const open = await opened({ clientNoContextTakeover: true, threshold: 0 });
    expect(await bySize(open, 1)).toEqual([all]);
  });

  test('is nothing the server’s window has a part in', async () => {
    expect(await bySize(await opened(true, 'server_no_context_takeover'), 1)).toEqual([all]);
  });
});

describe('a window', () => {
  /** Data of every period around the window's size: what refers to more than the window can't be inflated. */
  function periods(bits: number): Buffer[] {
    const size = 2 ** bits;
    return [size / 2, size - 262, size - 64, size, size + 1, size + 64, size + 200, 2 * size]
      .filter((period) => period > 0)
      .map((period) => Buffer.concat(Array(4).fill(noise.subarray(period, 2 * period))));
  }

  test.each([8, 9, 10, 11, 12, 13, 14, 15])('of %i bits is kept to', async (bits) => {
    const messages = [...periods(bits), 'é'.repeat(10_000), noise.subarray(0, 100_000)];
    const form = { windowBits: bits };
    await expectSent(await opened(true, `client_max_window_bits=${bits}`), [...messages, ...messages], form);
    // What was offered binds us where the server says nothing.
    await expectSent(await opened({ clientMaxWindowBits: bits, level: 9 }), messages, form);
  });

  test('makes what lies within it small', async () => {
    const period = noise.subarray(0, 200);
    const [first, second] = await expectSent(await opened(true, 'client_max_window_bits=8'), [period, period], {
      windowBits: 8,
    });
    expect(first!.size).toBeGreaterThan(200);
    expect(second!.size).toBeLessThan(20);
  });

  test.each<[string, CompressionOptions, string[]]>([
    ['the client', { clientNoContextTakeover: true, threshold: 0 }, []],
    ['the server', { threshold: 0 }, ['client_no_context_takeover']],
  ])('is forgotten after each message where %s wants that', async (_who, options, parameters) => {
    const message = 'the same message, over and over';
    const messages = [message, message, message, '', message, noise.subarray(0, 100_000), message];
    const arrived = await expectSent(await opened(options, ...parameters), messages, { takeover: false });
    expect(arrived[1]!.size).toBe(arrived[0]!.size);
  });
});

test.each<[CompressionOptions]>([
  [{ level: 0 }],
  [{ level: 1, memLevel: 1 }],
  [{ level: 9, memLevel: 9 }],
  [{ level: -1, memLevel: 8 }],
  [{ level: 3, memLevel: 1, clientMaxWindowBits: 9 }],
  [{ level: 0, clientMaxWindowBits: 8, clientNoContextTakeover: true, threshold: 0 }],
])('%j is taken', async (options) => {
  const messages = ['x'.repeat(1_000), noise.subarray(0, 70_000), 'é'.repeat(70_000), 'last'];
  const form = { windowBits: Number(options.clientMaxWindowBits ?? 15), takeover: !options.clientNoContextTakeover };
  const [first] = await expectSent(await opened(options), messages, form);
  if (options.level === 0) expect(first!.size).toBeGreaterThan(1_000);
  else expect(first!.size).toBeLessThan(100);
});

describe('a message in fragments', () => {
  const items = ['größe ', '', '😀'.repeat(1_000), 'x'.repeat(40_000), 'end'];

  test('is compressed, one frame for each', async () => {
    const open = await opened();
    await open.connection.send('before');
    await open.connection.send(items);
    await open.connection.send(items.map((item) => Buffer.from(item)));
    await open.connection.send('after');
    const frames = await open.peer.frames();
    expect(frames.filter(({ rsv }) => rsv === 4).map(({ type }) => type)).not.toContain('continuation');
    const [before, text, binary, after] = await sent(open);
    const whole = Buffer.from(items.join(''));
    for (const message of [text!, binary!]) {
      expect(message).toMatchObject({ compressed: true, frames: items.length + 1 });
      expect(message.data.equals(whole)).toBe(true);
      expect(message.size).toBeLessThan(1_000);
    }
    expect([`${before!.data}`, `${after!.data}`]).toEqual(['before', 'after']);
  });

  test('is compressed whatever the threshold, unless told otherwise', async () => {
    const open = await opened({ threshold: mebi });
    await open.connection.send(['a', 'b']);
    await open.connection.send(['a', 'b'], { compress: false });
    expect((await sent(open)).map(({ compressed }) => compressed)).toEqual([true, false]);
  });

  test('may be of empty fragments only', async () => {
    const open = await opened();
    await open.connection.send('before');
    await open.connection.send(['', '']);
    await open.connection.send(['']);
    await open.connection.send('before');
    expect((await sent(open)).map(({ data }) => `${data}`)).toEqual(['before', '', '', 'before']);
  });

  test('is inflated fragment by fragment by a peer that does not wait for its end', async () => {
    const open = await opened();
    let end!: () => void;
    const wait = new Promise<void>((resolve) => {
      end = resolve;
    });
    async function* slowly() {
      yield 'first';
      await wait;
      yield 'last';
    }
    const sending = open.connection.send(slowly());
    const frame = await open.peer.expectFrame('text');
    // Flushed: all of the item is there.
    expect(`${new Decompressor().message(frame.payload.subarray(0, -4))}`).toBe('first');
    end();
    await sending;
    expect((await sent(open)).map(({ data }) => `${data}`)).toEqual(['firstlast']);
  });

  test('forgets the window only after its end', async () => {
    const open = await opened({ clientNoContextTakeover: true });
    const item = noise.subarray(0, 1_000);
    await open.connection.send([item, item]);
    await open.connection.send([item, item]);
    const [first, second] = await sent(open, { takeover: false });
    expect(first!.size).toBeLessThan(1_100);
    expect(second!.size).toBe(first!.size);
  });
});

describe('bufferedAmount', () => {
  /** Counts what the application sent, and comes down to nothing once all of it is written. */
  async function expectDrained(connection: Connection): Promise<void> {
    await until(() => connection.bufferedAmount === 0, LONG, 'bufferedAmount of 0');
  }

  test('comes back to 0', async () => {
    const { connection } = await opened();
    for (const size of [1, 100, 20_000, mebi]) {
      for (const data of [noise.subarray(0, size), 'x'.repeat(size), 'é'.repeat(size)]) await connection.send(data);
      await connection.send(['a', noise.subarray(0, size).toString('latin1'), '']);
      await expectDrained(connection);
    }
  });

  test('counts the bytes before they are compressed', async () => {
    const { connection } = await opened();
    const sending = connection.send('x'.repeat(1_000));
    expect(connection.bufferedAmount).toBe(1_000);
    await sending;
    await expectDrained(connection);
  });

  test('comes back to 0 where some messages are compressed and others are not', async () => {
    const open = await opened();
    const { connection } = open;
    const sizes = Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? 200_000 : random(3_000)));
    const sends = sizes.map((size) => connection.send(noise.subarray(0, size), { compress: random(2) === 0 }));
    await Promise.all(sends);
    await expectDrained(connection);
    expect((await sent(open)).map(({ data }) => data.length)).toEqual(sizes);
  });
});

describe('a server that declines', () => {
  async function expectPlain({ connection, peer }: { connection: Connection; peer: ScriptedPeer }): Promise<void> {
    expect(connection.extensions).toBe('');
    await connection.send('x'.repeat(5_000));
    await connection.send('told to', { compress: true });
    await connection.send(['in ', 'fragments'], { compress: true });
    const arrived = await sent({ connection, peer });
    expect(arrived.map(({ compressed }) => compressed)).toEqual([false, false, false]);
    expect(`${arrived[2]!.data}`).toBe('in fragments');
  }

  test.each<[string, Step]>([
    ['by saying nothing', accept()],
    ['by an empty header', accept({ headers: { 'Sec-WebSocket-Extensions': '' } })],
  ])('%s gets nothing that is compressed', async (_how, answer) => {
    await expectPlain(await openRaw([answer]));
  });

  test('has not to where nothing is offered', async () => {
    const opened = await openRaw([accept()], { compression: false });
    expect((await opened.peer.request()).headers['sec-websocket-extensions']).toBeUndefined();
    await expectPlain(opened);
  });
});

test('the extensions are what the server has accepted', async () => {
  const { connection, peer } = await opened(true, 'server_no_context_takeover', 'client_max_window_bits=10');
  expect((await peer.request()).headers['sec-websocket-extensions']).toBe('permessage-deflate; client_max_window_bits');
  expect(connection.extensions).toBe('permessage-deflate; server_no_context_takeover; client_max_window_bits=10');
});
