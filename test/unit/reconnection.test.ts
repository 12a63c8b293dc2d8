import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import type { ReconnectOptions } from '../../lib/reconnect-options.js';
import { FakeConnection, fatal, lost, ok, over, refused, settle, start, tooMany } from './fakes/reconnection.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('connecting', () => {
  test('the first attempt is made at once, and its connection is the first step', async () => {
    const connection = new FakeConnection();
    const { connections, attempts } = start([connection]);
    expect(await connections.next()).toEqual({ value: connection, done: false });
    expect(attempts).toEqual([0]);
    expect(connection.calls).toEqual([]);
  });

  test('nothing happens before the first step', async () => {
    const { attempts } = start([new FakeConnection()]);
    await settle();
    expect(attempts).toEqual([]);
  });

  test('failures are waited after, longer each time and up to the cap', async () => {
    const connection = new FakeConnection();
    const { connections, attempts, retries } = start([...Array(5).fill(refused), connection], { maxDelay: 5_000 });
    const step = connections.next();
    await vi.runAllTimersAsync();
    expect((await step).value).toBe(connection);
    expect(retries.map(({ delay }) => delay)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(attempts).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000]);
  });

  test('waits are a random part of the longest, the first one’s too', async () => {
    const parts = [0.25, 0.5, 0];
    const { connections, attempts } = start(
      [refused, refused, refused, new FakeConnection()],
      {},
      () => parts.shift() as number,
    );
    const step = connections.next();
    await vi.advanceTimersByTimeAsync(250 + 1_000);
    await vi.advanceTimersByTimeAsync(1);
    await step;
    // A timer of 0 ms takes 0 or 1, whoever keeps it.
    expect(attempts.slice(0, 3)).toEqual([0, 250, 1_250]);
    expect(attempts[3]).toBeLessThanOrEqual(1_251);
  });

  test('a retry is told of before its wait, with error, attempt and delay', async () => {
    const { connections, attempts, retries } = start([refused, new FakeConnection()]);
    const step = connections.next();
    await vi.advanceTimersByTimeAsync(999);
    expect(retries).toEqual([{ error: refused, attempt: 1, delay: 1_000 }]);
    expect(attempts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await step).done).toBe(false);
  });

  test('a wait keeps the process alive', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const { connections } = start([refused]);
    const step = connections.next();
    await settle();
    const waits = timers.mock.results.filter((_, i) => timers.mock.calls[i]?.[1] === 1_000);
    expect(waits.map(({ value }) => value.hasRef())).toEqual([true]);
    timers.mockRestore();
    await connections.return();
    expect(await step).toEqual(over);
  });

  test('a fatal error is no step but the end', async () => {
    const { connections, retries } = start([fatal, new FakeConnection()]);
    await expect(connections.next()).rejects.toBe(fatal);
    expect(await connections.next()).toEqual(over);
    expect(retries).toEqual([]);
  });

  test('steps that are asked for at the same time are taken one after the other', async () => {
    const made = [new FakeConnection(), new FakeConnection()];
    const { connections } = start(made, { stableAfter: 0 });
    const steps = await Promise.all([connections.next(), connections.next()]);
    expect(steps.map(({ value }) => value)).toEqual(made);
    expect(made[0]?.calls).toEqual(['close 1000']);
  });
});

describe('a refusal with Retry-After', () => {
  /** The delays after HTTP 429 with this value, one for each; then there is a connection. */
  async function delays(values: readonly string[], options: ReconnectOptions = {}): Promise<number[]> {
    const refusals = values.map((value) => tooMany(value));
    const { connections, attempts, retries } = start([...refusals, new FakeConnection()], options);
    const step = connections.next();
    await vi.runAllTimersAsync();
    await step;
    const waited = attempts.slice(1).map((at, i) => at - (attempts[i] as number));
    expect(waited).toEqual(retries.map(({ delay }) => delay));
    return waited;
  }

  test('is waited after for so long, and then for as long as ever', async () => {
    expect(await delays(['30', '0', '7'])).toEqual([31_000, 2_000, 11_000]);
  });

  test('is waited after longer than maxDelay, and no longer than maxRetryAfter', async () => {
    expect(await delays(['30'], { maxDelay: 100 })).toEqual([30_100]);
    expect(await delays(['3600'])).toEqual([301_000]);
    expect(await delays(['3600'], { maxRetryAfter: 5_000 })).toEqual([6_000]);
  });

  test('is as good as one without where maxRetryAfter is 0, or where it is invalid', async () => {
    expect(await delays(['30'], { maxRetryAfter: 0 })).toEqual([1_000]);
    expect(await delays(['soon'])).toEqual([1_000]);
  });

  test('may name a date', async () => {
    vi.setSystemTime(Date.UTC(2026, 0, 1));
    expect(await delays(['Thu, 01 Jan 2026 00:01:00 GMT'])).toEqual([61_000]);
    vi.setSystemTime(Date.UTC(2026, 0, 1));
    expect(await delays(['Wed, 31 Dec 2025 00:00:00 GMT'])).toEqual([1_000]);
  });

  test('is never waited after longer than timers keep', async () => {
    const most = 2 ** 31 - 1;
    expect(await delays(['9'.repeat(20)], { maxRetryAfter: most })).toEqual([most]);
  });

  test('can be left while it is waited after', async () => {
    const { connections, attempts } = start([tooMany('30')]);
    const step = connections.next();
    await vi.advanceTimersByTimeAsync(10_000);
    await connections.return();
    expect(await step).toEqual(over);
    expect(attempts).toHaveLength(1);
  });
});

