import { expect, test } from 'vitest';
import { checkAuth, checkHeaders } from '../../lib/header-options.js';

test('headers come as an object, as pairs, as Headers or as a Map', () => {
  const expected = [
    ['x-a', '1'],
    ['x-b', '2'],
  ];
  expect(checkHeaders({ 'x-a': '1', 'x-b': '2', 'x-c': undefined })).toEqual(expected);
  expect(checkHeaders(expected)).toEqual(expected);
  expect(checkHeaders(new Headers({ 'x-a': '1', 'x-b': '2' }))).toEqual(expected);
  expect(checkHeaders(new Map([['x-a', '1'], ['x-b', '2']]))).toEqual(expected); // biome-ignore format: one line
});

test('several values become several headers', () => {
  expect(checkHeaders({ Cookie: ['a=1', 'b=2'] })).toEqual([
    ['Cookie', 'a=1'],
    ['Cookie', 'b=2'],
  ]);
});

test('white space around a value is dropped', () => {
  expect(checkHeaders({ a: ' \tb c ' })).toEqual([['a', 'b c']]);
});

test.each(['a\r\nInjected: 1', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'snow ☃'])('the value %j is refused', (value) => {
  expect(() => checkHeaders({ 'X-A': value })).toThrow('header X-A has a control character or one beyond latin1');
});

test('a refused value is not shown', () => {
  expect(() => checkHeaders({ Cookie: 'secret\n' })).toThrow(expect.not.stringContaining('secret'));
});

test.each(['', 'a b', 'a:', 'a\r\n', 'é', '(x)'])('the name %j is refused', (name) => {
  expect(() => checkHeaders([[name, 'x']])).toThrow('expected a token');
});

test.each([
  'Connection',
  'upgrade',
  'Sec-WebSocket-Key',
  'SEC-WEBSOCKET-VERSION',
  'sec-websocket-protocol',
  'Content-Length',
  'Transfer-Encoding',
])('%s belongs to the handshake', (name) => {
  expect(() => checkHeaders({ [name]: 'x' })).toThrow(`headers has ${name}; expected a header that`);
});

test('Host may be set, once', () => {
  expect(checkHeaders({ Host: 'other' })).toEqual([['Host', 'other']]);
  expect(() => checkHeaders({ Host: 'a', host: 'b' })).toThrow('headers has Host twice');
});

test.each([5, 'a: b', null, [['a']], ['ab'], { a: 5 }, { a: null }, { a: [5] }])(
  'headers of %j are refused',
  (value) => {
    expect(() => checkHeaders(value)).toThrow(TypeError);
  },
);

test('auth is a string or a pair of names', () => {
  expect(checkAuth('user:pass:word')).toEqual({ username: 'user', password: 'pass:word' });
  expect(checkAuth(':')).toEqual({ username: '', password: '' });
  expect(checkAuth({ username: 'ü', password: '' })).toEqual({ username: 'ü', password: '' });
});

test.each(['user', 5, null, {}, { username: 'a' }, { username: 'a:b', password: '' }, 'a:\n'])(
  'auth of %j is refused',
  (value) => expect(() => checkAuth(value)).toThrow(TypeError),
);

test('a refused password is not shown', () => {
  expect(() => checkAuth('user:secret\n')).toThrow(expect.not.stringContaining('secret'));
});
