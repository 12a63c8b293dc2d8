/** Whose turn it is to receive: streams that are left, and streams beside other calls, and at the end of the connection. */

import { Buffer } from 'node:buffer';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK, TimeoutError } from '../../lib/errors.js';
import { Session } from '../../lib/session.js';
import type { Data } from '../../lib/types.js';
import { type FakeConnection, fakeConnection } from './fakes/connection.js';
import { type FakeSession, More } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

const over = { done: true, value: undefined };

async function collect(stream: AsyncIterable<Data>): Promise<Data[]> {
  const items: Data[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** A stream that has yielded the first fragment of its message. */
async function begunStream(options?: object): Promise<FakeConnection & { stream: AsyncIterableIterator<Data> }> {
  const { connection, reader } = fakeConnection();
  const stream = connection.recvStream(options);
  const first = stream.next();
  reader.deliver(new More('a'));
  expect(await first).toEqual({ done: false, value: 'a' });
  return { connection, reader, stream };
}

describe('leaving a stream', () => {
  // Where the message stands when its stream is left behind the first of its fragments: what is here, what comes.
  const standings: [string, (string | More)[], (string | More)[]][] = [
    ['the rest is here', [new More('a'), new More('b'), 'c', 'next'], []],
    ['half of the rest is here', [new More('a'), new More('b')], ['c', 'next']],
    ['nothing of the rest is here', [new More('a')], [new More('b'), 'c', 'next']],
    ['the rest comes one by one', [new More('a')], [new More('b'), new More('c'), new More(''), '', 'next']],
    ['it was in one frame', ['a', 'next'], []],
    ['the next one begins with it', [new More('a')], ['b', new More('ne'), 'xt']],
  ];
  const leaving: [string, (connection: Connection, problem: Error) => Promise<void>][] = [
    [
      'break',
      async (connection) => {
        for await (const _ of connection.recvStream()) break;
      },
    ],
    [
      'an exception in the loop',
      async (connection, problem) => {
        for await (const _ of connection.recvStream()) throw problem;
      },
    ],
    [
      'return()',
      async (connection) => {
        const stream = connection.recvStream();
        await stream.next();
        expect(await stream.return?.('value')).toEqual({ done: true, value: 'value' });
        expect(await stream.next()).toEqual(over);
      },
    ],
  ];

  describe.each(leaving)('by %s', (_how, leave) => {
    const cases = standings.flatMap((standing) => [1, 2, 100].map((size) => [...standing, size] as const));
    it.each(cases)('where %s drops exactly the rest of the message', async (_where, here, comes, batchSize) => {
      const { connection, reader } = fakeConnection();
      reader.batchSize = batchSize;
      reader.deliver(...here);
      const problem = new Error('problem');
      await leave(connection, problem).catch((error) => expect(error).toBe(problem));
      const received = connection.recv();
      for (const entry of comes) reader.deliver(entry);
      expect(await received).toBe('next');
      expect(connection.state).toBe('OPEN');
    });

    it.each(cases)('where %s leaves the next message to another stream', async (_where, here, comes, batchSize) => {
      const { connection, reader } = fakeConnection();
      reader.batchSize = batchSize;
      reader.deliver(...here);
      await leave(connection, new Error('problem')).catch(() => {});
      const items = collect(connection.recvStream());
      for (const entry of comes) reader.deliver(entry);
      expect((await items).join('')).toBe('next');
    });
  });

  it('before its first next() leaves every message', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    expect(await stream.return?.()).toEqual(over);
    expect(await stream.next()).toEqual(over);
    reader.deliver(new More('a'), 'b');
    expect(await connection.recv()).toBe('ab');
  });

  it('behind its last fragment leaves the next message', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), 'b', 'next');
    for await (const item of connection.recvStream()) if (item === 'b') break;
    expect(await connection.recv()).toBe('next');
  });

  it('while its first next() waits loses nothing', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    const next = stream.next();
    await stream.return?.();
    expect(await next).toEqual(over);
    reader.deliver(new More('a'), 'b');
    expect(await connection.recv()).toBe('ab');
  });

  it('while a later next() waits ends that, and drops the rest', async () => {
    const { connection, reader, stream } = await begunStream();
    const next = stream.next();
    const returned = stream.return?.();
    const received = connection.recv();
    expect([await next, await returned]).toEqual([over, over]);
    reader.deliver(new More('b'), 'c', 'next');
    expect(await received).toBe('next');
  });

  it('by a stream that is over does not touch the stream after it', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), 'b', new More('c'), new More('d'), 'e');
    const first = connection.recvStream();
    await first.next();
    await first.next();
    const second = connection.recvStream();
    await second.next();
    await first.return?.();
    expect(await first.next()).toEqual(over);
    expect(await collect(second)).toEqual(['d', 'e']);
  });
});

