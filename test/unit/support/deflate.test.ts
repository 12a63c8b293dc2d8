import { describe, expect, test } from 'vitest';
import { Compressor, Decompressor, messagesOf, sendCompressed } from '../../support/deflate.js';
import { DeflateBits, referred } from '../../support/deflate-bits.js';
import { encodeFrame, FrameReader } from '../../support/frames.js';
import { randomNumbers } from '../../support/random.js';

const random = randomNumbers(15);
const noise = Buffer.from(Array.from({ length: 100_000 }, () => random(256)));
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('compresses the examples of RFC 7692 section 7.2.3', () => {
  const compressor = new Compressor();
  expect(compressor.message('Hello')).toEqual(hex('f2 48 cd c9 c9 07 00'));
  expect(compressor.message('Hello')).toEqual(hex('f2 00 11 00 00'));
  expect(new Compressor({ level: 0 }).message('Hello')).toEqual(hex('00 05 00 fa ff 48 65 6c 6c 6f 00'));
  expect(new Compressor().final('Hello')).toEqual(hex('f3 48 cd c9 c9 07 00'));
});

test('inflates what it compresses, in every form', () => {
  for (let windowBits = 8; windowBits <= 15; windowBits++) {
    for (const takeover of [true, false]) {
      const compressor = new Compressor({ windowBits, takeover });
      const decompressor = new Decompressor({ windowBits, takeover });
      for (const data of [noise.subarray(0, 5_000), Buffer.alloc(0), noise.subarray(1_000), noise.subarray(0, 5_000)]) {
        expect(decompressor.message(compressor.message(data)).equals(data)).toBe(true);
      }
    }
  }
});

test.each([8, 9, 10, 11, 12, 13, 14])('inflates what a window of %i bits holds and nothing beyond', (windowBits) => {
  const plain = noise.subarray(0, 2 ** windowBits + 1);
  const fill = new DeflateBits().stored(plain).message();
  const within = new Decompressor({ windowBits });
  expect(within.message(fill)).toEqual(plain);
  expect(within.message(new DeflateBits().reference(windowBits).message())).toEqual(referred(plain, windowBits));
  const beyond = new Decompressor({ windowBits });
  beyond.message(fill);
  expect(() => beyond.message(new DeflateBits().referenceBeyond(windowBits).message())).toThrow('too far back');
  // Also where one call puts all of it out.
  const period = Buffer.concat(Array(4).fill(noise.subarray(0, 2 ** windowBits + 200)));
  // What zlib makes with 9 bits refers to no more than 8 bits hold.
  const payload = new Compressor({ windowBits: Math.max(windowBits + 1, 10) }).message(period);
  expect(() => new Decompressor({ windowBits }).message(payload)).toThrow('too far back');
});

describe('a client’s compressed messages', () => {
  const maskingKey = Buffer.from('abcd');
  const reader = (allowsCompression: boolean): FrameReader => Object.assign(new FrameReader(), { allowsCompression });

  test('are read, put together and inflated', () => {
    const payload = new Compressor().message('größe');
    const frames = [
      encodeFrame({ opcode: 'text', rsv: 4, fin: false, payload: payload.subarray(0, 3), maskingKey }),
      encodeFrame({ opcode: 'ping', maskingKey }),
      encodeFrame({ opcode: 'continuation', payload: payload.subarray(3), maskingKey }),
      encodeFrame({ opcode: 'binary', payload: 'plain', maskingKey }),
    ];
    const read = reader(true).push(Buffer.concat(frames));
    expect(messagesOf(read, new Decompressor())).toEqual([
      { text: true, compressed: true, frames: 2, size: payload.length, data: Buffer.from('größe') },
      { text: false, compressed: false, frames: 1, size: 5, data: Buffer.from('plain') },
    ]);
  });

  test.each([
    ['where that was not agreed upon', 'text', 4, false],
    ['in a continuation', 'continuation', 4, true],
    ['in a ping', 'ping', 4, true],
    ['by another bit', 'text', 2, true],
    ['by more bits', 'binary', 5, true],
  ] as const)('are refused %s', (_where, opcode, rsv, allowed) => {
    const bytes = encodeFrame({ opcode, rsv, maskingKey });
    expect(() => reader(allowed).push(bytes)).toThrow(`reserved bits ${rsv} in a ${opcode} frame`);
  });

  test('are sent as one frame', () => {
    expect(sendCompressed('Hello')).toEqual({
      do: 'sendFrame',
      frame: { opcode: 'text', rsv: 4, payload: hex('f2 48 cd c9 c9 07 00') },
    });
  });
});
