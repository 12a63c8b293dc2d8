/** Compressed messages (RFC 7692) as they are received, from peers that compress in every way that is allowed. */

import { constants } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import type { Data } from '../../lib/types.js';
import { Compressor, compressed, cut, sendCompressed, sendFragments } from '../support/deflate.js';
import { DeflateBits, referred } from '../support/deflate-bits.js';
import { encodeFrame } from '../support/frames.js';
import { openRaw } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
import {
  acceptDeflate,
  expectFrame,
  inPieces,
  mark,
  type Step,
  sendBinary,
  sendFrame,
  sendPing,
  sendRaw,
  sendText,
  together,
} from '../support/scripted-peer.js';

const mebi = 1024 * 1024;
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const random = randomNumbers(7692);
const noise = Buffer.from(Array.from({ length: mebi }, () => random(256)));

async function opened(steps: readonly Step[], ...parameters: string[]): Promise<Connection> {
  return (await openRaw([acceptDeflate(...parameters), ...steps])).connection;
}

/** Compares without the cost of showing a megabyte that differs. */
function same(received: Data, sent: string | Buffer): boolean {
  if (typeof sent === 'string') return received === sent;
  return Buffer.isBuffer(received) && received.equals(sent);
}

async function expectMessages(connection: Connection, messages: readonly (string | Buffer)[]): Promise<void> {
  for (const [i, message] of messages.entries()) {
    expect(same(await connection.recv(), message), `message ${i} of ${message.length} is what was sent`).toBe(true);
  }
}

/** The letters of the alphabet, over and over, each time followed by another number. */
function prose(size: number): string {
  let text = '';
  for (let i = 0; text.length < size; i++) text += `the quick brown fox jumps over ${i} lazy dogs; `;
  return text.slice(0, size);
}

describe('messages', () => {
  test.each([
    ['ASCII', 'hello'],
    ['characters beyond the BMP', 'a😀é€\u0000\u{10ffff}'],
    ['nothing', ''],
    ['bytes', everyByte],
    ['no bytes', Buffer.alloc(0)],
  ])('of %s are received', async (_what, data) => {
    const compressor = new Compressor();
    const connection = await opened([sendCompressed(data, compressor), sendCompressed('next', compressor)]);
    expect(connection.extensions).toBe('permessage-deflate');
    await expectMessages(connection, [data, 'next']);
  });

  const sizes = [1, 2, 125, 126, 1_000, 4_095, 4_096, 16_384, 32_767, 32_768, 32_769, 65_535, 65_536, 300_000, mebi];
  test.each<[string, (size: number) => string | Buffer]>([
    ['ASCII that repeats little', prose],
    ['ASCII that repeats', (size) => 'x'.repeat(size)],
    ['other characters', (size) => 'é😀漢字'.repeat(size / 12 + 1)],
    ['bytes that nothing compresses', (size) => noise.subarray(0, size)],
    ['bytes that compress a thousandfold', (size) => Buffer.alloc(size)],
  ])('of %s are received in every size', async (_what, make) => {
    const messages = sizes.map(make);
    const compressor = new Compressor();
    const steps = messages.map((message) => sendCompressed(message, compressor));
    await expectMessages(await opened(steps), messages);
  });

  test('may be cut anywhere on their way', async () => {
    const messages = ['héllo 😀', everyByte, prose(3_000), '', Buffer.alloc(5_000), 'é'.repeat(300)];
    const compressor = new Compressor();
    const steps = messages.map((message) => sendCompressed(message, compressor));
    await expectMessages(await opened([inPieces(1, ...steps)]), messages);
  });

  test('that are compressed and others keep their order', async () => {
    const compressor = new Compressor();
    const messages: (string | Buffer)[] = [];
    const steps: Step[] = [];
    for (let i = 0; i < 300; i++) {
      const text = `${i} ${prose(random(i % 50 === 0 ? 100_000 : 200))}`;
      const message = random(2) === 0 ? text : Buffer.from(text);
      messages.push(message);
      if (random(2) === 0) steps.push(sendCompressed(message, compressor));
      else steps.push(typeof message === 'string' ? sendText(message) : sendBinary(message));
    }
    await expectMessages(await opened([together(...steps)]), messages);
  });

  test('without a byte, as some servers send them, are empty ones', async () => {
    const compressor = new Compressor();
    const nothing = Buffer.alloc(0);
    const connection = await opened([
      sendCompressed('one', compressor),
      sendFrame(compressed('text', nothing)),
      ...sendFragments('binary', [nothing, nothing]),
      sendCompressed('one', compressor),
    ]);
    await expectMessages(connection, ['one', '', nothing, 'one']);
  });

  test('that were received are not changed by what comes after', async () => {
    const compressor = new Compressor();
    const messages = Array.from({ length: 2_000 }, (_, i) => Buffer.from(`${i} ${prose(i % 100)}`));
    const connection = await opened([
      together(...messages.map((message) => sendCompressed(message, compressor))),
      sendText('end'),
    ]);
    const kept: Data[] = [];
    for (let message = await connection.recv(); message !== 'end'; message = await connection.recv())
      kept.push(message);
    expect(kept.map(String)).toEqual(messages.map(String));
  });

  test('are had as bytes with decode: false, and as strings with decode: true', async () => {
    const compressor = new Compressor();
    const text = 'größe 😀'.repeat(5_000);
    const connection = await opened([text, 'größe', Buffer.from(text)].map((data) => sendCompressed(data, compressor)));
    expect(same(await connection.recv({ decode: false }), Buffer.from(text))).toBe(true);
    expect(await connection.recv({ decode: false })).toEqual(Buffer.from('größe'));
    expect(same(await connection.recv({ decode: true }), text)).toBe(true);
  });
});

