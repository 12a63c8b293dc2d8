import { expect, test } from 'vitest';
import { type HeaderEntry, HeaderList } from '../../../lib/handshake/headers.js';
import { parseHttpDate } from '../../../lib/handshake/http-date.js';
import { retryAfter } from '../../../lib/handshake/retry-after.js';

const now = Date.UTC(1994, 10, 6, 8, 49, 7);

function asked(value: string, ...more: HeaderEntry[]): number | undefined {
  const headers = new HeaderList([['Retry-After', value], ...more]);
  return retryAfter({ status: 503, statusText: '', headers }, now);
}

test.each([
  ['0', 0],
  ['1', 1_000],
  ['0120', 120_000],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
  ['Sun Nov  6 08:49:37 1994', 30_000],
])('%j is %i ms', (value, milliseconds) => {
  expect(asked(value)).toBe(milliseconds);
});

test('a time that has passed is now', () => {
  expect(asked('Sun, 06 Nov 1994 08:49:06 GMT')).toBe(0);
});

test.each(['99999999999999999999', '9'.repeat(400), 'Sun, 06 Nov 9999 08:49:37 GMT'])('%j is bounded', (value) => {
  expect(asked(value)).toBe(2 ** 31 - 1);
});

test.each(['', '-1', '1.5', '+1', '1e3', '0x10', '1, 2', 'soon', '1994-11-06T08:49:37Z', '1s', '٣'])(
  '%j is none',
  (value) => {
    expect(asked(value)).toBeUndefined();
  },
);

test('two of them are none', () => {
  expect(asked('1', ['Retry-After', '1'])).toBeUndefined();
});

test('a response without it says nothing', () => {
  expect(retryAfter({ status: 503, statusText: '', headers: new HeaderList() }, now)).toBeUndefined();
});

test('a date counts from the response’s own, if it has one', () => {
  const then = 'Sun, 06 Nov 1994 20:00:30 GMT';
  expect(asked(then, ['Date', 'Sun, 06 Nov 1994 20:00:00 GMT'])).toBe(30_000);
  expect(asked('Sun, 06 Nov 1994 08:49:37 GMT', ['Date', 'yesterday'])).toBe(30_000);
});

test.each([
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 94 08:49:37 GMT',
  'Sun, 06 Foo 1994 08:49:37 GMT',
  'Sun, 31 Feb 1994 08:49:37 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  'Sun, 06 Nov 1994 08:60:37 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  ' Sun, 06 Nov 1994 08:49:37 GMT',
])('%j is no date', (text) => {
  expect(parseHttpDate(text, now)).toBeUndefined();
});

test.each([
  ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2016, 11, 31, 23, 59, 59)],
  ['Tue, 29 Feb 2000 00:00:00 GMT', Date.UTC(2000, 1, 29)],
  ['Tue Feb 29 00:00:00 2000', Date.UTC(2000, 1, 29)],
  ['Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(1900, 0, 1)],
  ['Wednesday, 01-Jan-44 00:00:00 GMT', Date.UTC(1944, 0, 1)],
  ['Wednesday, 01-Jan-45 00:00:00 GMT', Date.UTC(1945, 0, 1)],
])('the date %j is read', (text, milliseconds) => {
  expect(parseHttpDate(text, now)).toBe(milliseconds);
});

test('a year of two digits is not more than fifty years ahead', () => {
  const today = Date.UTC(2026, 5, 1);
  expect(parseHttpDate('Friday, 01-Jan-76 00:00:00 GMT', today)).toBe(Date.UTC(2076, 0, 1));
  expect(parseHttpDate('Friday, 01-Jan-77 00:00:00 GMT', today)).toBe(Date.UTC(1977, 0, 1));
});
