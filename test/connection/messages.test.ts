import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, PayloadTooBig, ProtocolError } from '../../lib/errors.js';
import { encodeFrame } from '../support/frames.js';
import { ending, open, rejection } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
import {
  expectFrame,
  flood,
  halfClose,
  inPieces,
  mark,
  sendBinary,
  sendFrame,
  sendPing,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { SHORT } from '../support/times.js';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

describe('messages', () => {
  test.each([
    ['ASCII', 'hello'],
    ['characters beyond the BMP', 'a😀é€\u0000\u{10ffff}'],
    ['nothing', ''],
    ['ASCII, longer than a batch', 'x'.repeat(300_000)],
    ['other characters, longer than a batch', 'é😀'.repeat(50_000)],
  ])('a text message of %s is a string', async (_what, text) => {
    const { connection } = await open([sendText(text)]);
    expect((await connection.recv()) === text).toBe(true);
  });

  test.each([
    ['every byte', everyByte],
    ['nothing', Buffer.alloc(0)],
    ['more bytes than a batch', Buffer.alloc(300_000, everyByte)],
  ])('a binary message of %s is a Buffer', async (_what, bytes) => {
    const { connection } = await open([sendBinary(bytes)]);
    const message = (await connection.recv()) as Buffer;
    expect(message).toBeInstanceOf(Buffer);
    expect(message.equals(bytes)).toBe(true);
  });

  test('text and binary messages keep their order, whatever their sizes', async () => {
    const sizes = [0, 1, 125, 126, 5_000, 32_768, 32_769, 65_535, 65_536, 70_000, 3, 200_000, 2];
    const messages = sizes.flatMap((size) => ['t'.repeat(size), Buffer.alloc(size, 'b'), 'é'.repeat(size)]);
    const steps = messages.map((data) => (typeof data === 'string' ? sendText(data) : sendBinary(data)));
    const { connection } = await open([together(...steps)]);
    for (const message of messages) {
      const received = await connection.recv();
      expect(typeof received).toBe(typeof message);
      expect(Buffer.from(message as string).equals(Buffer.from(received as string))).toBe(true);
    }
  });

  test('messages may be cut anywhere on their way', async () => {
    const steps = [sendText('héllo 😀'), sendBinary(everyByte), sendText('x'.repeat(200)), sendPing('p'), sendText('')];
    const { connection, peer } = await open([inPieces(1, ...steps)]);
    expect(await connection.recv()).toBe('héllo 😀');
    expect(await connection.recv()).toEqual(everyByte);
    expect(await connection.recv()).toBe('x'.repeat(200));
    expect(await connection.recv()).toBe('');
    expect((await peer.expectFrame('pong')).text).toBe('p');
  });

  test('what was received is not changed by what comes after', async () => {
    const first = ['text', 'größe', 'b1', 'b2'];
    const steps = [sendText('text'), sendText('größe'), sendBinary(Buffer.from('b1')), sendBinary(Buffer.from('b2'))];
    const { connection } = await open([together(...steps), flood(20_000, { binary: true }), flood(20_000)]);
    const kept = [];
    for (let i = 0; i < 4; i++) kept.push(await connection.recv());
    for (let i = 0; i < 40_000; i++) await connection.recv();
    expect(kept.map(String)).toEqual(first);
  });

  test('decode: false makes text a Buffer of its UTF-8', async () => {
    const texts = ['hello', 'größe 😀', 'é'.repeat(40_000)];
    const { connection } = await open(texts.map(sendText));
    for (const text of texts) {
      const message = (await connection.recv({ decode: false })) as Buffer;
      expect(message).toBeInstanceOf(Buffer);
      expect(message.equals(Buffer.from(text))).toBe(true);
    }
  });

  test('decode: true makes binary a string', async () => {
    const { connection } = await open([sendBinary(Buffer.from('größe 😀'))]);
    expect(await connection.recv({ decode: true })).toBe('größe 😀');
  });

  test('a binary message that is not UTF-8 can’t be decoded, and stays to be received otherwise', async () => {
    const { connection } = await open([sendBinary(everyByte), sendText('next')]);
    const error = await rejection(connection.recv({ decode: true }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'HAWSER_INVALID_UTF8', message: expect.stringContaining('256 bytes') });
    expect(() => connection.tryRecv({ decode: true })).toThrow(TypeError);
    expect(await connection.recv()).toEqual(everyByte);
    expect(await connection.recv()).toBe('next');
  });
});

describe('fragments', () => {
  test('a fragmented text arrives whole, also where a character is cut', async () => {
    const bytes = Buffer.from('a😀é');
    const { connection } = await open([
      sendFrame({ opcode: 'text', fin: false, payload: bytes.subarray(0, 3) }),
      sendFrame({ opcode: 'continuation', fin: false, payload: bytes.subarray(3, 6) }),
      sendFrame({ opcode: 'continuation', fin: false }),
      sendFrame({ opcode: 'continuation', payload: bytes.subarray(6) }),
    ]);
    expect(await connection.recv()).toBe('a😀é');
  });

  test('fragmented bytes arrive whole', async () => {
    const { connection } = await open([
      sendFrame({ opcode: 'binary', fin: false }),
      sendFrame({ opcode: 'continuation', fin: false, payload: everyByte.subarray(0, 100) }),
      sendFrame({ opcode: 'continuation', fin: false, payload: Buffer.alloc(100_000) }),
      sendFrame({ opcode: 'continuation', payload: everyByte.subarray(100) }),
    ]);
    const expected = Buffer.concat([everyByte.subarray(0, 100), Buffer.alloc(100_000), everyByte.subarray(100)]);
    expect(expected.equals((await connection.recv()) as Buffer)).toBe(true);
  });

  test('pings between fragments are answered before the message is complete', async () => {
    const { connection, peer } = await open([
      sendFrame({ opcode: 'text', fin: false, payload: 'one ' }),
      sendPing('between'),
      expectFrame('pong'),
      mark('answered'),
      sendFrame({ opcode: 'continuation', fin: false, payload: 'two ' }),
      sendPing('again'),
      expectFrame('pong'),
      sendFrame({ opcode: 'continuation', payload: 'three' }),
    ]);
    await peer.reached('answered');
    expect(await connection.recv()).toBe('one two three');
    expect((await peer.frames('pong')).map(({ text }) => text)).toEqual(['between', 'again']);
  });
});

describe('fragments at random', () => {
  const texts = ['', 'ascii ', 'größe ', '😀', '漢字 '];

  /** A message's payload in fragments, with pings between some. */
  function fragments(type: 'text' | 'binary', payload: Buffer, random: (below: number) => number): Buffer[] {
    const frames: Buffer[] = [];
    for (let at = 0, started = false, fin = false; !fin; started = true) {
      if (random(4) === 0) frames.push(encodeFrame({ opcode: 'ping', payload: 'between' }));
      const rest = payload.length - at;
      const size = random(3) === 0 ? rest : random(rest + 1);
      fin = size === rest && random(4) > 0;
      const opcode = started ? 'continuation' : type;
      frames.push(encodeFrame({ opcode, fin, payload: payload.subarray(at, at + size) }));
      at += size;
    }
    return frames;
  }

  test.each([1, 2, 3, 4])('and cut at random, messages arrive whole (seed %i)', async (seed) => {
    const random = randomNumbers(seed);
    const messages: (string | Buffer)[] = [];
    const frames: Buffer[] = [];
    for (let i = 0; i < 200; i++) {
      const size = random(20) === 0 ? random(150_000) : random(400);
      const message = random(2) === 0 ? Buffer.alloc(size, everyByte) : texts[random(5)]!.repeat(size / 8);
      messages.push(message);
      const type = typeof message === 'string' ? 'text' : 'binary';
      frames.push(...fragments(type, Buffer.from(message as string), random));
    }
    const pieces = [37, 1_000, 4_099, 65_537][seed - 1]!;
    const { connection } = await open([inPieces(pieces, sendRaw(Buffer.concat(frames)))]);
    for (const message of messages) {
      const received = await connection.recv();
      expect(typeof received).toBe(typeof message);
      expect(Buffer.from(message as string).equals(Buffer.from(received as string))).toBe(true);
    }
  });
});

describe('limits', () => {
  test('a message of just maxMessageSize is received', async () => {
    const { connection } = await open([sendText('x'.repeat(1000))], { maxMessageSize: 1000 });
    expect(await connection.recv()).toHaveLength(1000);
  });

  test('a longer message fails the connection with 1009 by its header alone', async () => {
    const { connection, peer } = await open(
      [sendText('before'), sendFrame({ opcode: 'text', declaredLength: 1001 }), waitForClose(), halfClose()],
      { maxMessageSize: 1000 },
    );
    expect(await connection.recv()).toBe('before');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, sent: { code: 1009 } });
    expect(error.cause).toBeInstanceOf(PayloadTooBig);
    expect(error.cause).toMatchObject({ limit: 1000, actual: 1001, unit: 'bytes' });
    expect(await peer.frames('close')).toMatchObject([{ code: 1009 }]);
  });

  test('fragments count together', async () => {
    const half = { payload: 'x'.repeat(600), fin: false };
    const { connection } = await open(
      [sendFrame({ opcode: 'binary', ...half }), sendFrame({ opcode: 'continuation', ...half }), waitForClose()],
      { maxMessageSize: 1000, closeTimeout: SHORT },
    );
    const error = await ending(connection);
    expect(error).toMatchObject({ sent: { code: 1009 }, cause: { limit: 1000, actual: 1200 } });
  });

  test('a length that no machine can hold is judged by its header too', async () => {
    const { connection } = await open(
      [sendFrame({ opcode: 'binary', declaredLength: 2n ** 62n }), waitForClose(), halfClose()],
      { maxMessageSize: null },
    );
    const error = await ending(connection);
    expect(error).toMatchObject({ sent: { code: 1009 }, cause: { code: 'HAWSER_PAYLOAD_TOO_BIG' } });
  });

  test('too many fragments fail the connection with 1009', async () => {
    const fragment = sendFrame({ opcode: 'continuation', fin: false });
    const { connection } = await open(
      [sendFrame({ opcode: 'text', fin: false }), fragment, fragment, fragment, waitForClose(), halfClose()],
      { maxFragments: 3 },
    );
    const error = await ending(connection);
    expect(error).toMatchObject({ sent: { code: 1009 }, cause: { limit: 3, actual: 4, unit: 'fragments' } });
  });

  test('a message of as many fragments as allowed is received', async () => {
    const { connection } = await open(
      [
        sendFrame({ opcode: 'text', fin: false, payload: 'a' }),
        sendFrame({ opcode: 'continuation', fin: false, payload: 'b' }),
        sendFrame({ opcode: 'continuation', payload: 'c' }),
        sendText('next'),
      ],
      { maxFragments: 3 },
    );
    expect(await connection.recv()).toBe('abc');
    expect(await connection.recv()).toBe('next');
  });
});

describe('invalid text', () => {
  test('text that is not UTF-8 fails the connection with 1007', async () => {
    const { connection, peer } = await open([
      sendFrame({ opcode: 'text', payload: Buffer.from([0x66, 0x80]) }),
      waitForClose(),
      halfClose(),
    ]);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, sent: { code: 1007 } });
    expect(error.cause).toBeInstanceOf(ProtocolError);
    expect(await peer.frames('close')).toMatchObject([{ code: 1007 }]);
  });

  test('it is found while the bytes of a frame still arrive', async () => {
    const { connection } = await open([
      sendFrame({ opcode: 'text', payload: Buffer.from([0xff]), declaredLength: 1_000_000 }),
      waitForClose(),
      halfClose(),
    ]);
    expect(await ending(connection)).toMatchObject({ sent: { code: 1007 } });
  });

  test('a character that is not complete at the end of the message is found', async () => {
    const { connection } = await open([
      sendFrame({ opcode: 'text', fin: false, payload: Buffer.from([0xe2, 0x82]) }),
      sendFrame({ opcode: 'continuation' }),
      waitForClose(),
      halfClose(),
    ]);
    expect(await ending(connection)).toMatchObject({ sent: { code: 1007 } });
  });
});
