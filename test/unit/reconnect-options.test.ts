import { expect, test } from 'vitest';
import { longestDelay } from '../../lib/backoff.js';
import { splitReconnectOptions } from '../../lib/reconnect-options.js';
import { isTransient } from '../../lib/retry-policy.js';

test('the defaults are those that are documented', () => {
  const { retrying, connecting } = splitReconnectOptions();
  expect(retrying).toEqual({
    initialDelay: 1_000,
    maxDelay: 60_000,
    maxRetryAfter: 300_000,
    factor: 1.618,
    stableAfter: 5_000,
    shouldRetry: isTransient,
    onRetry: expect.any(Function),
  });
  expect(connecting).toEqual({});
});

test('by default the longest waits grow from a second to a minute', () => {
  const { retrying } = splitReconnectOptions({});
  const seconds = Array.from({ length: 11 }, (_, i) => Math.round(longestDelay(retrying, i + 1) / 100) / 10);
  expect(seconds).toEqual([1, 1.6, 2.6, 4.2, 6.9, 11.1, 17.9, 29, 47, 60, 60]);
});

test('each option replaces its own default and no other', () => {
  const { retrying } = splitReconnectOptions({ initialDelay: 5, stableAfter: 0 });
  expect(retrying).toMatchObject({ initialDelay: 5, maxDelay: 60_000, factor: 1.618, stableAfter: 0 });
});
