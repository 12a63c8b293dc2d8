import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import * as errors from '../../lib/errors.js';
import { reconnect } from '../../lib/reconnect.js';
import type { ReconnectOptions, Retry } from '../../lib/reconnect-options.js';
import { liveReaders, noReadersLeft } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  delay,
  destroy,
  halfClose,
  neverAnswer,
  reset,
  respond,
  type Script,
  ScriptedPeer,
  sendClose,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep, UNIT, until } from '../support/times.js';

/** A peer whose connections do these scripts, one after the other; after the test no reader may be left. */
async function listen(...[first, ...laterScripts]: Script[]): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(first as Script, { laterScripts });
  onTestFinished(() => peer.stop());
  onTestFinished(() => noReadersLeft());
  return peer;
}

/** Waits are short, and told of. */
function quick(retries: Retry[], options: ReconnectOptions = {}): ReconnectOptions {
  return {
    initialDelay: UNIT,
    maxDelay: UNIT,
    onRetry: (retry) => {
      retries.push(retry);
    },
    ...options,
  };
}

/** The next connection, which there has to be. */
async function nextOf(connections: AsyncIterator<Connection>): Promise<Connection> {
  const { value, done } = await connections.next();
  expect(done).toBe(false);
  return value;
}

const closing: Script = [sendClose(1001), waitForClose(), halfClose()];
const serving: Script = [accept(), sendText('here'), answerClose()];

test('each step is a fresh connection, until the loop is left, which closes the last', async () => {
  const texts: unknown[] = [];
  const peer = await listen(
    [accept(), sendText('one'), ...closing],
    [accept(), sendText('two'), ...closing],
    [accept(), sendText('three'), answerClose()],
  );
  const retries: Retry[] = [];
  for await (const connection of reconnect(peer.url, quick(retries))) {
    for await (const message of connection) {
      texts.push(message);
      if (message === 'three') break;
    }
    if (texts.length === 3) break;
  }
  expect(texts).toEqual(['one', 'two', 'three']);
  expect(liveReaders()).toBe(0);
  expect(await peer.frames('close')).toMatchObject([{ code: 1000 }]);
  expect(retries.map(({ error }) => error.name)).toEqual(['ConnectionClosedOK', 'ConnectionClosedOK']);
  await sleep(MEDIUM);
  expect(await peer.connectionCount()).toBe(3);
});

test('attempts that fail are told of and repeated, as is a connection that is lost', async () => {
  const peer = await listen(
    [reset()],
    [halfClose()],
    [sendRaw('HTTP/1.1 101 Switch'), halfClose()],
    [respond({ status: 503 }), halfClose()],
    [accept(), reset()],
    serving,
  );
  const retries: Retry[] = [];
  const texts: unknown[] = [];
  for await (const connection of reconnect(peer.url, quick(retries))) {
    try {
      texts.push(await connection.recv());
      break;
    } catch (error) {
      expect(error).toBeInstanceOf(errors.ConnectionClosedError);
    }
  }
  expect(texts).toEqual(['here']);
  expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
  expect(retries.map(({ error }) => error.name)).toEqual([
    'TransportError',
    // Over TLS it is the handshake of that which is not answered.
    peer.url.startsWith('wss') ? 'TransportError' : 'InvalidMessage',
    'InvalidMessage',
    'InvalidStatus',
    'ConnectionClosedError',
  ]);
  for (const { delay } of retries) expect(delay).toBeLessThanOrEqual(UNIT);
});

test('a server that wants to be left alone for a while is', async () => {
  const tooMany = respond({ status: 429, headers: { 'Retry-After': '1' } });
  const peer = await listen([tooMany, halfClose()], serving);
  const retries: Retry[] = [];
  const connections = reconnect(peer.url, quick(retries));
  const began = now();
  expect(await (await nextOf(connections)).recv()).toBe('here');
  // What is measured begins before the response; timers may be early by a millisecond.
  expect(now() - began).toBeGreaterThanOrEqual(998);
  expect(retries).toMatchObject([{ error: { retryAfter: 1_000 }, attempt: 1 }]);
  await connections.return?.();
});

