import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import {
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStream,
  InvalidURL,
  TransportError,
} from '../../lib/errors.js';
import { type ReconnectOptions, type Retry, splitReconnectOptions } from '../../lib/reconnect-options.js';
import { Reconnection } from '../../lib/reconnection.js';
import type { CloseOutcome } from '../../lib/types.js';

const ok: CloseOutcome = {
  code: 1000,
  reason: '',
  wasClean: true,
  receivedFirst: false,
  received: { code: 1000, reason: '' },
  sent: { code: 1000, reason: '' },
};
const lost: CloseOutcome = {
  code: 1006,
  reason: '',
  wasClean: false,
  receivedFirst: false,
  cause: new EndOfStream('lost'),
};
const refused = new TransportError('connect ECONNREFUSED', { code: 'ECONNREFUSED' });
const fatal = new InvalidURL('no');
const over = { value: undefined, done: true };

/** What there is of a Connection for the iteration. */
class FakeConnection {
  readonly calls: string[] = [];
  readonly closed: Promise<CloseOutcome>;
  end!: (outcome: CloseOutcome) => void;
  /** Milliseconds that the peer takes to answer a Close. */
  readonly #answersIn: number;

  constructor(answersIn = 0) {
    this.#answersIn = answersIn;
    this.closed = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  close(code = 1000): Promise<CloseOutcome> {
    this.calls.push(`close ${code}`);
    if (this.#answersIn === 0) this.end(ok);
    else setTimeout(() => this.end(ok), this.#answersIn);
    return this.closed;
  }

  terminate(): Promise<CloseOutcome> {
    this.calls.push('terminate');
    this.end(lost);
    return this.closed;
  }
}

/** What an attempt comes to; 'silence' is ended by the signal alone. */
type Result = Error | FakeConnection | 'silence' | 'deaf';

interface Started {
  readonly connections: Reconnection;
  /** The times of the attempts, in milliseconds from the start. */
  readonly attempts: number[];
  readonly retries: Retry[];
  readonly abort: AbortController;
  /** The signals that the attempts were given. */
  readonly signals: AbortSignal[];
  /** Lets an attempt that is deaf to its signal succeed. */
  succeed(connection: FakeConnection): void;
}

/** An iteration whose attempts come to these results, one after the other; each wait is the longest there may be. */
function start(results: readonly Result[], options: ReconnectOptions = {}, random = () => 1): Started {
  const began = performance.now();
  const attempts: number[] = [];
  const retries: Retry[] = [];
  const signals: AbortSignal[] = [];
  const abort = new AbortController();
  let succeed: (connection: Connection) => void = () => {};
  const open = (signal: AbortSignal): Promise<Connection> => {
    const result = results[attempts.length];
    attempts.push(performance.now() - began);
    signals.push(signal);
    if (result instanceof Error) return Promise.reject(result);
    if (result instanceof FakeConnection) return Promise.resolve(result as unknown as Connection);
    return new Promise((resolve, reject) => {
      succeed = resolve;
      if (result === 'silence') signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
  const { retrying } = splitReconnectOptions({
    onRetry: (retry) => {
      retries.push(retry);
    },
    factor: 2,
    ...options,
  });
  const connections = new Reconnection(open, retrying, abort.signal, random);
  return {
    connections,
    attempts,
    retries,
    abort,
    signals,
    succeed: (connection) => succeed(connection as unknown as Connection),
  };
}

/** Everything that needs no time has happened. */
function settle(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(0);
}

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

/** Stages at which a step is under way and no connection is held. */
const stages: [string, Result[], ReconnectOptions][] = [
  ['connecting', ['silence'], {}],
  ['waiting', [refused], {}],
  ['shouldRetry thinks', [refused], { shouldRetry: () => new Promise(() => {}) }],
  ['onRetry takes its time', [refused], { onRetry: () => new Promise(() => {}) }],
];

describe('leaving the loop', () => {
  test.each(stages)('while %s ends the step and what it does at once', async (_stage, results, options) => {
    const { connections, attempts, signals, abort } = start(results, options);
    const step = connections.next();
    await settle();
    expect(await connections.return()).toEqual(over);
    expect(await step).toEqual(over);
    expect(await connections.next()).toEqual(over);
    expect(attempts).toHaveLength(1);
    expect(getEventListeners(signals[0] as AbortSignal, 'abort')).toEqual([]);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('where shouldRetry rejects afterwards leaves that to nobody', async () => {
    let fail: (error: Error) => void = () => {};
    const shouldRetry = () =>
      new Promise<boolean>((_, reject) => {
        fail = reject;
      });
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const { connections } = start([refused], { shouldRetry });
    const step = connections.next();
    await settle();
    await connections.return();
    expect(await step).toEqual(over);
    fail(new Error('too late'));
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    vi.useFakeTimers();
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('while an attempt succeeds terminates what nobody will have', async () => {
    const connection = new FakeConnection();
    const { connections, succeed } = start(['deaf']);
    const step = connections.next();
    await settle();
    const leaving = connections.return();
    succeed(connection);
    expect(await step).toEqual(over);
    expect(await leaving).toEqual(over);
    expect(connection.calls).toEqual(['terminate']);
  });

  test('closes the connection with 1000 and waits for its end', async () => {
    const connection = new FakeConnection(300);
    const { connections, attempts } = start([connection]);
    await connections.next();
    let done = false;
    const leaving = connections.return().then((result) => {
      done = true;
      return result;
    });
    await vi.advanceTimersByTimeAsync(299);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await leaving).toEqual(over);
    expect(connection.calls).toEqual(['close 1000']);
    await vi.runAllTimersAsync();
    expect(attempts).toHaveLength(1);
  });

  test('while the next step closes the connection is the end once it is closed', async () => {
    const connection = new FakeConnection(300);
    const { connections, attempts } = start([connection, new FakeConnection()], { stableAfter: 0 });
    await connections.next();
    const step = connections.next();
    const leaving = connections.return();
    await vi.advanceTimersByTimeAsync(300);
    expect(await step).toEqual(over);
    expect(await leaving).toEqual(over);
    expect(attempts).toHaveLength(1);
  });

  test('by an exception closes too, and the exception goes on', async () => {
    const connection = new FakeConnection();
    const { connections } = start([connection]);
    const loop = async (): Promise<void> => {
      for await (const _ of connections) throw new Error('body');
    };
    await expect(loop()).rejects.toThrow('body');
    expect(connection.calls).toEqual(['close 1000']);
    expect(await connections.next()).toEqual(over);
  });

  test('by throw() closes too, and rejects with what was thrown', async () => {
    const connection = new FakeConnection();
    const { connections } = start([connection]);
    await connections.next();
    await expect(connections.throw(fatal)).rejects.toBe(fatal);
    expect(connection.calls).toEqual(['close 1000']);
    expect(await connections.next()).toEqual(over);
  });

  test('by throw() while connecting ends the step quietly', async () => {
    const { connections } = start(['silence']);
    const step = connections.next();
    await settle();
    await expect(connections.throw(fatal)).rejects.toBe(fatal);
    expect(await step).toEqual(over);
  });

  test('before the first step, or again, is no more than that', async () => {
    const { connections, attempts } = start([new FakeConnection()]);
    expect(await connections.return()).toEqual(over);
    expect(await connections.return()).toEqual(over);
    expect(await connections.next()).toEqual(over);
    expect(attempts).toEqual([]);
  });
});

describe('the signal', () => {
  const reason = new Error('stop');

  test.each(stages)('while %s ends the iteration with its reason, at once', async (_stage, results, options) => {
    const { connections, attempts, signals, abort } = start(results, options);
    const step = expect(connections.next()).rejects.toBe(reason);
    await settle();
    abort.abort(reason);
    await step;
    expect(await connections.next()).toEqual(over);
    expect(attempts).toHaveLength(1);
    expect(getEventListeners(signals[0] as AbortSignal, 'abort')).toEqual([]);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that has aborted before keeps anything from being connected to', async () => {
    const { connections, attempts, abort } = start([new FakeConnection()]);
    abort.abort(reason);
    await expect(connections.next()).rejects.toBe(reason);
    expect(await connections.next()).toEqual(over);
    expect(attempts).toEqual([]);
  });

  test('leaves the body its connection until the next step, which closes it and rejects', async () => {
    const connection = new FakeConnection();
    const { connections, attempts, abort } = start([connection]);
    await connections.next();
    abort.abort(reason);
    await settle();
    expect(connection.calls).toEqual([]);
    await expect(connections.next()).rejects.toBe(reason);
    expect(connection.calls).toEqual(['close 1000']);
    expect(attempts).toHaveLength(1);
  });

  test('that aborted does not turn leaving the loop into a failure', async () => {
    const connection = new FakeConnection();
    const { connections, abort } = start([connection]);
    for await (const _ of connections) {
      abort.abort(reason);
      break;
    }
    expect(connection.calls).toEqual(['close 1000']);
  });

  test('that aborts while an attempt succeeds has that connection terminated', async () => {
    const connection = new FakeConnection();
    const { connections, succeed, abort } = start(['deaf']);
    const step = expect(connections.next()).rejects.toBe(reason);
    await settle();
    abort.abort(reason);
    succeed(connection);
    await step;
    expect(connection.calls).toEqual(['terminate']);
  });

  test('wins over the failure of an attempt that it was too late for', async () => {
    const shouldRetry = vi.fn(() => true);
    const { retrying } = splitReconnectOptions({ shouldRetry });
    const abort = new AbortController();
    const open = async (): Promise<Connection> => {
      abort.abort(reason);
      throw refused;
    };
    await expect(new Reconnection(open, retrying, abort.signal).next()).rejects.toBe(reason);
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  test('has one listener while a step is under way and none in between, however many there were', async () => {
    const made = Array.from({ length: 5 }, () => new FakeConnection());
    const { connections, abort } = start([refused, refused, ...made], { stableAfter: 0 });
    const first = connections.next();
    await settle();
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    await vi.runAllTimersAsync();
    await first;
    for (const _ of made.slice(1)) {
      expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
      await connections.next();
    }
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    await connections.return();
  });
});
