import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { type ReconnectOptions, splitReconnectOptions } from '../../lib/reconnect-options.js';
import { Reconnection } from '../../lib/reconnection.js';
import { FakeConnection, fatal, over, type Result, refused, settle, start } from './fakes/reconnection.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
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
