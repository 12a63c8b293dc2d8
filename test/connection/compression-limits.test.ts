/** What compressed messages may grow to: sizes are judged while they inflate, and no memory is asked for beyond them. */

import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, PayloadTooBig } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { Compressor, compressed, cut, sendCompressed, sendFragments } from '../support/deflate.js';
import { DeflateBits } from '../support/deflate-bits.js';
import { ending, openRaw } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
import { acceptDeflate, halfClose, type Step, sendFrame, sendText, waitForClose } from '../support/scripted-peer.js';

const mebi = 1024 * 1024;
const limit = 10_000;
const random = randomNumbers(1009);
const noise = Buffer.from(Array.from({ length: limit + 1 }, () => random(256)));

const opened = (steps: readonly Step[], options: ConnectOptions) =>
  openRaw([acceptDeflate(), ...steps, sendText('next'), waitForClose(), halfClose()], options);

async function expectReceived(steps: readonly Step[], size: number, options: ConnectOptions): Promise<void> {
  const { connection } = await opened(steps, options);
  expect(await connection.recv()).toHaveLength(size);
  expect(await connection.recv()).toBe('next');
}

async function expectTooBig(steps: readonly Step[], options: ConnectOptions, what = 'message'): Promise<PayloadTooBig> {
  const { connection, peer } = await opened(steps, options);
  const error = await ending(connection);
  expect(error).toBeInstanceOf(ConnectionClosedError);
  expect(error).toMatchObject({ closeCode: 1006, sent: { code: 1009, reason: `${what} is too big` } });
  expect(error.cause).toBeInstanceOf(PayloadTooBig);
  expect(error.cause).toMatchObject({ unit: 'bytes', message: expect.stringMatching(`^${what} has \\d+ bytes; the`) });
  expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1009 }]);
  return error.cause as PayloadTooBig;
}

const kinds: [string, (size: number) => string | Buffer][] = [
  ['bytes that nothing compresses', (size) => noise.subarray(0, size)],
  ['bytes that compress well', (size) => Buffer.alloc(size)],
  ['ASCII', (size) => 'x'.repeat(size)],
];

describe.each(kinds)('a compressed message of %s', (_what, make) => {
  test('is received where it is just as big as maxMessageSize', async () => {
    await expectReceived([sendCompressed(make(limit))], limit, { maxMessageSize: limit });
  });

  test('fails the connection with 1009 where it is a byte bigger', async () => {
    const { limit: judged, actual } = await expectTooBig([sendCompressed(make(limit + 1))], { maxMessageSize: limit });
    expect([judged, actual]).toEqual([limit, limit + 1]);
  });

  test('is judged by all its fragments together', async () => {
    const fragments = (size: number) => sendFragments('binary', cut(new Compressor().message(make(size)), 11));
    await expectReceived(fragments(limit), limit, { maxMessageSize: limit });
    expect(await expectTooBig(fragments(limit + 1), { maxMessageSize: limit })).toMatchObject({ actual: limit + 1 });
  });
});

test('a text is judged by its bytes, not its characters', async () => {
  const text = 'é'.repeat(limit / 2);
  await expectReceived([sendCompressed(text)], limit / 2, { maxMessageSize: limit });
  await expectTooBig([sendCompressed(`${text}x`)], { maxMessageSize: limit });
});

test('a message may be bigger compressed than inflated: only what it inflates to counts', async () => {
  const bits = new DeflateBits();
  for (let i = 0; i < 2_000; i++) bits.stored(Buffer.alloc(0));
  await expectReceived([sendFrame(compressed('binary', bits.stored(noise.subarray(0, 10)).message()))], 10, {
    maxMessageSize: 10,
  });
});

test('each message is judged by itself', async () => {
  const compressor = new Compressor();
  const steps = Array.from({ length: 5 }, () => sendCompressed('x'.repeat(limit), compressor));
  const { connection } = await opened(steps, { maxMessageSize: limit });
  for (const _step of steps) expect(await connection.recv()).toHaveLength(limit);
  expect(await connection.recv()).toBe('next');
});

describe('a limit of fragments', () => {
  const half = limit / 2;
  const maxMessageSize = { fragment: half };

  test('is kept by a frame that inflates to just as much', async () => {
    const compressor = new Compressor();
    const parts = [compressor.flushed(Buffer.alloc(half)), compressor.message(Buffer.alloc(half))];
    await expectReceived(sendFragments('binary', parts), limit, { maxMessageSize });
  });

  test('is broken by a frame that inflates to a byte more', async () => {
    const compressor = new Compressor();
    const parts = [compressor.flushed(Buffer.alloc(half)), compressor.message(Buffer.alloc(half + 1))];
    const error = await expectTooBig(sendFragments('binary', parts), { maxMessageSize }, 'fragment');
    expect([error.limit, error.actual]).toEqual([half, half + 1]);
  });

  test('is broken by a frame that declares more, before it has come', async () => {
    const frame = sendFrame(compressed('binary', Buffer.alloc(0), { declaredLength: half + 1 }));
    expect(await expectTooBig([frame], { maxMessageSize }, 'fragment')).toMatchObject({ actual: half + 1 });
  });
});

describe('a bomb', () => {
  // Some 300 KiB that inflate to 300 MiB.
  const payload = new Compressor({ level: 9 }).message(Buffer.alloc(300 * mebi));

  test('fails the connection with 1009 as soon as it passes the limit', async () => {
    expect(payload.length).toBeLessThan(0.4 * mebi);
    const error = await expectTooBig([sendFrame(compressed('binary', payload))], {});
    expect([error.limit, error.actual]).toEqual([16 * mebi, 16 * mebi + 1]);
  });

  test('in fragments is judged before its last one has come', async () => {
    const parts = [...cut(payload, 50), Buffer.alloc(0)];
    const steps = sendFragments('binary', parts).slice(0, parts.length / 2);
    expect(await expectTooBig(steps, {})).toMatchObject({ limit: 16 * mebi });
  });

  test('of text is one as well', async () => {
    expect(await expectTooBig([sendFrame(compressed('text', payload))], {})).toMatchObject({ actual: 16 * mebi + 1 });
  });

  test('is a message where there is no limit', async () => {
    const big = new Compressor({ level: 9 }).message(Buffer.alloc(20 * mebi));
    await expectReceived([sendFrame(compressed('binary', big))], 20 * mebi, { maxMessageSize: null });
  });
});