describe('a stream that gives up', () => {
  it('by its timeout in the middle drops the rest of its message', async () => {
    const { connection, reader, stream } = await begunStream({ timeout: 5 });
    await expect(stream.next()).rejects.toThrow(TimeoutError);
    expect(await stream.next()).toEqual(over);
    reader.deliver(new More('b'), 'c', 'next');
    expect(await connection.recv()).toBe('next');
  });

  it.each([5, 0])('by its timeout of %i ms before its message has begun leaves the message', async (timeout) => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream({ timeout });
    await expect(stream.next()).rejects.toThrow(`within ${timeout} ms`);
    reader.deliver(new More('a'), 'b');
    expect(await stream.next()).toEqual(over);
    expect(await connection.recv()).toBe('ab');
  });

  it('gets a fragment that was in time, although its timer comes before the news of it', async () => {
    const { reader, stream } = await begunStream({ timeout: 5 });
    const next = stream.next();
    reader.deliverUnannounced(new More('b'));
    expect(await next).toEqual({ done: false, value: 'b' });
  });

  it('counts its timeout for each fragment', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { reader, stream } = await begunStream({ timeout: 200 });
    for (let i = 0; i < 3; i++) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(199);
      reader.deliver(new More('x'));
      expect(await next).toEqual({ done: false, value: 'x' });
    }
    const late = expect(stream.next()).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(200);
    await late;
  });

  it('by its signal drops the rest of its message, and the way is free at once', async () => {
    const controller = new AbortController();
    const { connection, reader, stream } = await begunStream({ signal: controller.signal });
    const next = stream.next();
    controller.abort('enough');
    const received = connection.recv();
    await expect(next).rejects.toBe('enough');
    reader.deliver(new More('b'), 'c', 'next');
    expect(await received).toBe('next');
  });

  it('by a signal that aborted in its loop drops what is here of its message', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), new More('b'), 'c', 'next');
    const controller = new AbortController();
    const loop = (async () => {
      for await (const _ of connection.recvStream({ signal: controller.signal })) controller.abort('enough');
    })();
    await expect(loop).rejects.toBe('enough');
    expect(await connection.recv()).toBe('next');
  });

  it('leaves no listener at the signal and no timer behind', async () => {
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const { reader, stream } = await begunStream({ signal, timeout: 60_000 });
    const next = stream.next();
    reader.deliver('b');
    await next;
    const waiting = (await begunStream({ signal, timeout: 60_000 })).stream;
    const last = waiting.next();
    await waiting.return?.();
    await last;
    expect(added).toHaveBeenCalledTimes(4);
    expect(removed).toHaveBeenCalledTimes(4);
    expect(timers()).toBe(before);
  });
});

