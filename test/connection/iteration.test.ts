import { describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedError, ConnectionClosedOK, EndOfStream } from '../../lib/errors.js';
import type { Data } from '../../lib/types.js';
import { liveReaders } from '../support/live-readers.js';
import { open, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  flood,
  floodPayload,
  halfClose,
  reset,
  type Script,
  ScriptedPeer,
  sendBinary,
  sendClose,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';

const closeWith = (code?: number): Script => [sendClose(code), waitForClose(), halfClose()];
const mixed: Script = [sendText('one'), sendBinary(Buffer.from('two')), sendText('three')];
const mixedData: Data[] = ['one', Buffer.from('two'), 'three'];

async function collect(connection: Connection): Promise<Data[]> {
  const messages: Data[] = [];
  for await (const message of connection) messages.push(message);
  return messages;
}

async function collectBatches(connection: Connection): Promise<Data[]> {
  const messages: Data[] = [];
  for await (const batch of connection.batches()) {
    expect(batch).not.toHaveLength(0);
    messages.push(...batch);
  }
  return messages;
}

describe.each([
  ['for await over the connection', collect],
  ['for await over its batches', collectBatches],
])('%s', (_what, all) => {
  test.each([1000, 1001, undefined])(
    'gives every message in order and ends quietly on a closure with %s',
    async (code) => {
      const { connection } = await open([...mixed, ...closeWith(code)]);
      expect(await all(connection)).toEqual(mixedData);
      expect(connection.state).toBe('CLOSED');
    },
  );

  test('ends quietly when the connection is closed from elsewhere', async () => {
    const { connection, peer } = await open([...mixed]);
    const everything = all(connection);
    const closed = connection.close();
    await peer.do(answerClose());
    expect(await everything).toEqual(mixedData);
    expect(connection.state).toBe('CLOSED');
    await closed;
  });

  test.each([1002, 1011, 1012, 3000, 4999])('throws on a closure with %i', async (code) => {
    const { connection } = await open([...mixed, ...closeWith(code)]);
    const error = await rejection<ConnectionClosedError>(all(connection));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.closeCode).toBe(code);
  });

  test('throws where the stream ended without a Close', async () => {
    const { connection } = await open([...mixed, halfClose()]);
    const error = await rejection(all(connection));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(EndOfStream);
  });

  test('is over at once after the end, and tells again where that was bad', async () => {
    const good = await open(closeWith(1000));
    await good.connection.closed;
    expect(await all(good.connection)).toEqual([]);
    expect(await all(good.connection)).toEqual([]);
    const bad = await open([reset()]);
    await bad.connection.closed;
    expect(await rejection(all(bad.connection))).toBeInstanceOf(ConnectionClosedError);
    expect(await rejection(all(bad.connection))).toBeInstanceOf(ConnectionClosedError);
  });

  test('loses nothing of a flood with the end right behind it', async () => {
    const count = 50_000;
    const { connection } = await open([flood(count), ...closeWith(1000)]);
    const messages = await all(connection);
    expect(messages).toHaveLength(count);
    expect(messages.findIndex((message, i) => message !== floodPayload(i, 16))).toBe(-1);
  });
});

test('messages before a bad end are given before the loop throws', async () => {
  const { connection } = await open([together(...mixed, sendClose(1011)), halfClose()]);
  await connection.closed;
  const messages: Data[] = [];
  const loop = async () => {
    for await (const message of connection) messages.push(message);
  };
  expect(await rejection(loop())).toBeInstanceOf(ConnectionClosedError);
  expect(messages).toEqual(mixedData);
});

test('leaving a loop does not close the connection, and the next one goes on', async () => {
  const { connection, peer } = await open([together(...mixed)]);
  for await (const message of connection) {
    expect(message).toBe('one');
    break;
  }
  expect(connection.state).toBe('OPEN');
  for await (const batch of connection.batches()) {
    expect(batch).toEqual(mixedData.slice(1));
    break;
  }
  await peer.do(sendText('four'));
  for await (const message of connection) {
    expect(message).toBe('four');
    break;
  }
  expect(connection.state).toBe('OPEN');
  expect(await peer.frames('close')).toEqual([]);
});

test('ending an iterator while it waits loses nothing', async () => {
  const { connection, peer } = await open();
  const iterator = connection[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await iterator.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  await peer.do(sendText('late'));
  expect(await connection.recv()).toBe('late');
});

describe('await using', () => {
  test('closes with 1000 when the block is left, and sends nothing before', async () => {
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    {
      await using connection = await connect(peer.url);
      expect(connection.state).toBe('OPEN');
      expect(await peer.frames()).toEqual([]);
    }
    expect(liveReaders()).toBe(0);
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1000, text: '' }]);
  });

  // A disposer is not told why the block is left, so it can't close with 1011 as a context manager of Python would.
  test('closes as well when an exception leaves the block, and lets it through', async () => {
    await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
    const problem = new Error('problem');
    const block = async () => {
      await using _connection = await connect(peer.url);
      throw problem;
    };
    expect(await rejection(block())).toBe(problem);
    expect(liveReaders()).toBe(0);
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1000 }]);
  });

  test('is content where the connection has ended before', async () => {
    await using peer = await ScriptedPeer.listen([accept(), ...closeWith(1011)]);
    {
      await using connection = await connect(peer.url);
      expect(await rejection(connection.recv())).toBeInstanceOf(ConnectionClosedError);
    }
    expect(await peer.frames('close')).toHaveLength(1);
  });

  test('leaves what has arrived to be received', async () => {
    await using peer = await ScriptedPeer.listen([
      accept(),
      waitForClose(),
      sendText('last'),
      sendClose(),
      halfClose(),
    ]);
    const connection = await connect(peer.url);
    await connection[Symbol.asyncDispose]();
    expect(await connection.recv()).toBe('last');
    expect(await rejection(connection.recv())).toBeInstanceOf(ConnectionClosedOK);
  });
});
