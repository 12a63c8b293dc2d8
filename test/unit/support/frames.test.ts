import { expect, test } from 'vitest';
import { encodeClose, encodeFrame, encodeText, FrameReader } from '../../support/frames.js';

const maskingKey = Buffer.from('37fa213d', 'hex');

test('builds and reads the examples of RFC 6455 section 5.7', () => {
  expect(encodeText('Hello').toString('hex')).toBe('810548656c6c6f');
  const masked = encodeFrame({ opcode: 'text', payload: 'Hello', maskingKey });
  expect(masked.toString('hex')).toBe('818537fa213d7f9f4d5158');
  expect(new FrameReader().push(masked)).toMatchObject([{ type: 'text', fin: true, text: 'Hello', maskingKey }]);
});

test.each([0, 125, 126, 65535, 65536])('reads a payload of %i bytes, one byte at a time too', (size) => {
  const payload = Buffer.alloc(size, 'x');
  const bytes = encodeFrame({ opcode: 'binary', payload, maskingKey });
  const whole = new FrameReader().push(bytes);
  expect(whole).toHaveLength(1);
  expect(whole[0]!.payload.equals(payload)).toBe(true);
  const reader = new FrameReader();
  const frames = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
  expect(frames).toHaveLength(1);
  expect(frames[0]!.payload.equals(payload)).toBe(true);
  expect(reader.incomplete).toBe(0);
});

test('reads a Close', () => {
  const masked = encodeFrame({ opcode: 'close', payload: encodeClose(4001, 'why').subarray(2), maskingKey });
  expect(new FrameReader().push(masked)).toMatchObject([{ type: 'close', code: 4001, text: 'why' }]);
  const empty = encodeFrame({ opcode: 'close', maskingKey });
  expect(new FrameReader().push(empty)).toMatchObject([{ code: 1005, text: '' }]);
});

test.each([
  ['unmasked', encodeText('x'), 'unmasked text frame'],
  ['reserved', encodeFrame({ opcode: 3, maskingKey }), 'reserved opcode 3'],
  ['fragmented control', encodeFrame({ opcode: 'ping', fin: false, maskingKey }), 'fragmented or long ping'],
  ['non-minimal', encodeFrame({ opcode: 'text', lengthBytes: 2, payload: 'x', maskingKey }), 'length 1 in 2 bytes'],
])('refuses what no client may send: %s', (_name, bytes, message) => {
  expect(() => new FrameReader().push(bytes)).toThrow(message);
});
