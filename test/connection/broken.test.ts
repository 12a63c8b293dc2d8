/**
 * A network that breaks under a connection: nothing hangs, nothing is lost that had arrived, and the outcome says what
 * broke. Failures that no peer can cause, such as the lack of memory, are the native tests'.
 */

import { describe, expect, test } from 'vitest';
import { ConnectionClosedError, TransportError } from '../../lib/errors.js';
import { liveReaders } from '../support/live-readers.js';
import { ending, inWords, type Opened, open, rejection } from '../support/opened.js';
import {
  answerPings,
  destroy,
  expectFrame,
  flood,
  floodPayload,
  mark,
  reset,
  type ScriptedPeer,
  type Step,
  sendClose,
  sendPing,
  sendText,
  together,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, sleep, until } from '../support/times.js';

const waiting = ['one', 'two', 'three'];

/** A connection whose reader is paused by three messages that nobody receives, so that it does not see the end. */
async function paused(): Promise<Opened> {
  // In one segment: a reader that paused before it has read the ping would not answer it.
  const arrivals = together(...waiting.map(sendText), sendPing());
  const opened = await open([arrivals, expectFrame('pong'), mark('paused')], { maxQueue: [2, 0] });
  await opened.peer.reached('paused');
  // The reader pauses in the turn of its loop that ends now.
  await sleep(MEDIUM);
  return opened;
}

async function receiveAll({ connection }: Opened): Promise<void> {
  for (const message of waiting) expect(await connection.recv()).toBe(message);
}

/** The peer sends and resets; all of that has left it when this resolves. */
async function resetAfter(peer: ScriptedPeer, ...steps: Step[]): Promise<void> {
  await peer.do(...steps, reset());
  await peer.ended();
}

const brokenPipe = { code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/), syscall: 'write' };

describe('a write that fails', () => {
  test('ends the connection, and rejects what waits with its error as the cause', async () => {
    const opened = await paused();
    const { connection, peer } = opened;
    const pinged = rejection(connection.ping());
    await peer.expectFrame('ping');
    await resetAfter(peer);
    await connection.send('into the void');
    const outcome = await connection.closed;
    expect(liveReaders()).toBe(0);
    expect(inWords(outcome)).toBe('nothing');
    expect(outcome.cause).toBeInstanceOf(TransportError);
    expect(outcome.cause).toMatchObject(brokenPipe);
    expect(await pinged).toMatchObject({ outcome });
    expect(await rejection(connection.send('again'))).toMatchObject({ outcome });
    expect(await rejection(connection.ping())).toMatchObject({ outcome });
    expect(await rejection(connection.pong())).toMatchObject({ outcome });
    await receiveAll(opened);
    expect(await ending(connection)).toMatchObject({ outcome, cause: outcome.cause });
  });

  test('is found by a ping as well', async () => {
    const opened = await paused();
    await resetAfter(opened.peer);
    const error = await rejection(opened.connection.ping());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toMatchObject(brokenPipe);
  });

  test('is found by close as well', async () => {
    const opened = await paused();
    await resetAfter(opened.peer);
    const outcome = await opened.connection.close();
    expect(outcome).toMatchObject({ code: 1006, wasClean: false });
    expect(outcome.cause).toMatchObject(brokenPipe);
    await receiveAll(opened);
  });

  test('because of the answer to a ping is the cause too', async () => {
    const opened = await paused();
    const { connection, peer } = opened;
    // They wait in the socket together; the ping is read first, and its pong has nowhere to go.
    await resetAfter(peer, together(sendText('last'), sendPing('x')));
    await receiveAll(opened);
    expect(await connection.recv()).toBe('last');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.closeCode).toBe(1006);
    expect(error.cause).toMatchObject(brokenPipe);
  });

  test('does not keep what the peer had sent before from being received', async () => {
    const opened = await paused();
    const { connection, peer } = opened;
    await resetAfter(peer, flood(100));
    for (let i = 0; i < 10; i++) connection.send('into the void').catch(() => {});
    expect((await connection.closed).cause).toMatchObject(brokenPipe);
    await receiveAll(opened);
    for (let i = 0; i < 100; i++) expect(await connection.recv()).toBe(floodPayload(i, 16));
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });

  test('does not hide a Close that the peer had sent before', async () => {
    const opened = await paused();
    const { connection, peer } = opened;
    await resetAfter(peer, sendClose(1013, 'later'));
    connection.send('into the void').catch(() => {});
    const outcome = await connection.closed;
    expect(outcome).toMatchObject({ code: 1013, reason: 'later', received: { code: 1013 } });
    await receiveAll(opened);
  });
});

describe('a peer that goes', () => {
  test('while we send without pause ends the connection, and every send settles', async () => {
    const { connection, peer } = await open([expectFrame('text')]);
    const sends: Promise<unknown>[] = [];
    let ended = false;
    connection.closed.then(() => {
      ended = true;
    });
    for (let i = 0; !ended && i < 100_000; i++) {
      sends.push(connection.send('x'.repeat(1000)).catch((error) => error));
      if (i === 100) peer.do(destroy());
      if (i % 10 === 0) await sleep(0);
    }
    const settled = await Promise.all(sends);
    expect(settled.filter((each) => each !== undefined && !(each instanceof ConnectionClosedError))).toEqual([]);
    expect(await ending(connection)).toMatchObject({ closeCode: 1006, sent: undefined });
  });

  test('between two messages is told at once to who waits for the next', async () => {
    const { connection, peer } = await open([sendText('one')]);
    expect(await connection.recv()).toBe('one');
    const waiting = ending(connection);
    const began = now();
    await peer.do(reset());
    expect((await waiting).cause).toMatchObject({ code: 'ECONNRESET' });
    expect(now() - began).toBeLessThan(LONG);
  });

  test('by a reset right behind its messages is told so, and not that it ended the stream', async () => {
    const opened = await paused();
    const { connection, peer } = opened;
    // Messages and reset wait in the socket together.
    await resetAfter(peer, sendText('last'));
    await receiveAll(opened);
    expect(await connection.recv()).toBe('last');
    expect((await ending(connection)).cause).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  test('right after the handshake leaves a connection that says so', async () => {
    const { connection } = await open([reset()]);
    expect(await connection.closed).toMatchObject({ code: 1006, cause: { code: 'ECONNRESET' } });
    expect(connection.state).toBe('CLOSED');
    expect(connection.tryRecv.bind(connection)).toThrow(ConnectionClosedError);
  });
});

describe('handlers and callers that misbehave', () => {
  test('an exception in a loop ends the loop, not the connection', async () => {
    const { connection, peer } = await open([sendText('one'), sendText('two')]);
    const problem = new Error('mine');
    const loop = async () => {
      for await (const _message of connection) throw problem;
    };
    expect(await rejection(loop())).toBe(problem);
    expect(await connection.recv()).toBe('two');
    await peer.do(answerPings());
    expect(await connection.ping()).toBeGreaterThan(0);
  });

  test('a connection that nobody looks at ends all the same', async () => {
    const { connection, peer } = await open([flood(1000)]);
    await peer.do(sendClose(1000), reset());
    await until(() => connection.state === 'CLOSED', LONG, 'the end');
    expect(liveReaders()).toBe(0);
  });
});
