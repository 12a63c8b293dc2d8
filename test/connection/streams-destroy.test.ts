import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { Terminated } from '../../lib/errors.js';
import { createDuplex } from '../../lib/streams/duplex.js';
import { type Opened, open, rejection } from '../support/opened.js';
import {
  answerClose,
  flood,
  halfClose,
  type Step,
  sendClose,
  sendText,
  stopReading,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, now, SHORT, sleep, until } from '../support/times.js';

interface State {
  readonly what: string;
  readonly script: Step[];
  /** Brings the stream there. */
  prepare(duplex: Duplex, connection: Connection): Promise<unknown> | unknown;
}

/** Every state that a stream can be destroyed in. */
const states: State[] = [
  { what: 'nobody has touched', script: [], prepare: () => {} },
  { what: 'waits for a message', script: [], prepare: (duplex) => duplex.resume() },
  {
    what: 'has messages buffered',
    script: [flood(Number.POSITIVE_INFINITY)],
    prepare: (duplex) => {
      duplex.on('readable', () => {});
      return until(() => duplex.readableLength >= duplex.readableHighWaterMark, LONG, 'the stream to be full');
    },
  },
  {
    what: 'waits for the peer to read',
    script: [stopReading()],
    prepare: (duplex) => {
      for (let i = 0; i < 40; i++) duplex.write(Buffer.alloc(1024 * 1024));
    },
  },
  { what: 'waits for the peer’s Close', script: [], prepare: (duplex) => duplex.resume().end() },
  {
    what: 'is of a connection that has closed',
    script: [sendText('x'), sendClose(1000), waitForClose(), halfClose()],
    prepare: (_duplex, connection) => connection.closed,
  },
  {
    what: 'is of a connection that has broken',
    script: [sendText('x'), sendClose(1011), waitForClose(), halfClose()],
    prepare: (duplex, connection) => duplex.pause() && connection.closed,
  },
];

async function destroyable(state: State): Promise<Opened & { readonly duplex: Duplex }> {
  const opened = await open(state.script);
  const duplex = createDuplex(opened.connection, { objectMode: true });
  await state.prepare(duplex, opened.connection);
  return { ...opened, duplex };
}

describe.each(states)('a stream that $what', (state) => {
  test('closes when it is destroyed and the connection has ended', async () => {
    const { duplex, connection } = await destroyable(state);
    const began = now();
    const seen: string[] = [];
    duplex.on('close', () => seen.push(connection.state));
    duplex.destroy();
    expect(duplex.destroyed).toBe(true);
    await once(duplex, 'close');
    expect(seen).toEqual(['CLOSED']);
    expect(now() - began).toBeLessThan(LONG);
  });

  test('tells the error that it is destroyed with, once, and nothing after it closed', async () => {
    const { duplex, connection } = await destroyable(state);
    const reason = new Error('enough');
    const events: unknown[] = [];
    for (const event of ['error', 'data', 'end', 'finish', 'close']) {
      duplex.on(event, (error?: unknown) => events.push(event === 'error' ? error : event));
    }
    // A listener for 'data' makes the stream flow, which it did not before.
    events.length = 0;
    duplex.destroy(reason);
    duplex.destroy(new Error('again'));
    await until(() => events.includes('close'), LONG, 'the stream to close');
    await sleep(SHORT);
    expect(events).toEqual([reason, 'close']);
    expect(connection.state).toBe('CLOSED');
  });
});

test('destroying terminates: no Close is sent', async () => {
  const { connection, peer } = await open();
  createDuplex(connection).destroy();
  expect((await connection.closed).cause).toBeInstanceOf(Terminated);
  await peer.ended();
  expect(await peer.frames()).toEqual([]);
});

test('a connection that is terminated breaks its stream', async () => {
  const { connection } = await open();
  const duplex = createDuplex(connection).resume();
  const closed = rejection(once(duplex, 'close'));
  await connection.terminate();
  expect((await closed).cause).toBeInstanceOf(Terminated);
});

test('a connection that is closed in good order ends its stream', async () => {
  const { connection } = await open([sendText('a'), answerClose()]);
  const duplex = createDuplex(connection, { objectMode: true });
  const received = duplex.toArray();
  await connection.close();
  expect(await received).toEqual(['a']);
});

test('leaving an iteration over the stream terminates the connection', async () => {
  const { connection } = await open([flood(Number.POSITIVE_INFINITY)]);
  for await (const _message of createDuplex(connection)) break;
  await connection.closed;
});

test('aborting the signal destroys the stream', async () => {
  const { connection } = await open();
  const abort = new AbortController();
  const duplex = createDuplex(connection, { signal: abort.signal }).resume();
  const closed = rejection(once(duplex, 'close'));
  abort.abort('enough');
  expect(await closed).toMatchObject({ name: 'AbortError', cause: 'enough' });
  expect(connection.state).toBe('CLOSED');
});

test('a signal that is aborted already destroys the stream', async () => {
  const { connection } = await open();
  const duplex = createDuplex(connection, { signal: AbortSignal.abort() });
  expect(await rejection(once(duplex, 'close'))).toMatchObject({ name: 'AbortError' });
  expect(connection.state).toBe('CLOSED');
});
