import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { HeaderList, isFieldValue, isToken, listMembers, trimWhitespace } from '../../../lib/handshake/headers.js';

const headers = new HeaderList([
  ['Set-Cookie', 'a=1'],
  ['Server', 'x'],
  ['set-cookie', 'b=2'],
]);

test('names are compared without regard to case', () => {
  expect(headers.has('SERVER')).toBe(true);
  expect(headers.get('server')).toBe('x');
  expect(headers.has('date')).toBe(false);
  expect(headers.get('date')).toBeUndefined();
});

test('duplicates are kept, in order, names as they were', () => {
  expect(headers.getAll('Set-Cookie')).toEqual(['a=1', 'b=2']);
  expect(headers.get('Set-Cookie')).toBe('a=1, b=2');
  expect([...headers]).toEqual([
    ['Set-Cookie', 'a=1'],
    ['Server', 'x'],
    ['set-cookie', 'b=2'],
  ]);
  expect(headers.size).toBe(3);
});

test('headers can be printed', () => {
  expect(JSON.stringify(headers)).toBe('{"set-cookie":"a=1, b=2","server":"x"}');
  expect(inspect(headers)).toContain("server: 'x'");
});

test('names that are properties of every object are names like others', () => {
  expect(headers.has('constructor')).toBe(false);
  expect(new HeaderList([['__proto__', 'x']]).get('__proto__')).toBe('x');
});

test('tokens are made of visible ASCII without separators', () => {
  const tokens = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(isToken);
  expect(tokens.join('')).toBe("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  expect(isToken('')).toBe(false);
  expect(isToken('a\n')).toBe(false);
});

test('values have no control characters but the tab', () => {
  const refused = Array.from({ length: 256 }, (_, code) => code).filter((c) => !isFieldValue(String.fromCharCode(c)));
  const controls = Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9);
  expect(refused).toEqual([...controls, 127]);
  expect(isFieldValue('\u0100')).toBe(false);
});

test('only spaces and tabs are white space', () => {
  expect(trimWhitespace(' \ta b\t ')).toBe('a b');
  expect(trimWhitespace('\u00a0a\n')).toBe('\u00a0a\n');
  expect(trimWhitespace('  ')).toBe('');
});

test('a list is spread over headers and may have empty members', () => {
  expect(listMembers(['a, b', ' ,c,, ', ''])).toEqual(['a', 'b', 'c']);
});
