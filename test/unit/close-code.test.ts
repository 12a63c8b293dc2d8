import { expect, test } from 'vitest';
import { checkCloseArguments } from '../../lib/check.js';
import { closeCodeName, describeCloseFrame, isOrderlyCloseCode, maySendCloseCode } from '../../lib/close-code.js';
import { invalidArgument, invalidRange } from '../../lib/errors.js';

test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
  'code %i may be sent',
  (code) => expect(maySendCloseCode(code)).toBe(true),
);

test.each([-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535, 1000.5, 3000.5, Number.NaN, Infinity])(
  'code %d may not be sent',
  (code) => expect(maySendCloseCode(code)).toBe(false),
);

test('only 1000, 1001 and no code are orderly', () => {
  const orderly = Array.from({ length: 5000 }, (_, code) => code).filter(isOrderlyCloseCode);
  expect(orderly).toEqual([1000, 1001, 1005]);
});

test('codes are named', () => {
  expect([1000, 1006, 3000, 4999, 2000].map(closeCodeName)).toEqual([
    'OK',
    'abnormal closure',
    'registered',
    'private use',
    'unknown',
  ]);
});

test('a close frame in words has its reason only where there is one', () => {
  expect(describeCloseFrame({ code: 1000, reason: '' })).toBe('1000 (OK)');
  expect(describeCloseFrame({ code: 1001, reason: 'bye' })).toBe('1001 (going away) bye');
});

test('a code that may not be sent is a RangeError that says which may', () => {
  expect(() => checkCloseArguments(1005, '')).toThrow(
    invalidRange('close code is 1005; expected 1000 to 1003, 1007 to 1014, or 3000 to 4999'),
  );
});

test('a code that is no number is a TypeError', () => {
  expect(() => checkCloseArguments('1000', '')).toThrow(invalidArgument("close code is '1000'; expected a number"));
});

test('a reason that is no string is a TypeError', () => {
  expect(() => checkCloseArguments(1000, 5)).toThrow(invalidArgument('close reason is 5; expected a string'));
});

test('a reason is measured in bytes of UTF-8', () => {
  expect(() => checkCloseArguments(1000, 'a'.repeat(123))).not.toThrow();
  expect(() => checkCloseArguments(1000, 'é'.repeat(62))).toThrow(
    invalidRange('close reason is 124 bytes; the limit is 123'),
  );
});
