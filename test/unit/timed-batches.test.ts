import { Buffer } from 'node:buffer';
import { expect, it, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedError } from '../../lib/errors.js';
import { type FakeConnection, fakeConnection } from './fakes/connection.js';
import { type FakeSession, More } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

/** The next batch, as pairs. */
async function next(connection: Connection): Promise<[unknown, number][]> {
  const { value } = await connection.batches({ timestamps: true }).next();
  return value.map(({ data, receivedAt }: { data: unknown; receivedAt: number }) => [data, receivedAt]);
}

/** A batch is here, with the entries' times by their first entries. */
function deliver(reader: FakeSession, times: number[], ...entries: (string | Buffer | More)[]): void {
  reader.readTimes = times;
  reader.deliver(...entries);
}

function delivered(times: number[], ...entries: (string | Buffer | More)[]): FakeConnection {
  const made = fakeConnection();
  deliver(made.reader, times, ...entries);
  return made;
}

it('gives each message the time of the read that brought it', async () => {
  const large = Buffer.alloc(20_000);
  const { connection, reader } = delivered([0, 10, 2, 20, 3, 30], 'a', 'b', 'ü', large, 'e');
  expect(await next(connection)).toEqual([
    ['a', 10],
    ['b', 10],
    ['ü', 20],
    [large, 30],
    ['e', 30],
  ]);
  expect(reader.releases).toBe(1);
});

it('has no use for reads that ended no message', async () => {
  const { connection } = delivered([0, 10, 1, 20, 2, 30], 'a', 'b');
  expect(await next(connection)).toEqual([
    ['a', 10],
    ['b', 20],
  ]);
});

it('keeps the fractions of a millisecond', async () => {
  const { connection } = delivered([0, 1_700_000_000_000.25], 'a');
  expect(await next(connection)).toEqual([['a', 1_700_000_000_000.25]]);
});

it('goes on in a batch of which others have taken the begin', async () => {
  const { connection } = delivered([0, 10, 2, 20, 4, 30], 'a', 'b', 'c', 'd', 'e');
  await connection.recv();
  await connection.recvMany({ max: 2 });
  expect(await next(connection)).toEqual([
    ['d', 20],
    ['e', 30],
  ]);
});

it('gives a message in fragments the time of its last', async () => {
  const { connection } = delivered([0, 10, 1, 20, 2, 30, 4, 40], new More('a'), new More('b'), 'c', 'whole', 'last');
  expect(await next(connection)).toEqual([
    ['abc', 30],
    ['whole', 30],
    ['last', 40],
  ]);
});

it('gives a message whose fragments came with several batches the time of its last', async () => {
  const { connection, reader } = delivered([0, 10], 'first', new More('a'));
  expect(await next(connection)).toEqual([['first', 10]]);
  deliver(reader, [0, 20], new More('b'), new More('c'));
  const waiting = next(connection);
  deliver(reader, [0, 30, 1, 40], 'd', 'plain');
  expect(await waiting).toEqual([
    ['abcd', 30],
    ['plain', 40],
  ]);
  deliver(reader, [0, 50, 1, 60], 'without', 'fragments');
  expect(await next(connection)).toEqual([
    ['without', 50],
    ['fragments', 60],
  ]);
});

it('goes on in a batch with fragments of which others have taken the begin', async () => {
  const { connection } = delivered([0, 10, 1, 20, 3, 30], new More('a'), 'b', 'c', new More('d'), 'e', 'f');
  expect(await connection.recv()).toBe('ab');
  expect(await next(connection)).toEqual([
    ['c', 20],
    ['de', 30],
    ['f', 30],
  ]);
});

it('gives no time of what a stream has taken or left', async () => {
  const { connection, reader } = delivered([0, 10, 1, 20], new More('a'), new More('b'));
  for await (const fragment of connection.recvStream()) {
    expect(fragment).toBe('a');
    break;
  }
  deliver(reader, [0, 30, 1, 40, 2, 50], 'dropped', 'next', 'last');
  expect(await next(connection)).toEqual([
    ['next', 40],
    ['last', 50],
  ]);
});

it('waits, ends and throws as without timestamps', async () => {
  const { connection, reader } = fakeConnection();
  const iterator = connection.batches({ timestamps: true });
  const first = iterator.next();
  await expect(connection.recv()).rejects.toThrow('cannot call recv while another call');
  deliver(reader, [0, 10], 'late');
  expect((await first).value).toEqual([{ data: 'late', receivedAt: 10 }]);
  reader.finish({ received: undefined, cause: 'end-of-stream' });
  await expect(iterator.next()).rejects.toThrow(ConnectionClosedError);
  const orderly = fakeConnection();
  orderly.reader.finish();
  expect(await orderly.connection.batches({ timestamps: true }).next()).toEqual({ done: true, value: undefined });
});

it.each([{}, { timestamps: false }, { timestamps: undefined }])('gives bare messages for %o', async (options) => {
  const { connection } = delivered([0, 10], 'a');
  expect((await connection.batches(options).next()).value).toEqual(['a']);
});

it.each([
  [{ timestamps: 1 }, 'timestamps is 1; expected true or false'],
  [{ timestamp: true }, 'unknown option timestamp; did you mean timestamps?'],
  [null, 'options is null; expected an object'],
])('refuses wrong options: %o', (options, message) => {
  expect(() => fakeConnection().connection.batches(options as never)).toThrow(message);
});
