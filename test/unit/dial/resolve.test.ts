import { getEventListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from '../../../lib/deadline.js';
import { type Patience, resolveInTime } from '../../../lib/dial/resolve.js';
import { TimeoutError } from '../../../lib/errors.js';

const answering: LookupFunction = (_host, _options, callback) => callback(null, [{ address: '::1', family: 6 }]);
const never = () => {};

function resolve(lookup: LookupFunction, patience: Partial<Patience>): Promise<readonly string[]> {
  const { openTimeout = 0, signal } = patience;
  const settings = { family: 0, lookup, localAddress: undefined } as const;
  return resolveInTime('h.example', settings, { openTimeout, signal }, new Deadline(openTimeout));
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a resolver that is not done by the deadline is a timeout', async () => {
  const waiting = resolve(never, { openTimeout: 100 });
  const failed = expect(waiting).rejects.toEqual(
    new TimeoutError('timed out while resolving h.example; openTimeout is 100 ms'),
  );
  await vi.advanceTimersByTimeAsync(100);
  await failed;
});

test('a signal that has aborted before is not waited through', async () => {
  const reason = new Error('changed my mind');
  const lookup = vi.fn();
  await expect(resolve(lookup, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(lookup).not.toHaveBeenCalled();
});

test('the signal ends waiting for a resolver, and is left alone after', async () => {
  const abort = new AbortController();
  const waiting = resolve(never, { signal: abort.signal });
  const reason = new Error('changed my mind');
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

test('no timer and no listener is left where the resolver has answered', async () => {
  const { signal } = new AbortController();
  expect(await resolve(answering, { openTimeout: 100, signal })).toEqual(['::1']);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
