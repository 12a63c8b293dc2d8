import { expect, test } from 'vitest';
import { BodyDecoder, maxBodySize } from '../../../lib/handshake/body.js';
import { type HeaderEntry, HeaderList } from '../../../lib/handshake/headers.js';

function decoder(headers: readonly HeaderEntry[] = [], status = 200, limit?: number) {
  return new BodyDecoder({ status, statusText: '', headers: new HeaderList(headers) }, limit);
}

/** Feeds the text in pieces of a size until the body is over, and returns what was kept. */
function decode(body: BodyDecoder, text: string, size = text.length) {
  for (let at = 0; at < text.length && !body.done; at += size) {
    body.push(Buffer.from(text.slice(at, at + size), 'latin1'));
  }
  return body.body().toString('latin1');
}

const length = (value: string): HeaderEntry => ['Content-Length', value];
const chunked: HeaderEntry = ['Transfer-Encoding', 'chunked'];

test('a body ends at its Content-Length', () => {
  const body = decoder([length('5')]);
  expect(decode(body, 'helloHTTP/1.1')).toBe('hello');
  expect(body.done).toBe(true);
});

test('a Content-Length of 0 needs no bytes', () => {
  expect(decoder([length('0')]).done).toBe(true);
});

test.each([204, 304, 101, 199])('status %i has no body', (status) => {
  expect(decoder([length('5')], status).done).toBe(true);
});

test('a body without a length ends with the stream', () => {
  const body = decoder();
  expect(decode(body, 'hello')).toBe('hello');
  expect(body.done).toBe(false);
});

test('a body that was cut is what came', () => {
  const body = decoder([length('100')]);
  expect(decode(body, 'hello')).toBe('hello');
  expect(body.done).toBe(false);
});

test.each([['x'], ['-1'], ['1e3'], ['+5'], ['5, 6'], ['9'.repeat(30)], ['0x5'], ['']])(
  'a Content-Length of %j is none',
  (value) => {
    const body = decoder([length(value)]);
    expect(decode(body, 'hello world')).toBe('hello world');
    expect(body.done).toBe(false);
  },
);

test('a Content-Length that is repeated counts once', () => {
  expect(decode(decoder([length('5'), length('5')]), 'hello world')).toBe('hello');
  expect(decode(decoder([length('5, 5')]), 'hello world')).toBe('hello');
});

test('more than 1 MiB is not kept', () => {
  const body = decoder();
  const piece = Buffer.alloc(300_000, 'x');
  let pushes = 0;
  for (; !body.done; pushes++) body.push(piece);
  expect(pushes).toBe(4);
  expect(body.body()).toHaveLength(maxBodySize);
});

test('what is kept is a copy', () => {
  const body = decoder();
  const bytes = Buffer.from('hello');
  body.push(bytes);
  bytes.fill(0);
  expect(body.body().toString()).toBe('hello');
});

const wire = '5\r\nhello\r\n6;a=b;c="d"\r\n world\r\n0\r\nTrailer: x\r\n\r\n';

test.each([1, 2, 3, 7, 100])('a chunked body is decoded in pieces of %i bytes', (size) => {
  const body = decoder([chunked]);
  expect(decode(body, wire, size)).toBe('hello world');
  expect(body.done).toBe(true);
});

test('chunk sizes are hexadecimal, in either case', () => {
  expect(decode(decoder([chunked]), `1a\r\n${'x'.repeat(26)}\r\n1B\r\n${'y'.repeat(27)}\r\n0\r\n\r\n`)).toBe(
    'x'.repeat(26) + 'y'.repeat(27),
  );
});

test('Transfer-Encoding wins over Content-Length', () => {
  expect(decode(decoder([length('2'), chunked]), wire)).toBe('hello world');
});

test('another Transfer-Encoding ends with the stream', () => {
  const body = decoder([['Transfer-Encoding', 'gzip'], length('2')]);
  expect(decode(body, 'hello')).toBe('hello');
  expect(body.done).toBe(false);
});

test.each([
  ['zz\r\nhello\r\n', ''],
  ['\r\n', ''],
  ['-5\r\nhello', ''],
  ['5\nhello', ''],
  ['5\r\nhelloworld\r\n', 'hello'],
  ['5\r\nhello\n5\r\nworld\r\n', 'hello'],
  ['fffffffffffffffff\r\nhello', ''],
  [`5;${'x'.repeat(5000)}\r\nhello`, ''],
])('a malformed chunk ends the body, and what came before is kept: %j', (text, kept) => {
  for (const size of [1, text.length]) {
    const body = decoder([chunked]);
    expect(decode(body, text, size)).toBe(kept);
    expect(body.done).toBe(true);
  }
});

test('a chunked body is bounded', () => {
  const body = decoder([chunked], 200, 8);
  expect(decode(body, wire)).toBe('hello wo');
  expect(body.done).toBe(true);
});

test('framing is bounded too', () => {
  const body = decoder([chunked]);
  const chunk = Buffer.from(`1;${'x'.repeat(4000)}\r\n.\r\n`);
  let pushes = 0;
  while (!body.done && pushes < 1000) {
    body.push(chunk);
    pushes++;
  }
  expect(pushes).toBeLessThan(300);
});
