import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { undoContentCoding } from '../../lib/content-coding.js';
import { HeaderList } from '../../lib/handshake/headers.js';

const text = 'the server said this, and said it again and again: '.repeat(40);
const plain = Buffer.from(text);

async function decode(body: Buffer, coding: string, limit = 1 << 20): Promise<string> {
  const headers = new HeaderList([['Content-Encoding', coding]]);
  return (await undoContentCoding(body, headers, limit)).toString('latin1');
}

test.each([
  ['gzip', zlib.gzipSync(plain)],
  ['X-GZip', zlib.gzipSync(plain)],
  ['deflate', zlib.deflateSync(plain)],
  ['deflate', zlib.deflateRawSync(plain)],
  ['br', zlib.brotliCompressSync(plain)],
  ['identity', plain],
  ['identity, gzip', zlib.gzipSync(plain)],
  ['deflate, br', zlib.brotliCompressSync(zlib.deflateSync(plain))],
])('%s is undone', async (coding, body) => {
  expect(await decode(body, coding)).toBe(text);
});

test('a body without a coding is what came', async () => {
  expect(await undoContentCoding(plain, new HeaderList(), 10)).toBe(plain);
});

test.each(['zstd', 'gzip, compress', 'gzip, gzip, gzip', 'gzip,'.repeat(1000)])(
  '%j leaves the body as it came',
  async (coding) => {
    const body = zlib.gzipSync(plain);
    expect(await decode(body, coding)).toBe(body.toString('latin1'));
  },
);

test.each([
  ['gzip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
  ['br', zlib.brotliCompressSync],
])('a bomb of %s is inflated no further than the bound', async (coding, compress) => {
  const bomb = compress(Buffer.alloc(16 << 20));
  const body = await undoContentCoding(bomb, new HeaderList([['Content-Encoding', coding]]), 100_000);
  expect(body).toHaveLength(100_000);
});

test('a bomb within a bomb is bounded as well', async () => {
  const bomb = zlib.gzipSync(zlib.gzipSync(Buffer.alloc(16 << 20)));
  expect(await decode(bomb, 'gzip, gzip', 1000)).toHaveLength(1000);
});

test.each([
  ['gzip', zlib.gzipSync(plain)],
  ['deflate', zlib.deflateSync(plain)],
  ['deflate', zlib.deflateRawSync(plain)],
  ['br', zlib.brotliCompressSync(Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 7) % 251)))],
])('a body of %s that is cut is what came of it', async (coding, body) => {
  const whole = await decode(body, coding);
  const cut = await decode(body.subarray(0, body.length - 9), coding);
  expect(cut.length).toBeGreaterThan(0);
  expect(whole.startsWith(cut)).toBe(true);
});

test.each(['gzip', 'deflate', 'br'])('a body that is no %s at all is what came', async (coding) => {
  const html = '<html>no such thing</html>';
  expect(await decode(Buffer.from(html), coding)).toBe(html);
});

test('what comes out before a body is malformed is kept', async () => {
  const noise = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i * 7 + (i >> 5)) % 251));
  const body = zlib.gzipSync(noise, { level: 0 });
  body.fill(0xff, 150_000);
  const kept = await decode(body, 'gzip');
  expect(kept.length).toBeGreaterThan(60_000);
  expect(noise.toString('latin1').startsWith(kept)).toBe(true);
});

test('an empty body needs no inflating', async () => {
  expect(await decode(Buffer.alloc(0), 'gzip')).toBe('');
});
