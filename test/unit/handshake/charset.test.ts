import { expect, test } from 'vitest';
import { decodeText } from '../../../lib/handshake/charset.js';
import { type HeaderEntry, HeaderList } from '../../../lib/handshake/headers.js';

function decode(bytes: string, contentType?: string): string {
  const headers: HeaderEntry[] = contentType === undefined ? [] : [['Content-Type', contentType]];
  return decodeText(Buffer.from(bytes, 'latin1'), new HeaderList(headers));
}

test.each([
  [undefined, 'h\xc3\xa9'],
  ['text/plain', 'h\xc3\xa9'],
  ['text/plain; charset=utf-8', 'h\xc3\xa9'],
  ['text/plain;charset=ISO-8859-1', 'h\xe9'],
  ['text/plain; Charset = "latin1"; x=y', 'h\xe9'],
  ['text/plain; x=y; charset=windows-1252', 'h\xe9'],
  ['text/plain; charset=utf-16le', 'h\0\xe9\0'],
  ['text/plain; charset=klingon', 'h\xc3\xa9'],
  ['text/plain; charset=""', 'h\xc3\xa9'],
  ['text/plain; charset=', 'h\xc3\xa9'],
])('a body of type %s is decoded', (contentType, bytes) => {
  expect(decode(bytes, contentType)).toBe('hé');
});

test('what is malformed shows, and does not throw', () => {
  expect(decode('h\xe9')).toBe('h\ufffd');
});