describe('one consumer at a time', () => {
  const others: [string, (connection: Connection) => Promise<unknown>][] = [
    ['recv', (c) => c.recv()],
    ['recv with options', (c) => c.recv({ timeout: 60_000 })],
    ['recv with a timeout of 0', (c) => c.recv({ timeout: 0 })],
    ['recvMany', (c) => c.recvMany()],
    ['tryRecv', async (c) => c.tryRecv()],
    ['the next of batches', (c) => c.batches().next()],
    ['the iterator’s next', (c) => c[Symbol.asyncIterator]().next()],
    ['another stream’s next', (c) => c.recvStream().next()],
  ];
  const message = /^cannot call \w+ while another call to recv, recvMany, recvStream or batches is under way$/;

  async function expectRefused(call: Promise<unknown>): Promise<void> {
    await expect(call).rejects.toThrow(ConcurrencyError);
    await expect(call).rejects.toThrow(message);
  }

  it.each(others)('%s is refused while a stream waits for its message, which goes on', async (_name, call) => {
    const { connection, reader } = fakeConnection();
    const items = collect(connection.recvStream());
    await expectRefused(call(connection));
    reader.deliver(new More('a'), 'b', 'next');
    expect(await items).toEqual(['a', 'b']);
    expect(await connection.recv()).toBe('next');
  });

  it.each(others)('%s is refused between two fragments, also with messages here', async (_name, call) => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), 'b', 'next');
    const items: unknown[] = [];
    for await (const item of connection.recvStream()) {
      if (item === 'a') await expectRefused(call(connection));
      items.push(item);
    }
    expect(items).toEqual(['a', 'b']);
    expect(await connection.recv()).toBe('next');
  });

  const waiting: [string, (connection: Connection) => Promise<unknown>, unknown][] = [
    ['recv', (c) => c.recv(), 'ab'],
    ['recvMany', (c) => c.recvMany(), ['ab']],
    ['the next of batches', (c) => c.batches().next(), { done: false, value: ['ab'] }],
    ['the iterator’s next', (c) => c[Symbol.asyncIterator]().next(), { done: false, value: 'ab' }],
    ['another stream', (c) => collect(c.recvStream()), ['a', 'b']],
  ];

  it.each(waiting)(
    'a stream is refused while %s waits, which goes on, and is not over',
    async (_name, call, expected) => {
      const { connection, reader } = fakeConnection();
      const first = call(connection);
      const stream = connection.recvStream();
      await expectRefused(stream.next());
      reader.deliver(new More('a'), 'b');
      expect(await first).toEqual(expected);
      reader.deliver(new More('c'), 'd');
      expect(await collect(stream)).toEqual(['c', 'd']);
    },
  );

  it('next() called twice is refused the second time, and the first goes on', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    const first = stream.next();
    await expectRefused(stream.next());
    reader.deliver(new More('a'));
    expect(await first).toEqual({ done: false, value: 'a' });
    reader.deliver('b');
    expect(await collect(stream)).toEqual(['b']);
    expect(connection.tryRecv()).toBeUndefined();
  });

  it('a stream that is over says so while another call waits, and does not disturb it', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    reader.deliver('a');
    await stream.next();
    const received = connection.recv();
    expect(await stream.next()).toEqual(over);
    reader.deliver('b');
    expect(await received).toBe('b');
  });

  it('next() called twice where fragments are here takes two', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), new More('b'), 'c');
    const stream = connection.recvStream();
    const items = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    expect(items.map(({ value }) => value)).toEqual(['a', 'b', 'c', undefined]);
  });
});

