import { beforeEach, expect, test, vi } from 'vitest';
import { connect } from '../../lib/connect.js';
import { InvalidURL, invalidArgument, invalidRange } from '../../lib/errors.js';
import { reconnect } from '../../lib/reconnect.js';
import type { ReconnectOptions } from '../../lib/reconnect-options.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));
vi.mock('../../lib/connect.js', async (load) => ({ ...(await load<object>()), connect: vi.fn() }));

const connecting = vi.mocked(connect);
const url = 'ws://localhost/';

beforeEach(() => {
  connecting.mockReset();
  connecting.mockRejectedValue(new Error('fatal'));
});

/** Calls with what the types would not let through. */
function reconnectAny(address: unknown, options?: unknown) {
  return reconnect(address as string, options as ReconnectOptions);
}

test.each([
  ['http://h/', undefined, InvalidURL],
  ['ws://h/#x', undefined, InvalidURL],
  ['wss://h/', { tls: { ca: 1 } }, TypeError],
  [5, undefined, TypeError],
  [url, null, TypeError],
  [url, [], TypeError],
  [url, 'x', TypeError],
  [url, { openTimeout: 0 }, RangeError],
  [url, { signal: {} }, TypeError],
  [url, { compression: 1 }, TypeError],
  [url, { initialDelay: 0 }, RangeError],
  [url, { initialDelay: 2 ** 31 }, RangeError],
  [url, { initialDelay: '1' }, TypeError],
  [url, { maxRetryAfter: -1 }, RangeError],
  [url, { maxRetryAfter: null }, TypeError],
  [url, { maxDelay: 0 }, RangeError],
  [url, { maxDelay: Infinity }, RangeError],
  [url, { factor: 0.9 }, RangeError],
  [url, { factor: Infinity }, RangeError],
  [url, { stableAfter: -1 }, RangeError],
  [url, { stableAfter: null }, TypeError],
  [url, { shouldRetry: true }, TypeError],
  [url, { onRetry: {} }, TypeError],
])('wrong arguments throw at once: %s %j', (address, options, type) => {
  expect(() => reconnectAny(address, options)).toThrow(type);
  expect(connecting).not.toHaveBeenCalled();
});

test('wrong arguments say what is expected', () => {
  expect(() => reconnectAny(url, { initialDelay: 0 })).toThrow(
    invalidRange('initialDelay is 0; expected an integer number of milliseconds from 1 to 2147483647'),
  );
  expect(() => reconnectAny(url, { shouldRetry: 'always' })).toThrow(
    invalidArgument("shouldRetry is 'always'; expected a function"),
  );
});

test.each([
  ['initialDelai', 'initialDelay'],
  ['minDelay', 'initialDelay'],
  ['maxdelay', 'maxDelay'],
  ['stabelAfter', 'stableAfter'],
  ['onretry', 'onRetry'],
  ['maxRetries', 'shouldRetry'],
  ['openTimout', 'openTimeout'],
  ['maxPayload', 'maxMessageSize'],
])('the unknown option %s leads to %s', (name, meant) => {
  expect(() => reconnectAny(url, { [name]: 1 })).toThrow(
    invalidArgument(`unknown option ${name}; did you mean ${meant}?`),
  );
});

test('an unknown option that is near to none is named', () => {
  expect(() => reconnectAny(url, { colour: 'red' })).toThrow(invalidArgument('unknown option colour'));
});

test('an option that is undefined is left out', async () => {
  const names = [
    'initialDelay',
    'maxDelay',
    'maxRetryAfter',
    'factor',
    'stableAfter',
    'shouldRetry',
    'onRetry',
    'signal',
  ];
  const connections = reconnectAny(url, Object.fromEntries(names.map((name) => [name, undefined])));
  await expect(connections.next()).rejects.toThrow('fatal');
});

test('nothing is connected to before the first step', async () => {
  const connections = reconnect(url);
  expect(await connections.return?.()).toEqual({ value: undefined, done: true });
  expect(connecting).not.toHaveBeenCalled();
});

test('connect() is told its own options and no others', async () => {
  const { signal } = new AbortController();
  const headers = { A: 'b' };
  const retrying = { initialDelay: 1, maxDelay: 2, factor: 3, stableAfter: 4, shouldRetry: () => false };
  const options = { ...retrying, onRetry: () => {}, openTimeout: 50, headers, signal };
  await expect(reconnect(url, options).next()).rejects.toThrow('fatal');
  expect(connecting).toHaveBeenCalledExactlyOnceWith(url, {
    openTimeout: 50,
    headers,
    signal: expect.any(AbortSignal),
  });
});

test('a URL object may be changed meanwhile', async () => {
  const address = new URL('ws://localhost/one');
  const connections = reconnect(address);
  address.pathname = '/two';
  await expect(connections.next()).rejects.toThrow('fatal');
  expect(connecting).toHaveBeenCalledWith('ws://localhost/one', expect.anything());
});
