/** Compressed messages as no server may send them: the connection fails with the right code, and says why. */

import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, ProtocolError } from '../../lib/errors.js';
import { Compressor, compressed, cut, sendCompressed, sendFragments } from '../support/deflate.js';
import { DeflateBits } from '../support/deflate-bits.js';
import { ending, open, openRaw } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
import {
  accept,
  acceptDeflate,
  halfClose,
  type Step,
  sendFrame,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';

const notNegotiated = 'reserved bits are set';
const notDeflate = 'compressed message is not valid DEFLATE data';
const notUtf8 = 'text is not valid UTF-8';

/** Expects that the steps fail the connection, after what came before them. */
async function expectFailure(opening: Step, steps: readonly Step[], code: number, message: string): Promise<void> {
  const { connection, peer } = await openRaw([
    opening,
    sendText('before'),
    together(...steps),
    waitForClose(),
    halfClose(),
  ]);
  expect(await connection.recv()).toBe('before');
  const error = await ending(connection);
  expect(error).toBeInstanceOf(ConnectionClosedError);
  expect(error).toMatchObject({ closeCode: 1006, received: undefined, receivedFirst: false, sent: { code } });
  expect(error.cause).toBeInstanceOf(ProtocolError);
  expect(error.cause).toMatchObject({ message, closeCode: code });
  expect(await peer.frames()).toMatchObject([{ type: 'close', code, text: message }]);
}

describe('RSV1', () => {
  const payload = new Compressor().message('hello');
  const fragments = cut(payload, 3);

  test('is refused where the server has accepted no extension', async () => {
    await expectFailure(accept(), [sendFrame(compressed('text', payload))], 1002, notNegotiated);
  });

  test('is refused where none was offered', async () => {
    const script = [sendFrame(compressed('text', payload)), waitForClose(), halfClose()];
    const { connection } = await open(script, { compression: false });
    expect(await ending(connection)).toMatchObject({ sent: { code: 1002 }, cause: { message: notNegotiated } });
  });

  test.each([
    ['a continuation of a compressed message', 4],
    ['a continuation of one that is not', 0],
  ])('is refused in %s', async (_where, rsv) => {
    const begin = sendFrame({ opcode: 'binary', rsv, fin: false, payload: fragments[0]! });
    const end = sendFrame({ opcode: 'continuation', rsv: 4, payload: fragments[1]! });
    await expectFailure(acceptDeflate(), [begin, end], 1002, notNegotiated);
  });

  test.each(['ping', 'pong', 'close'] as const)('is refused in a %s', async (opcode) => {
    await expectFailure(acceptDeflate(), [sendFrame({ opcode, rsv: 4 })], 1002, notNegotiated);
  });

  test('is refused in a ping between compressed fragments', async () => {
    const [first, ...others] = sendFragments('text', fragments);
    const steps = [first!, sendFrame({ opcode: 'ping', rsv: 4 }), ...others];
    await expectFailure(acceptDeflate(), steps, 1002, notNegotiated);
  });

  test.each([2, 1, 6, 5])('changes nothing about other reserved bits: %i', async (rsv) => {
    await expectFailure(acceptDeflate(), [sendFrame({ opcode: 'text', rsv, payload })], 1002, notNegotiated);
  });

  test.each([3, 7])('makes no opcode of %i', async (opcode) => {
    await expectFailure(acceptDeflate(), [sendFrame({ opcode, rsv: 4, payload })], 1002, notNegotiated);
  });
});

describe('what is no DEFLATE data', () => {
  const message = new Compressor().message('hello, hello, hello, and hello again');
  const random = randomNumbers(1951);
  const noise = Buffer.from(Array.from({ length: 100 }, () => random(256)));
  const plain = Buffer.from(Array.from({ length: 2 ** 14 }, () => random(256)));

  test.each<[string, Buffer]>([
    ['a block of the reserved type', Buffer.from([0x06])],
    ['a length that its complement contradicts', Buffer.from('00 05 00 00 00 48'.replaceAll(' ', ''), 'hex')],
    ['text that was not compressed', Buffer.from('this was never compressed')],
    ['noise', noise],
    ['a reference to before the first byte', new DeflateBits().stored(Buffer.from('abc')).reference(8).message()],
    ['a message without its end', message.subarray(0, -3)],
    ['a message without its last byte', message.subarray(0, -1)],
    ['a stored block without its end', new DeflateBits().stored(noise).bytes().subarray(0, -1)],
    ['a last block without its end', new Compressor().final('hello, hello').subarray(0, -2)],
    ['noise behind a last block', Buffer.concat([new Compressor().final('hello'), Buffer.from([0x06])])],
  ])('fails with 1007: %s', async (_what, payload) => {
    await expectFailure(acceptDeflate(), [sendFrame(compressed('binary', payload))], 1007, notDeflate);
  });

  test('fails in a fragment as soon as it comes', async () => {
    const first = sendFrame(compressed('text', Buffer.from([0x06]), { fin: false }));
    await expectFailure(acceptDeflate(), [first], 1007, notDeflate);
  });

  test('fails in the middle of a frame that never ends', async () => {
    const frame = sendFrame(compressed('text', Buffer.from([0x06]), { declaredLength: 1_000_000 }));
    await expectFailure(acceptDeflate(), [frame], 1007, notDeflate);
  });

  test('fails at the last fragment where that leaves the message without its end', async () => {
    const steps = sendFragments('text', [...cut(message.subarray(0, -2), 5), Buffer.alloc(0)]);
    await expectFailure(acceptDeflate(), steps, 1007, notDeflate);
  });

  test.each([8, 9, 10, 11, 12, 13, 14])('fails where it refers beyond a window of %i bits', async (bits) => {
    const fill = new DeflateBits()
      .stored(plain.subarray(0, 2 ** bits))
      .stored(plain.subarray(0, 1))
      .message();
    const script = [fill, new DeflateBits().referenceBeyond(bits).message()];
    const { connection } = await openRaw([
      acceptDeflate(`server_max_window_bits=${bits}`),
      ...script.map((payload) => sendFrame(compressed('binary', payload))),
      waitForClose(),
      halfClose(),
    ]);
    expect(await connection.recv()).toHaveLength(2 ** bits + 1);
    expect(await ending(connection)).toMatchObject({ sent: { code: 1007 }, cause: { message: notDeflate } });
  });

  test('fails where it refers to a message that the server said it would forget', async () => {
    const compressor = new Compressor();
    const { connection } = await openRaw([
      acceptDeflate('server_no_context_takeover'),
      sendCompressed(plain, compressor),
      sendCompressed(plain, compressor),
      waitForClose(),
      halfClose(),
    ]);
    expect(plain.equals((await connection.recv()) as Buffer)).toBe(true);
    expect(await ending(connection)).toMatchObject({ sent: { code: 1007 }, cause: { message: notDeflate } });
  });
});

describe('compressed text that is not UTF-8', () => {
  const bad = Buffer.from([0x66, 0x80]);
  const cutShort = Buffer.from('😀').subarray(0, 3);

  test.each<[string, Buffer]>([
    ['in a message of one frame', bad],
    ['in one that is large', Buffer.concat([Buffer.alloc(100_000, 'x'), bad])],
    ['at the end, in a code point that is cut', cutShort],
    ['at the end of a large one', Buffer.concat([Buffer.alloc(100_000, 'x'), cutShort])],
  ])('fails with 1007: %s', async (_where, text) => {
    const payload = new Compressor().message(text);
    await expectFailure(acceptDeflate(), [sendFrame(compressed('text', payload))], 1007, notUtf8);
  });

  test('is no failure in a binary message', async () => {
    const { connection } = await openRaw([acceptDeflate(), sendCompressed(bad)]);
    expect(await connection.recv()).toEqual(bad);
  });

  test('is found before the message has ended', async () => {
    const first = sendFrame(compressed('text', new Compressor().flushed(bad), { fin: false }));
    await expectFailure(acceptDeflate(), [first], 1007, notUtf8);
  });

  test('is found in the middle of a frame that never ends', async () => {
    const payload = new Compressor().flushed(bad);
    const frame = sendFrame(compressed('text', payload, { declaredLength: 1_000_000 }));
    await expectFailure(acceptDeflate(), [frame], 1007, notUtf8);
  });

  test('is found where two fragments make it', async () => {
    const compressor = new Compressor();
    const parts = [compressor.flushed(cutShort), compressor.message('x')];
    await expectFailure(acceptDeflate(), sendFragments('text', parts), 1007, notUtf8);
  });

  test('is found at the end, where the last fragment is empty', async () => {
    const parts = [new Compressor().message(cutShort), Buffer.alloc(0)];
    await expectFailure(acceptDeflate(), sendFragments('text', parts), 1007, notUtf8);
  });
});
