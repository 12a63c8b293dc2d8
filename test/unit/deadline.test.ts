import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadline } from '../../lib/deadline.js';

test('a deadline counts down in whole milliseconds', () => {
  const remaining = new Deadline(1000).remaining();
  expect(remaining).toBeLessThanOrEqual(1000);
  expect(remaining).toBeGreaterThan(900);
  expect(Number.isInteger(remaining)).toBe(true);
});

test('a deadline that has passed has nothing left', async () => {
  const deadline = new Deadline(1);
  await sleep(5);
  expect(deadline.remaining()).toBe(0);
});

test('a timeout of 0 never comes', () => {
  expect(new Deadline(0).remaining()).toBe(Infinity);
});
