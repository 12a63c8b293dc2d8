import { expect, test } from 'vitest';
import {
  checkFunction,
  checkInteger,
  checkNames,
  checkNumber,
  checkObject,
  checkSignal,
  checkTimeout,
  nearestName,
  show,
} from '../../lib/check.js';
import { invalidArgument, invalidRange } from '../../lib/errors.js';

test('values are shown short and on one line', () => {
  expect(show('abc')).toBe("'abc'");
  expect(show(5n)).toBe('5n');
  expect(show(() => 1)).toBe('a function');
  expect(show({ a: 1, b: { c: 2 } })).toBe('{ a: 1, b: [Object] }');
  for (const value of ['x'.repeat(1e6), Array(1e6).fill('y'), { text: 'z'.repeat(1e6) }]) {
    expect(show(value).length).toBeLessThan(130);
    expect(show(value)).not.toContain('\n');
  }
});

test('a timeout is rounded up to whole milliseconds', () => {
  expect(checkTimeout('t', 0.1)).toBe(1);
  expect(checkTimeout('t', 20)).toBe(20);
});

test('null switches a timeout off', () => {
  expect(checkTimeout('t', null)).toBe(0);
});

test.each([0, -1, Number.NaN, Infinity, 2 ** 31])('a timeout of %d is a RangeError', (value) => {
  expect(() => checkTimeout('t', value)).toThrow(RangeError);
});

test('an integer is within its bounds, which are included', () => {
  expect(checkInteger('n', 1, 1, 3, 'things')).toBe(1);
  expect(checkInteger('n', 3, 1, 3, 'things')).toBe(3);
  expect(() => checkInteger('n', 4, 1, 3, 'things')).toThrow(
    invalidRange('n is 4; expected an integer number of things from 1 to 3'),
  );
  expect(() => checkInteger('n', 4, 1, 3)).toThrow(invalidRange('n is 4; expected an integer from 1 to 3'));
  expect(() => checkInteger('n', 1.5, 1, 3, 'things')).toThrow(RangeError);
  expect(() => checkInteger('n', '2', 1, 3, 'things')).toThrow(TypeError);
});

test('a number may have a fraction, and is finite', () => {
  expect(checkNumber('n', 1.5, 1)).toBe(1.5);
  expect(checkNumber('n', 1, 1)).toBe(1);
  expect(() => checkNumber('n', 0.9, 1)).toThrow(invalidRange('n is 0.9; expected a finite number, 1 at least'));
  for (const value of [Number.NaN, Infinity]) expect(() => checkNumber('n', value, 1)).toThrow(RangeError);
  expect(() => checkNumber('n', '2', 1)).toThrow(TypeError);
});

test('a function is one', () => {
  expect(() => checkFunction('f', () => {})).not.toThrow();
  expect(() => checkFunction('f', true)).toThrow('f is true; expected a function');
});

test('an object is neither null nor an array', () => {
  expect(() => checkObject('o', {})).not.toThrow();
  for (const value of [null, [], 'x', () => {}]) expect(() => checkObject('o', value)).toThrow('expected an object');
});

test('a signal is told by what it can do', () => {
  const { signal } = new AbortController();
  expect(checkSignal('signal', signal)).toBe(signal);
  for (const value of [null, {}, { aborted: false }, new AbortController()]) {
    expect(() => checkSignal('signal', value)).toThrow('expected an AbortSignal');
  }
});

test('the nearest name is found for a slip, and none for something else', () => {
  const names = ['openTimeout', 'closeTimeout', 'headers'];
  expect(nearestName('openTimout', names)).toBe('openTimeout');
  expect(nearestName('OPENTIMEOUT', names)).toBe('openTimeout');
  expect(nearestName('header', names)).toBe('headers');
  expect(nearestName('perMessageDeflate', names)).toBeUndefined();
});

test('options are an object, without unknown names', () => {
  expect(() => checkNames('o', { text: 1 }, ['text'])).not.toThrow();
  expect(() => checkNames('o', null, ['text'])).toThrow(invalidArgument('o is null; expected an object'));
  expect(() => checkNames('o', [], ['text'])).toThrow(invalidArgument('o is []; expected an object'));
  expect(() => checkNames('o', { texts: 1 }, ['text'])).toThrow(
    invalidArgument('unknown option texts; did you mean text?'),
  );
  expect(() => checkNames('o', { texts: 1 }, ['text'], 'o.')).toThrow(
    invalidArgument('unknown option o.texts; did you mean o.text?'),
  );
  expect(() => checkNames('o', { colour: 1 }, ['text'], 'o.')).toThrow(invalidArgument('unknown option o.colour'));
});