test('a server that is away is waited for', async () => {
  const gone = await ScriptedPeer.listen([accept()]);
  await gone.stop();
  const retries: Retry[] = [];
  const connections = reconnect(gone.url, quick(retries, { shouldRetry: (_error, attempt) => attempt < 4 }));
  expect(await rejection(connections.next())).toMatchObject({ code: 'ECONNREFUSED' });
  expect(retries).toHaveLength(3);
});

test('an attempt that takes longer than openTimeout is repeated', async () => {
  const peer = await listen([neverAnswer()], serving);
  const retries: Retry[] = [];
  const connections = reconnect(peer.url, quick(retries, { openTimeout: MEDIUM }));
  expect(await (await nextOf(connections)).recv()).toBe('here');
  expect(retries[0]?.error).toBeInstanceOf(errors.TimeoutError);
  await connections.return?.();
});

test.each<[string, Script, unknown]>([
  ['HTTP 401', [respond({ status: 401 }), halfClose()], errors.InvalidStatus],
  ['junk', [sendRaw('220 smtp.example\r\n'), halfClose()], errors.InvalidMessage],
  ['a wrong accept', [accept({ accept: 'wrong' })], errors.InvalidHeader],
  [
    'a subprotocol that was not offered',
    [accept({ headers: { 'Sec-WebSocket-Protocol': 'x' } })],
    errors.NegotiationError,
  ],
])('%s ends the iteration', async (_what, script, type) => {
  const peer = await listen(script);
  const connections = reconnect(peer.url, quick([]));
  expect(await rejection(connections.next())).toBeInstanceOf(type);
  expect(await connections.next()).toEqual({ value: undefined, done: true });
  expect(await peer.connectionCount()).toBe(1);
});

test('a policy of one’s own may see further', async () => {
  const peer = await listen([respond({ status: 403 }), halfClose()], [respond({ status: 503 }), halfClose()], serving);
  const shouldRetry = (error: Error): boolean => error instanceof errors.InvalidStatus && error.response.status === 403;
  const error = await rejection<errors.InvalidStatus>(reconnect(peer.url, quick([], { shouldRetry })).next());
  expect(error.response.status).toBe(503);
  expect(await peer.connectionCount()).toBe(2);
});

test('a connection that lived is replaced at once', async () => {
  const peer = await listen([accept(), delay(2 * MEDIUM), destroy()], serving);
  const retries: Retry[] = [];
  const connections = reconnect(peer.url, quick(retries, { stableAfter: SHORT, initialDelay: 100 * LONG }));
  const outcome = await (await nextOf(connections)).closed;
  expect(outcome.code).toBe(1006);
  const began = now();
  expect(await (await nextOf(connections)).recv()).toBe('here');
  expect(now() - began).toBeLessThan(LONG);
  expect(retries).toEqual([]);
  await connections.return?.();
});

test('the next step closes the connection that is open, before it connects', async () => {
  const peer = await listen([accept(), waitForClose(), delay(SHORT), sendClose(1000), halfClose()], serving);
  const connections = reconnect(peer.url, quick([]));
  const first = await nextOf(connections);
  const second = await nextOf(connections);
  expect(first.state).toBe('CLOSED');
  expect(first.closeCode).toBe(1000);
  expect(second.state).toBe('OPEN');
  expect(liveReaders()).toBe(1);
  await connections.return?.();
  expect(second.state).toBe('CLOSED');
});

test('messages of a connection that the next step closed are there for who holds it', async () => {
  const peer = await listen(
    [accept(), waitForClose(), together(sendText('one'), sendText('two'), sendClose(1000)), halfClose()],
    serving,
  );
  const connections = reconnect(peer.url, quick([]));
  const first = await nextOf(connections);
  await nextOf(connections);
  expect(first.state).toBe('CLOSED');
  expect(await first.recvMany()).toEqual(['one', 'two']);
  expect(await rejection(first.recv())).toBeInstanceOf(errors.ConnectionClosedOK);
  await connections.return?.();
});