describe('fragments', () => {
  test('make a message, with pings answered between them', async () => {
    const text = 'größe 😀 '.repeat(400);
    const [first, ...others] = sendFragments('text', cut(new Compressor().message(text), 20));
    const pings = others.flatMap((step, i) => [sendPing(`${i}`), step]);
    const { connection, peer } = await openRaw([
      acceptDeflate(),
      first!,
      sendPing('early'),
      expectFrame('pong'),
      mark('answered'),
      ...pings,
    ]);
    await peer.reached('answered');
    expect(await connection.recv()).toBe(text);
    for (const i of others.keys()) expect((await peer.expectFrame('pong')).text).toBe(`${i}`);
  });

  test('may hold one byte each, or none', async () => {
    const compressor = new Compressor();
    const parts = cut(compressor.message(prose(500)), 1).flatMap((byte) => [Buffer.alloc(0), byte]);
    const connection = await opened([
      together(...sendFragments('text', [...parts, Buffer.alloc(0)])),
      sendCompressed('next', compressor),
    ]);
    await expectMessages(connection, [prose(500), 'next']);
  });

  test('may each end with the block that only the last may not end with', async () => {
    const compressor = new Compressor();
    const parts = [compressor.flushed('one '), compressor.flushed('two '), compressor.message('three')];
    const empty = [compressor.flushed('four'), Buffer.from([0x00])];
    const connection = await opened([...sendFragments('text', parts), ...sendFragments('text', empty)]);
    await expectMessages(connection, ['one two three', 'four']);
  });

  test('that are not compressed make a message between compressed ones', async () => {
    const compressor = new Compressor();
    const plain = cut(Buffer.from('plain é'), 1);
    const connection = await opened([
      sendCompressed('one', compressor),
      ...sendFragments('text', plain, 0),
      sendCompressed('two', compressor),
    ]);
    await expectMessages(connection, ['one', 'plain é', 'two']);
  });

  test.each([1, 2, 3, 4])('and cut at random, messages arrive whole (seed %i)', async (seed) => {
    const below = randomNumbers(seed);
    const compressor = new Compressor();
    const messages: (string | Buffer)[] = [];
    const frames: Buffer[] = [];
    for (let i = 0; i < 150; i++) {
      const size = below(20) === 0 ? below(150_000) : below(400);
      const message = below(2) === 0 ? noise.subarray(i, i + size) : '😀é '.repeat(size / 7);
      const payload = compressor.message(message);
      messages.push(message);
      for (let at = 0, begun = false, fin = false; !fin; begun = true) {
        if (below(4) === 0) frames.push(encodeFrame({ opcode: 'ping', payload: 'between' }));
        const rest = payload.length - at;
        const length = below(3) === 0 ? rest : below(rest + 1);
        fin = length === rest && below(4) > 0;
        const opcode = begun ? 'continuation' : typeof message === 'string' ? 'text' : 'binary';
        frames.push(encodeFrame({ opcode, fin, rsv: begun ? 0 : 4, payload: payload.subarray(at, at + length) }));
        at += length;
      }
    }
    const pieces = [37, 1_000, 4_099, 65_537][seed - 1]!;
    await expectMessages(await opened([inPieces(pieces, sendRaw(Buffer.concat(frames)))]), messages);
  });

  test('are streamed as the text that each of them inflates to, never cut in a code point', async () => {
    const compressor = new Compressor();
    const bytes = Buffer.from('a😀é漢字');
    // Flushed, each frame holds all that it was made from: three bytes here, which end inside a code point.
    const cuts = cut(bytes, 3);
    const parts = cuts.map((part, i) => (i < cuts.length - 1 ? compressor.flushed(part) : compressor.message(part)));
    const connection = await opened([...sendFragments('text', parts), sendCompressed('next', compressor)]);
    const pieces: Data[] = [];
    for await (const piece of connection.recvStream()) pieces.push(piece);
    expect(pieces).toEqual(['a', '😀', 'é', '漢', '字']);
    expect(await connection.recv()).toBe('next');
  });

  test('are streamed before the message has ended', async () => {
    const compressor = new Compressor();
    const [first, last] = sendFragments('text', [compressor.flushed('first '), compressor.message('last')]);
    const { connection, peer } = await openRaw([acceptDeflate(), first!]);
    const stream = connection.recvStream();
    expect(await stream.next()).toEqual({ done: false, value: 'first ' });
    await peer.do(last!);
    expect(await stream.next()).toEqual({ done: false, value: 'last' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe('blocks', () => {
  const hex = (...bytes: string[]): Step[] => bytes.map((one) => sendRaw(Buffer.from(one.replaceAll(' ', ''), 'hex')));
  test.each([
    ['one block', hex('c1 07 f2 48 cd c9 c9 07 00')],
    ['fragments', hex('41 03 f2 48 cd', '80 04 c9 c9 07 00')],
    ['a block without compression', hex('c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00')],
    ['a block marked as the last', hex('c1 08 f3 48 cd c9 c9 07 00 00')],
    ['two blocks', hex('c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00')],
  ])('as in the example of RFC 7692 with %s', async (_what, steps) => {
    await expectMessages(await opened(steps), ['Hello']);
  });

  test('that refer to the message before, as in the example of RFC 7692', async () => {
    const connection = await opened(hex('c1 07 f2 48 cd c9 c9 07 00', 'c1 05 f2 00 11 00 00'));
    await expectMessages(connection, ['Hello', 'Hello']);
  });

  test.each([
    ['without compression', { level: 0 }],
    ['with fixed codes', { strategy: constants.Z_FIXED }],
    ['without references', { strategy: constants.Z_HUFFMAN_ONLY }],
    ['with nothing but runs', { strategy: constants.Z_RLE }],
    ['as small as can be', { level: 9 }],
  ])('%s are read', async (_how, form) => {
    const messages = [prose(200_000), noise.subarray(0, 200_000), 'é'.repeat(1_000)];
    const compressor = new Compressor(form);
    await expectMessages(await opened(messages.map((message) => sendCompressed(message, compressor))), messages);
  });

  test('may be empty, and many', async () => {
    const bits = new DeflateBits();
    for (let i = 0; i < 1_000; i++) bits.stored(Buffer.from(i % 100 === 0 ? 'x' : ''));
    const connection = await opened([sendFrame(compressed('text', bits.message()))]);
    await expectMessages(connection, ['x'.repeat(10)]);
  });

  test.each([
    ['with the empty block that should follow', Buffer.from([0x00])],
    ['without any block behind', Buffer.alloc(0)],
  ])('marked as the last end no message but their own, %s', async (_how, end) => {
    const compressor = new Compressor();
    const last = (data: string) => sendFrame(compressed('text', Buffer.concat([compressor.final(data), end])));
    const messages = ['one two three', 'one two three four', 'one two three four', 'three four five', prose(100_000)];
    const steps = messages.map((data, i) => (i % 2 === 0 ? last(data) : sendCompressed(data, compressor)));
    await expectMessages(await opened(steps), messages);
  });

  test('marked as the last may be followed by others of the same message', async () => {
    const whole = new DeflateBits()
      .stored(everyByte, true)
      .reference(8, true)
      .stored(Buffer.from('!'), true)
      .reference(8)
      .message();
    const plain = [Buffer.from(everyByte)];
    plain.push(referred(Buffer.concat(plain), 8), Buffer.from('!'));
    plain.push(referred(Buffer.concat(plain), 8));
    const payloads = [[whole], cut(whole, 1), cut(whole, 300)];
    const connection = await opened(payloads.flatMap((parts) => sendFragments('binary', parts)));
    await expectMessages(
      connection,
      [0, 1, 2].map(() => Buffer.concat(plain)),
    );
  });
});

describe('windows', () => {
  const allBits = [8, 9, 10, 11, 12, 13, 14, 15];

  test.each(allBits)('of %i bits are used to their last byte', async (bits) => {
    const plain = noise.subarray(0, 2 ** bits);
    // In one message, and over the border between two.
    const one = new DeflateBits().stored(plain).reference(bits).message();
    const tail = Buffer.concat([plain, referred(plain, bits)]);
    const two = new DeflateBits().reference(bits).message();
    const steps = [one, two].map((payload) => sendFrame(compressed('binary', payload)));
    const connection = await opened(steps, `server_max_window_bits=${bits}`);
    await expectMessages(connection, [tail, referred(tail, bits)]);
  });

  test.each(allBits)('of %i bits hold what zlib refers to', async (bits) => {
    const compressor = new Compressor({ windowBits: bits, level: 9 });
    const period = noise.subarray(0, 2 ** bits - 262);
    const messages = [prose(100_000), period, Buffer.concat([period, period, period]), prose(200), noise];
    const steps = messages.map((message) => sendCompressed(message, compressor));
    await expectMessages(await opened(steps, `server_max_window_bits=${bits}`), messages);
  });
});

describe('context takeover', () => {
  const repeated = noise.subarray(0, 5_000);

  test('lets a message refer to those before it', async () => {
    const compressor = new Compressor();
    const payloads = [repeated, repeated].map((data) => compressor.message(data));
    expect(payloads[1]!.length).toBeLessThan(100);
    const connection = await opened(payloads.map((payload) => sendFrame(compressed('binary', payload))));
    await expectMessages(connection, [repeated, repeated]);
  });

  test('reaches over messages that are not compressed, and over empty ones', async () => {
    const compressor = new Compressor();
    const steps = [
      sendCompressed(repeated, compressor),
      sendBinary(noise.subarray(0, 100_000)),
      sendCompressed('', compressor),
      sendFrame({ opcode: 'text' }),
      sendCompressed(repeated, compressor),
    ];
    await expectMessages(await opened(steps), [repeated, noise.subarray(0, 100_000), '', '', repeated]);
  });

  test('is not needed where the server said that it does without', async () => {
    const compressor = new Compressor({ takeover: false });
    const payloads = [repeated, repeated, repeated].map((data) => compressor.message(data));
    expect(payloads[1]).toEqual(payloads[0]);
    const connection = await opened(
      payloads.map((payload) => sendFrame(compressed('binary', payload))),
      'server_no_context_takeover',
    );
    await expectMessages(connection, [repeated, repeated, repeated]);
  });

  test('of the client’s window is nothing to the server’s', async () => {
    const compressor = new Compressor();
    const steps = [repeated, repeated].map((data) => sendCompressed(data, compressor));
    await expectMessages(await opened(steps, 'client_no_context_takeover'), [repeated, repeated]);
  });
});