describe('the next step', () => {
  test('closes the connection that is still open, and waits for its end', async () => {
    const [one, two] = [new FakeConnection(300), new FakeConnection()];
    const { connections, attempts } = start([one, two], { stableAfter: 0 });
    await connections.next();
    const step = connections.next();
    await vi.advanceTimersByTimeAsync(299);
    expect(one.calls).toEqual(['close 1000']);
    expect(attempts).toEqual([0]);
    await vi.advanceTimersByTimeAsync(1);
    expect((await step).value).toBe(two);
  });

  test.each([
    ['in good order', ok, ConnectionClosedOK],
    ['abnormally', lost, ConnectionClosedError],
  ])('waits where the one before ended too early, though %s', async (_how, outcome, type) => {
    const [one, two] = [new FakeConnection(), new FakeConnection()];
    const { connections, attempts, retries } = start([one, two]);
    await connections.next();
    await vi.advanceTimersByTimeAsync(4_999);
    one.end(outcome);
    const step = connections.next();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await step).value).toBe(two);
    expect(attempts).toEqual([0, 5_999]);
    expect(retries).toMatchObject([{ attempt: 1, delay: 1_000, error: { outcome } }]);
    expect(retries[0]?.error).toBeInstanceOf(type);
  });

  test('is taken at once where the one before lived, and failures are counted from 1 again', async () => {
    const one = new FakeConnection();
    const { connections, attempts, retries } = start([refused, refused, one, refused, new FakeConnection()]);
    const first = connections.next();
    await vi.advanceTimersByTimeAsync(3_000);
    await first;
    await vi.advanceTimersByTimeAsync(5_000);
    one.end(lost);
    const second = connections.next();
    await vi.advanceTimersByTimeAsync(1_000);
    await second;
    expect(attempts).toEqual([0, 1_000, 3_000, 8_000, 9_000]);
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
  });

  test('counts connections that end too early and attempts that fail together', async () => {
    const one = new FakeConnection();
    const { connections, retries } = start([refused, one, refused, new FakeConnection()]);
    const first = connections.next();
    await vi.advanceTimersByTimeAsync(1_000);
    await first;
    const second = connections.next();
    await vi.advanceTimersByTimeAsync(2_000 + 4_000);
    await second;
    expect(retries.map(({ attempt, delay }) => [attempt, delay])).toEqual([
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
    ]);
  });

  test('does not take the loop’s own time for the connection’s life', async () => {
    const one = new FakeConnection();
    const { connections, retries } = start([one, 'silence']);
    await connections.next();
    one.end(lost);
    await vi.advanceTimersByTimeAsync(60_000);
    const step = connections.next();
    await settle();
    expect(retries).toHaveLength(1);
    await connections.return();
    expect(await step).toEqual(over);
  });

  test('does not take a slow closing handshake for the connection’s life', async () => {
    const { connections, retries } = start([new FakeConnection(10_000), 'silence']);
    await connections.next();
    const step = connections.next();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(retries).toHaveLength(1);
    await connections.return();
    expect(await step).toEqual(over);
  });
});

describe('shouldRetry', () => {
  test('is asked about each failure, with its number in a row', async () => {
    const shouldRetry = vi.fn((_error: Error, attempt: number) => attempt < 3);
    const { connections } = start([refused, fatal, refused], { shouldRetry });
    const step = expect(connections.next()).rejects.toBe(refused);
    await vi.runAllTimersAsync();
    await step;
    expect(shouldRetry.mock.calls).toEqual([
      [refused, 1],
      [fatal, 2],
      [refused, 3],
    ]);
  });

  test('may answer later', async () => {
    const connection = new FakeConnection();
    const { connections } = start([fatal, connection], { shouldRetry: async () => true });
    const step = connections.next();
    await vi.runAllTimersAsync();
    expect((await step).value).toBe(connection);
  });

  test('is not asked about a connection that opened', async () => {
    const shouldRetry = vi.fn(() => false);
    const { connections, attempts } = start([new FakeConnection(), new FakeConnection()], { shouldRetry });
    await connections.next();
    const step = connections.next();
    await vi.runAllTimersAsync();
    await step;
    expect(attempts).toHaveLength(2);
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  test.each([
    ['throws', () => Promise.reject(new Error('broken'))],
    [
      'throws at once',
      () => {
        throw new Error('broken');
      },
    ],
  ])('ends the iteration by what it %s', async (_how, shouldRetry) => {
    const { connections, retries } = start([refused], { shouldRetry });
    await expect(connections.next()).rejects.toThrow('broken');
    expect(await connections.next()).toEqual(over);
    expect(retries).toEqual([]);
  });
});

describe('onRetry', () => {
  test.each([
    ['throws', () => Promise.reject(new Error('broken'))],
    [
      'throws at once',
      () => {
        throw new Error('broken');
      },
    ],
  ])('ends the iteration by what it %s', async (_how, onRetry) => {
    const { connections, attempts } = start([refused], { onRetry });
    await expect(connections.next()).rejects.toThrow('broken');
    expect(await connections.next()).toEqual(over);
    expect(attempts).toHaveLength(1);
  });

  test('is waited for before the delay begins', async () => {
    const onRetry = () => new Promise<void>((resolve) => setTimeout(resolve, 70));
    const { connections, attempts } = start([refused, new FakeConnection()], { onRetry });
    const step = connections.next();
    await vi.runAllTimersAsync();
    await step;
    expect(attempts).toEqual([0, 1_070]);
  });

  test('may leave the loop', async () => {
    let leave: () => Promise<unknown> = async () => {};
    const { connections, attempts } = start([refused], { onRetry: () => void leave() });
    leave = () => connections.return();
    expect(await connections.next()).toEqual(over);
    expect(attempts).toHaveLength(1);
  });
});
