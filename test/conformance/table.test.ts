import { expect, test } from 'vitest';
import { difference } from './table.js';

const table = new Map([
  ['1.1', 'OK'],
  ['1.2', 'NON-STRICT: no Close'],
]);

test('the same verdicts make no difference', () => {
  expect(difference(table, new Map(table))).toEqual([]);
});

test('a better verdict makes a difference as well as a worse one', () => {
  const actual = new Map([
    ['1.1', 'FAILED: no echo'],
    ['1.2', 'OK'],
  ]);
  expect(difference(table, actual)).toEqual([
    '- 1.1 OK',
    '+ 1.1 FAILED: no echo',
    '- 1.2 NON-STRICT: no Close',
    '+ 1.2 OK',
  ]);
});

test('a verdict that is missing or new makes a difference', () => {
  expect(difference(table, new Map([['1.1', 'OK']]))).toEqual(['- 1.2 NON-STRICT: no Close']);
  expect(difference(new Map(), new Map([['1.1', 'OK']]))).toEqual(['+ 1.1 OK']);
});
