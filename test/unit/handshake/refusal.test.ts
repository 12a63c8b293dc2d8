import { expect, test } from 'vitest';
import { InvalidStatus } from '../../../lib/errors.js';
import { HeaderList } from '../../../lib/handshake/headers.js';

function message(status: number, headers: Record<string, string> = {}): string {
  const { message } = new InvalidStatus({ status, statusText: 'x', headers: new HeaderList(Object.entries(headers)) });
  return message.replace('server rejected WebSocket connection: ', '');
}

test.each<[number, Record<string, string>, string]>([
  [401, { 'WWW-Authenticate': 'Basic realm="x"' }, 'HTTP 401; WWW-Authenticate is "Basic realm=\\"x\\""'],
  [426, { Upgrade: 'h2c' }, 'HTTP 426; Upgrade is "h2c"'],
  [426, { 'Sec-WebSocket-Version': '8, 7' }, 'HTTP 426; Sec-WebSocket-Version is "8, 7"'],
  [400, { 'Sec-WebSocket-Version': '8' }, 'HTTP 400; Sec-WebSocket-Version is "8"'],
  [302, { Location: '/login' }, 'HTTP 302; Location is "/login"'],
  [307, { Location: 'http://user:secret@h/' }, 'HTTP 307; Location is "http://…@h/"'],
  [307, { Location: 'http:user:secret@h/' }, 'HTTP 307; Location is "http:…@h/"'],
  [307, { Location: '/users/@me' }, 'HTTP 307; Location is "/users/@me"'],
  [429, { 'Retry-After': '30' }, 'HTTP 429; retry after 30 s'],
  [503, { 'Retry-After': '0' }, 'HTTP 503; retry after 0 s'],
])('a refusal with %i and %j says so', (status, headers, words) => {
  expect(message(status, headers)).toBe(words);
});

test.each<[number, Record<string, string>]>([
  [200, { Location: '/x', Upgrade: 'h2c', 'WWW-Authenticate': 'Basic' }],
  [401, {}],
  [404, { 'Sec-WebSocket-Version': '13' }],
  [503, { 'Retry-After': 'soon' }],
])('a refusal with %i and %j says no more than its status', (status, headers) => {
  expect(message(status, headers)).toBe(`HTTP ${status}`);
});

test('what a server says is cut where it is long', () => {
  expect(message(302, { Location: `/${'x'.repeat(8000)}` }).length).toBeLessThan(200);
});

test('what a server says costs no more time than it is long', () => {
  const began = performance.now();
  message(300, { Location: '/'.repeat(128 * 1024) });
  message(300, { Location: `@${'/'.repeat(128 * 1024)}` });
  expect(performance.now() - began).toBeLessThan(1_000);
});
