/** Messages that come in fragments, received whole. */

import { Buffer } from 'node:buffer';
import { describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedOK, TimeoutError } from '../../lib/errors.js';
import type { Data } from '../../lib/types.js';
import { randomNumbers } from '../support/random.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { desk, More } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

/** A message as its frames. */
type Frames = readonly Data[];

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What the reader delivers of messages in frames. */
function entries(messages: readonly Frames[]): (Data | More)[] {
  return messages.flatMap((frames) => frames.map((frame, i) => (i < frames.length - 1 ? new More(frame) : frame)));
}

function whole(frames: Frames): Data {
  return typeof frames[0] === 'string' ? frames.join('') : Buffer.concat(frames as Buffer[]);
}

/** As strings, which are compared a hundred times faster than Buffers. */
function shown(messages: readonly Data[]): string[] {
  return messages.map((data) => (typeof data === 'string' ? `text ${data}` : `binary ${data.toString('latin1')}`));
}

const mixed: readonly Frames[] = [
  ['whole'],
  ['in ', 'three ', 'frames'],
  [bytes('\x00\xff')],
  [bytes('\x00'), bytes('\xfe'), bytes('\x80')],
  ['', ''],
  [bytes(''), bytes('')],
  ['ünï', 'ascii', '😀', ''],
  ['', 'behind an empty one'],
  [''],
  ['a'.repeat(20_000), 'ä'.repeat(20_000), 'b'],
  [Buffer.alloc(20_000, 1), bytes('small'), Buffer.alloc(20_000, 2)],
  ['last'],
];

type Way = (connection: Connection, count: number) => Promise<Data[]>;

async function until(count: number, receive: () => Promise<Data[]>): Promise<Data[]> {
  const received: Data[] = [];
  while (received.length < count) received.push(...(await receive()));
  return received;
}

async function iterated(items: AsyncIterable<Data[]>, count: number): Promise<Data[]> {
  const received: Data[] = [];
  for await (const some of items) {
    received.push(...some);
    if (received.length >= count) break;
  }
  return received;
}

async function* ones(connection: Connection): AsyncGenerator<Data[]> {
  for await (const message of connection) yield [message];
}

const ways: Record<string, Way> = {
  recv: (c, count) => until(count, async () => [await c.recv()]),
  'recv with a timeout': (c, count) => until(count, async () => [await c.recv({ timeout: 60_000 })]),
  'recv with a timeout of 0': (c, count) => until(count, async () => [await c.recv({ timeout: 0 })]),
  tryRecv: (c, count) => until(count, async () => [c.tryRecv() as Data]),
  recvMany: (c, count) => until(count, () => c.recvMany()),
  'recvMany of two at most': (c, count) => until(count, () => c.recvMany({ max: 2 })),
  'recv and recvMany by turns': (c, count) => until(count, async () => [await c.recv(), ...(await c.recvMany())]),
  batches: (c, count) => iterated(c.batches(), count),
  iteration: (c, count) => iterated(ones(c), count),
};

describe.each(Object.entries(ways))('%s', (name, receive) => {
  const sizes = [1, 2, 3, 5, 8, 13, 4096];

  it.each(sizes)('gives messages whole where batches hold %i frames at most', async (batchSize) => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = batchSize;
    reader.deliver(...entries(mixed));
    const messages = mixed.map(whole);
    // A pair at a time must not wait for one more than there are.
    const count = name.includes('by turns') ? messages.length - 1 : messages.length;
    const received = await receive(connection, count);
    expect(shown(received)).toEqual(shown(messages.slice(0, received.length)));
    expect(received.length).toBeGreaterThanOrEqual(count);
  });
});

it('gives messages whole wherever the borders of their frames and of batches are', async () => {
  const next = randomNumbers(7);
  for (let round = 0; round < 200; round++) {
    const { connection, reader } = fakeConnection();
    const messages = Array.from({ length: 1 + next(6) }, (_, i): Frames => {
      const frames = Array.from({ length: 1 + next(5) }, (_frame, k) => `${i}.${k};`.repeat(next(3)));
      return next(2) === 0 ? frames : frames.map(bytes);
    });
    reader.batchSize = 1 + next(7);
    reader.deliver(...entries(messages));
    const received: Data[] = [];
    while (received.length < messages.length) {
      if (next(2) === 0) received.push(await connection.recv());
      else received.push(...(await connection.recvMany({ max: 1 + next(3) })));
    }
    expect(shown(received), `round ${round}`).toEqual(shown(messages.map(whole)));
  }
});

