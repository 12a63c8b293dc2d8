import { expect, it, vi } from 'vitest';
import { type ConnectionStats, connectionStats } from '../../lib/stats.js';
import { fakeConnection } from './fakes/connection.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

it('gives every figure its name', () => {
  const frames = (first: number) => ({
    text: first,
    binary: first + 1,
    continuation: first + 2,
    close: first + 3,
    ping: first + 4,
    pong: first + 5,
  });
  const stats = connectionStats({
    received: { messages: 1, messageBytes: 2, wireBytes: 3, frames: frames(10) },
    sent: { messages: 4, messageBytes: 5, wireBytes: 6, frames: frames(20) },
    queuedMessages: 30,
    queuedBytes: 31,
    mostQueuedBytes: 32,
    pauses: 33,
    pausedTime: 34.5,
    batches: 40,
    batchedMessages: 41,
    largestBatch: 42,
    wakes: 50,
    readerCpuTime: 51.5,
    latency: 52.5,
  });
  expect(stats).toEqual({
    received: { messages: 1, messageBytes: 2, wireBytes: 3, frames: frames(10) },
    sent: { messages: 4, messageBytes: 5, wireBytes: 6, frames: frames(20) },
    queue: { messages: 30, bytes: 31, mostBytes: 32, highWaterHits: 33, pausedTime: 34.5 },
    batches: { count: 40, messages: 41, largest: 42 },
    wakes: 50,
    latency: 52.5,
    readerCpuTime: 51.5,
  } satisfies ConnectionStats);
});

it('asks the reader once for all of them, also after the end', () => {
  const { connection, reader } = fakeConnection();
  const asked = vi.spyOn(reader, 'stats');
  connection.stats();
  expect(asked).toHaveBeenCalledTimes(1);
  reader.finish();
  expect(connection.stats()).toEqual(connectionStats(reader.stats()));
});