describe('the end of the connection', () => {
  const ends: [string, Parameters<FakeSession['finish']>[0], new (...args: never[]) => Error][] = [
    ['a normal closure', {}, ConnectionClosedOK],
    ['an error closure', { received: { code: 1011, reason: '' } }, ConnectionClosedError],
    ['the end of the stream', { received: undefined, cause: 'end-of-stream' }, ConnectionClosedError],
  ];

  describe.each(ends)('by %s', (_what, outcome, type) => {
    it('rejects a stream that waits for its message', async () => {
      const { connection, reader } = fakeConnection();
      const next = connection.recvStream().next();
      reader.finish(outcome);
      await expect(next).rejects.toThrow(type);
    });

    it('rejects a stream that begins later, and the next as well', async () => {
      const { connection, reader } = fakeConnection();
      reader.finish(outcome);
      await expect(collect(connection.recvStream())).rejects.toThrow(type);
      await expect(collect(connection.recvStream())).rejects.toThrow(type);
      await expect(connection.recv()).rejects.toThrow(type);
    });

    it('rejects a stream in the middle, behind the fragments that came', async () => {
      const { connection, reader, stream } = await begunStream();
      reader.deliver(new More('b'));
      reader.finish(outcome);
      expect(await stream.next()).toEqual({ done: false, value: 'b' });
      await expect(stream.next()).rejects.toThrow(type);
      expect(await stream.next()).toEqual(over);
      await expect(connection.recv()).rejects.toThrow(type);
    });

    it('rejects a stream that waits in the middle', async () => {
      const { reader, stream } = await begunStream();
      const next = stream.next();
      reader.finish(outcome);
      await expect(next).rejects.toThrow(type);
    });

    it('comes behind messages that are whole', async () => {
      const { connection, reader, stream } = await begunStream();
      reader.deliver('b', new More('c'), 'd');
      reader.finish(outcome);
      expect(await collect(stream)).toEqual(['b']);
      expect(await collect(connection.recvStream())).toEqual(['c', 'd']);
      await expect(collect(connection.recvStream())).rejects.toThrow(type);
    });

    it('is what every other call is told at once, and not that a stream is under way', async () => {
      const { connection, reader, stream } = await begunStream();
      const next = stream.next();
      const told = connection.closed.then(() => connection.recv());
      reader.finish(outcome);
      await expect(told).rejects.toThrow(type);
      await expect(next).rejects.toThrow(type);
    });
  });

  it('yields what is here of a message that will never be whole, to a stream that begins later', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More(Buffer.from('half')));
    reader.finish({ received: undefined, cause: 'end-of-stream' });
    const stream = connection.recvStream();
    expect(await stream.next()).toEqual({ done: false, value: Buffer.from('half') });
    await expect(stream.next()).rejects.toThrow(ConnectionClosedError);
  });

  it('drops nothing of what comes in many batches before it', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    const items = collect(connection.recvStream());
    reader.deliverUnannounced(...Array.from({ length: 50 }, () => new More('x')), 'y');
    reader.finish();
    expect(await items).toHaveLength(51);
  });

  it('comes to a stream that waits behind many batches of what another has left', async () => {
    const { connection, reader, stream } = await begunStream();
    reader.batchSize = 1;
    await stream.return?.();
    const next = connection.recvStream().next();
    reader.deliverUnannounced(...Array.from({ length: 50 }, () => new More('x')));
    reader.finish();
    await expect(next).rejects.toThrow(ConnectionClosedOK);
  });
});

describe('a stream that waits', () => {
  const ways: [string, (begun: FakeConnection & { stream: AsyncIterableIterator<Data> }) => void][] = [
    ['a fragment', ({ reader }) => reader.deliver(new More('b'))],
    ['the last fragment', ({ reader }) => reader.deliver('b')],
    ['return()', ({ stream }) => void stream.return?.()],
    ['the end', ({ reader }) => reader.finish()],
    ['its timeout', () => {}],
  ];
  it.each(ways)('holds its connection until %s', async (_what, end) => {
    const [hold, release] = [vi.spyOn(Session.prototype, 'hold'), vi.spyOn(Session.prototype, 'release')];
    onTestFinished(() => void vi.restoreAllMocks());
    const held = (): number => hold.mock.calls.length - release.mock.calls.length;
    const begun = await begunStream({ timeout: 20 });
    const before = held();
    const next = begun.stream.next().catch(() => {});
    expect(held()).toBe(before + 1);
    end(begun);
    await next;
    expect(held()).toBe(before);
  });
});
