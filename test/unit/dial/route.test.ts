import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from '../../../lib/deadline.js';
import { findRoute, type RouteSettings } from '../../../lib/dial/route.js';
import { TimeoutError } from '../../../lib/errors.js';

const settings: RouteSettings = {
  family: 0,
  lookup: (_host, _options, callback) => callback(null, [{ address: '::1', family: 6 }]),
  localAddress: undefined,
  openTimeout: 0,
  signal: undefined,
};
const host = { hostname: 'h.example', port: 9, endpoint: 'h.example:9' };
const never = () => {};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a host is dialled at its addresses', async () => {
  expect(await findRoute(host, settings, new Deadline(0))).toEqual({
    ...host,
    addresses: ['::1'],
    targets: [{ address: '::1', port: 9 }],
  });
});

test('a path is dialled in place of the host, of which nobody asks for addresses', async () => {
  const lookup = () => expect.unreachable();
  expect(await findRoute({ ...host, socketPath: '/s' }, { ...settings, lookup }, new Deadline(0))).toEqual({
    targets: [{ path: '/s' }],
    addresses: ['/s'],
    endpoint: '/s',
    hostname: undefined,
    port: undefined,
  });
});

test('an abstract socket’s name is dialled as it is and shown with an @', async () => {
  expect(await findRoute({ ...host, socketPath: '\0s' }, settings, new Deadline(0))).toMatchObject({
    targets: [{ path: '\0s' }],
    endpoint: '@s',
  });
});

test('a resolver that is not done by the deadline is a timeout', async () => {
  const waiting = findRoute(host, { ...settings, lookup: never, openTimeout: 100 }, new Deadline(100));
  const failed = expect(waiting).rejects.toEqual(
    new TimeoutError('timed out while resolving h.example; openTimeout is 100 ms'),
  );
  await vi.advanceTimersByTimeAsync(100);
  await failed;
});

test('the signal ends waiting for a resolver, and is left alone after', async () => {
  const abort = new AbortController();
  const waiting = findRoute(host, { ...settings, lookup: never, signal: abort.signal }, new Deadline(0));
  const reason = new Error('changed my mind');
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

test('no timer and no listener is left where the resolver has answered', async () => {
  const { signal } = new AbortController();
  await findRoute(host, { ...settings, openTimeout: 100, signal }, new Deadline(100));
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
