import { describe, expect, test } from 'vitest';
import { type ConnectionClosed, ConnectionClosedError, PayloadTooBig } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { encodeFrame } from '../support/frames.js';
import { ending, open } from '../support/opened.js';
import {
  flood,
  halfClose,
  type Script,
  type Step,
  sendFrame,
  sendRaw,
  sendText,
  waitForClose,
} from '../support/scripted-peer.js';

const first = (size: number): Step => sendFrame({ opcode: 'binary', fin: false, payload: Buffer.alloc(size) });
const next = (size: number): Step => sendFrame({ opcode: 'continuation', fin: false, payload: Buffer.alloc(size) });
const last = (size: number): Step => sendFrame({ opcode: 'continuation', payload: Buffer.alloc(size) });

/** A message in fragments of one byte each, which tells where one is missing or comes twice. */
function inFragments(count: number): { readonly message: Buffer; readonly send: Step } {
  const message = Buffer.from(Array.from({ length: count }, (_, i) => i % 251));
  const frames = Array.from(message, (byte, i) =>
    encodeFrame({ opcode: i === 0 ? 'binary' : 'continuation', fin: i === count - 1, payload: Buffer.of(byte) }),
  );
  return { message, send: sendRaw(Buffer.concat(frames)) };
}

/** How a connection ends whose peer sends what breaks a limit, and waits for our Close. */
async function broken(script: Script, options: ConnectOptions): Promise<ConnectionClosed> {
  const { connection, peer } = await open([...script, waitForClose(), halfClose()], options);
  const error = await ending(connection);
  expect(error).toBeInstanceOf(ConnectionClosedError);
  expect(error.cause).toBeInstanceOf(PayloadTooBig);
  expect(await peer.frames('close')).toMatchObject([{ code: 1009, text: error.sent?.reason }]);
  return error;
}

describe('maxMessageSize', () => {
  test('is broken by a whole message: 1009, and an error with the limit and the size', async () => {
    const error = await broken([first(600), last(500)], { maxMessageSize: { message: 1000 } });
    expect(error.sent).toEqual({ code: 1009, reason: 'message is too big' });
    expect(error.cause).toMatchObject({ message: 'message has 1100 bytes; the limit is 1000', limit: 1000 });
  });

  test('of fragments is broken by one of them: 1009, and an error with the limit and the size', async () => {
    const error = await broken([first(100), next(101)], { maxMessageSize: { fragment: 100 } });
    expect(error.sent).toEqual({ code: 1009, reason: 'fragment is too big' });
    expect(error.cause).toMatchObject({ message: 'fragment has 101 bytes; the limit is 100', limit: 100, actual: 101 });
  });

  test('of fragments is broken by a message of one frame as well', async () => {
    const error = await broken([sendText('x'.repeat(101))], { maxMessageSize: { message: 1000, fragment: 100 } });
    expect(error.cause).toMatchObject({ message: 'fragment has 101 bytes; the limit is 100' });
  });

  test('of fragments leaves the message its own: the default unless given', async () => {
    const mebi = 1024 * 1024;
    const fits = [first(mebi), ...Array.from({ length: 14 }, () => next(mebi)), last(mebi)];
    const { connection } = await open(fits, { maxMessageSize: { fragment: mebi } });
    expect(await connection.recv()).toHaveLength(16 * mebi);
    const error = await broken([first(mebi), ...Array.from({ length: 15 }, () => next(mebi)), last(1)], {
      maxMessageSize: { fragment: mebi },
    });
    expect(error.cause).toMatchObject({ message: `message has ${16 * mebi + 1} bytes; the limit is ${16 * mebi}` });
  });

  test('is for one message at a time', async () => {
    const { connection } = await open([flood(50, { size: 1000 }), first(500), last(500)], { maxMessageSize: 1000 });
    for (let i = 0; i < 51; i++) expect(await connection.recv()).toHaveLength(1000);
  });
});

describe('maxFragments', () => {
  test('is broken by one more: 1009, and an error with the limit and the count', async () => {
    const error = await broken([first(1), next(1), next(1), next(1)], { maxFragments: 3 });
    expect(error.sent).toEqual({ code: 1009, reason: 'message has too many fragments' });
    expect(error.cause).toMatchObject({ message: 'message has 4 fragments; the limit is 3', unit: 'fragments' });
  });

  test('is broken by empty fragments as by others', async () => {
    const error = await broken([first(0), next(0), next(0), next(0)], { maxFragments: 3 });
    expect(error.cause).toMatchObject({ limit: 3, actual: 4 });
  });

  test('counts from the beginning for each message', async () => {
    const { connection } = await open([first(1), next(1), last(1), first(2), next(2), last(2)], { maxFragments: 3 });
    expect(await connection.recv()).toHaveLength(3);
    expect(await connection.recv()).toHaveLength(6);
  });

  test.each([65_537, 131_072])('lets a message have %i fragments unless told otherwise', async (count) => {
    const { message, send } = inFragments(count);
    const { connection } = await open([send, sendText('next')]);
    expect(message.equals((await connection.recv()) as Buffer)).toBe(true);
    expect(await connection.recv()).toBe('next');
  });

  test('is broken by fragment 131,073 unless told otherwise', async () => {
    const error = await broken([inFragments(131_073).send], {});
    expect(error.cause).toMatchObject({ message: 'message has 131073 fragments; the limit is 131072' });
  });

  test('of null lets a message have more than that', async () => {
    const { message, send } = inFragments(200_000);
    const { connection } = await open([send], { maxFragments: null });
    expect(message.equals((await connection.recv()) as Buffer)).toBe(true);
  });

  test('and a high mark far below it go together: a message of more fragments than may wait is received', async () => {
    const { message, send } = inFragments(65_537);
    const { connection } = await open([send], { maxQueue: 100 });
    expect(message.equals((await connection.recv()) as Buffer)).toBe(true);
  });
});