test('an exception in the body closes with 1000 and goes on', async () => {
  const peer = await listen(serving);
  const loop = async (): Promise<void> => {
    for await (const connection of reconnect(peer.url)) {
      await connection.recv();
      throw new Error('body');
    }
  };
  await expect(loop()).rejects.toThrow('body');
  expect(liveReaders()).toBe(0);
  expect(await peer.frames('close')).toMatchObject([{ code: 1000 }]);
});

test('leaving the loop waits for a peer that does not answer no longer than closeTimeout', async () => {
  const peer = await listen([accept(), neverAnswer()]);
  const began = now();
  for await (const _ of reconnect(peer.url, { closeTimeout: MEDIUM })) break;
  expect(now() - began).toBeGreaterThanOrEqual(MEDIUM - 2);
  expect(now() - began).toBeLessThan(MEDIUM + LONG);
  expect(liveReaders()).toBe(0);
});

/** Begins a step, and comes back while it connects or waits. */
async function begin(script: Script, signal?: AbortSignal) {
  const peer = await listen(script);
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  onTestFinished(() => void vi.restoreAllMocks());
  const retries: Retry[] = [];
  const times = { initialDelay: 100 * LONG, maxDelay: 100 * LONG };
  const connections = reconnect(peer.url, quick(retries, { ...times, signal }));
  const step = connections.next();
  step.catch(() => {});
  await peer.request();
  if (script !== silence) await until(() => retries.length === 1, LONG, 'the wait');
  return { peer, connections, step };
}

const silence: Script = [neverAnswer()];
const stages: [string, Script][] = [
  ['connecting', silence],
  ['waiting', [respond({ status: 503 }), halfClose()]],
];

test.each(stages)('return() while %s ends it at once and leaves nothing', async (_stage, script) => {
  const { peer, connections, step } = await begin(script);
  const began = now();
  expect(await connections.return?.()).toEqual({ value: undefined, done: true });
  expect(await step).toEqual({ value: undefined, done: true });
  expect(now() - began).toBeLessThan(LONG);
  expect(liveReaders()).toBe(0);
  expect(await peer.connectionCount()).toBe(1);
});

test.each(stages)('a signal that aborts while %s ends the iteration with its reason', async (_stage, script) => {
  const reason = new Error('enough');
  const abort = new AbortController();
  const { connections, step } = await begin(script, abort.signal);
  abort.abort(reason);
  expect(await rejection(step)).toBe(reason);
  expect(liveReaders()).toBe(0);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  expect(await connections.next()).toEqual({ value: undefined, done: true });
});

test('a signal that aborts within the body ends the iteration after it', async () => {
  const peer = await listen(serving);
  const reason = new Error('enough');
  const abort = new AbortController();
  const held: Connection[] = [];
  const loop = async (): Promise<void> => {
    for await (const connection of reconnect(peer.url, { signal: abort.signal })) {
      held.push(connection);
      abort.abort(reason);
      expect(await connection.recv()).toBe('here');
      expect(connection.state).toBe('OPEN');
    }
  };
  await expect(loop()).rejects.toBe(reason);
  expect(held.map(({ state }) => state)).toEqual(['CLOSED']);
  expect(await peer.frames('close')).toMatchObject([{ code: 1000 }]);
  expect(await peer.connectionCount()).toBe(1);
});

test('a hundred connections that end at once leave neither reader nor listener', async () => {
  const peer = await listen([together(accept(), sendText('x'), sendClose(1000)), halfClose()]);
  const { signal } = new AbortController();
  let received = 0;
  for await (const connection of reconnect(peer.url, { signal, stableAfter: 0 })) {
    for await (const _ of connection) received++;
    if (received === 100) break;
  }
  expect(liveReaders()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(await peer.connectionCount()).toBe(100);
});
