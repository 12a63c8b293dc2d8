import { expect, test } from 'vitest';
import { longestDelay, randomDelay } from '../../lib/backoff.js';
import { randomNumbers } from '../support/random.js';

const settings = { initialDelay: 1_000, maxDelay: 10_000, factor: 2 };

test('the longest delay grows by its factor from the initial one up to the cap', () => {
  const delays = [1, 2, 3, 4, 5, 6].map((attempt) => longestDelay(settings, attempt));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test('a factor of 1 keeps the delay', () => {
  expect(longestDelay({ ...settings, factor: 1 }, 50)).toBe(1_000);
});

test('an initial delay above the cap is cut to it', () => {
  expect(longestDelay({ ...settings, initialDelay: 20_000 }, 1)).toBe(10_000);
});

test('the cap holds after any number of failures', () => {
  expect(longestDelay({ ...settings, factor: 1e300 }, 1e9)).toBe(10_000);
});

test.each([1, 2, 9])('the delay after failure %i is anything from none to the longest', (attempt) => {
  const longest = longestDelay(settings, attempt);
  expect(randomDelay(settings, attempt, () => 0)).toBe(0);
  expect(randomDelay(settings, attempt, () => 0.5)).toBe(longest / 2);
  expect(randomDelay(settings, attempt, () => 1 - Number.EPSILON)).toBe(longest);
});

test('a delay is in whole milliseconds', () => {
  expect(randomDelay(settings, 1, () => 1 / 3)).toBe(333);
});

test('many clients that fail for the first time come back evenly spread', () => {
  const random = randomNumbers(7);
  const tenths = new Array<number>(10).fill(0);
  for (let client = 0; client < 10_000; client++) {
    const delay = randomDelay(settings, 1, () => random(2 ** 30) / 2 ** 30);
    tenths[Math.min(9, Math.floor(delay / 100))]!++;
  }
  for (const clients of tenths) {
    expect(clients).toBeGreaterThan(850);
    expect(clients).toBeLessThan(1_150);
  }
});