describe('a message in fragments', () => {
  it('is waited for while only fragments come', async () => {
    const { connection, reader } = fakeConnection();
    const received = connection.recv();
    for (const fragment of ['a', 'b', 'c']) {
      await turn();
      reader.deliver(new More(fragment));
    }
    await turn();
    reader.deliver('d', 'next');
    expect(await received).toBe('abcd');
    expect(await connection.recv()).toBe('next');
  });

  it('lets the event loop turn where its fragments fill many batches', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    let sent = 0;
    reader.onEmpty = () => {
      if (++sent < 100) reader.deliver(new More('x'));
      else if (sent === 100) reader.deliver('x');
    };
    let turns = 0;
    const count = (): void => {
      turns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const received = connection.recv();
    expect(reader.takes).toBe(16);
    expect(await received).toBe('x'.repeat(100));
    clearImmediate(immediate);
    expect(turns).toBeGreaterThanOrEqual(6);
  });

  it('that is here is taken without waiting, however many batches it fills', async () => {
    const fragments = Array.from({ length: 50 }, () => new More('x'));
    const receive = [
      (connection: Connection) => connection.recv({ timeout: 0 }),
      async (connection: Connection) => connection.tryRecv(),
    ];
    for (const call of receive) {
      const { connection, reader } = fakeConnection();
      reader.batchSize = 1;
      reader.deliver(...fragments, 'y');
      expect(await call(connection)).toBe(`${'x'.repeat(50)}y`);
    }
  });

  it('that was in time is received, although the timer comes first and it fills many batches', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    const received = connection.recv({ timeout: 5 });
    reader.deliverUnannounced(...Array.from({ length: 50 }, () => new More('x')), 'y');
    expect(await received).toBe(`${'x'.repeat(50)}y`);
  });

  it('that is not whole is nothing that could be taken', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('half'));
    expect(connection.tryRecv()).toBeUndefined();
    await expect(connection.recv({ timeout: 0 })).rejects.toThrow(TimeoutError);
    await expect(connection.recv({ timeout: 1 })).rejects.toThrow(TimeoutError);
    await expect(connection.recv({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    reader.deliver('way');
    expect(connection.tryRecv()).toBe('halfway');
  });

  it('is converted whole: what its fragments cut of a code point is put together first', async () => {
    const { connection, reader } = fakeConnection();
    const euro = Buffer.from('€');
    reader.deliver(new More(euro.subarray(0, 1)), euro.subarray(1), new More('gr'), 'ün');
    expect(await connection.recv({ decode: true })).toBe('€');
    expect(await connection.recv({ decode: false })).toEqual(Buffer.from('grün'));
  });

  it('stays where it can’t be had as text', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More(bytes('\xff')), bytes('\xfe'), new More('a'), 'b');
    await expect(connection.recv({ decode: true })).rejects.toThrow('binary message of 2 bytes is not UTF-8');
    expect(await connection.recvMany()).toEqual([bytes('\xff\xfe'), 'ab']);
  });

  it('keeps nothing on the desk', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More(bytes('one')), bytes('two'), new More('three'), 'four');
    const first = connection.recv();
    desk.bytes.fill(0);
    expect([await first, await connection.recv()]).toEqual([bytes('onetwo'), 'threefour']);
  });

  it('counts as one for max', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), new More('b'), 'c', 'd', new More('e'), 'f');
    expect(await connection.recvMany({ max: 2 })).toEqual(['abc', 'd']);
    expect(await connection.recvMany({ max: 2 })).toEqual(['ef']);
  });

  it('that the end cut off is not received', async () => {
    const { connection, reader } = fakeConnection();
    const received = connection.recv();
    reader.deliver('whole', new More('cut off'));
    reader.finish();
    expect(await received).toBe('whole');
    await expect(connection.recv()).rejects.toThrow(ConnectionClosedOK);
    expect(() => connection.tryRecv()).toThrow(ConnectionClosedOK);
    expect(await connection[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  it('that fills many batches before the end is received by who waits, and then the end', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    const received = connection.recv();
    reader.deliverUnannounced(...Array.from({ length: 50 }, () => new More('x')), 'y', new More('cut off'));
    reader.finish();
    expect(await received).toBe(`${'x'.repeat(50)}y`);
    await expect(connection.recv()).rejects.toThrow(ConnectionClosedOK);
  });
});

describe('the reader’s side', () => {
  it('has room again as soon as a batch was used up', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a', new More('b'), 'c', new More('d'));
    expect(await connection.recv()).toBe('a');
    expect(reader.releases).toBe(0);
    expect(await connection.recv()).toBe('bc');
    expect(reader.releases).toBe(1);
  });

  it('is not told twice of a batch', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), 'b');
    expect(await connection.recv()).toBe('ab');
    expect(connection.tryRecv()).toBeUndefined();
    expect(reader.releases).toBe(1);
  });
});
