import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { Connection } from '../../lib/connection.js';
import { ConnectionClosedError, InvalidStatus, TransportError } from '../../lib/errors.js';
import { reconnect } from '../../lib/reconnect.js';
import { encodeFrame } from '../support/frames.js';
import { open, openRaw, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  answerPings,
  delay,
  expectFrame,
  halfClose,
  reset,
  respond,
  ScriptedPeer,
  sendClose,
  sendFrame,
  sendPing,
  sendPong,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, SHORT, until } from '../support/times.js';

type Seen = [name: string, message: Record<string, unknown>][];
const all = ['connecting', 'open', 'close', 'ping', 'pong', 'error'];

/** What is published from now on, until the test has ended. */
function watch(...names: string[]): Seen {
  const seen: Seen = [];
  for (const name of names) {
    const listener: ChannelListener = (message) => seen.push([name, message as Record<string, unknown>]);
    subscribe(`hawser:${name}`, listener);
    onTestFinished(() => {
      unsubscribe(`hawser:${name}`, listener);
    });
  }
  return seen;
}

const names = (seen: Seen): string[] => seen.map(([name]) => name);

/** Pings and pongs in words. */
function pings(seen: Seen): string[] {
  return seen.map(([name, { direction, payload }]) => `${name} ${direction} ${payload}`);
}

describe('a connection that opens and closes in good order', () => {
  test('tells of that and of nothing else, in order', async () => {
    const seen = watch(...all);
    const { connection, peer } = await open([answerClose()]);
    expect(seen).toEqual([
      ['connecting', { url: peer.url }],
      ['open', { connection }],
    ]);
    expect(seen[1]?.[1]['connection']).toBe(connection);
    const outcome = await connection.close(1000, 'bye');
    expect(names(seen)).toEqual(['connecting', 'open', 'close']);
    expect(seen[2]?.[1]['connection']).toBe(connection);
    expect(seen[2]?.[1]['outcome']).toBe(outcome);
  });

  test('is open when it is told of, before connect() resolves', async () => {
    const states: unknown[] = [];
    const listener: ChannelListener = (message) => {
      const { connection } = message as { connection: unknown };
      if (connection instanceof Connection) states.push(connection.state, connection.send('from the subscriber'));
    };
    subscribe('hawser:open', listener);
    onTestFinished(() => {
      unsubscribe('hawser:open', listener);
    });
    const { peer } = await open();
    expect(states[0]).toBe('OPEN');
    expect((await peer.expectFrame()).text).toBe('from the subscriber');
  });

  test('is told as closed where the peer closes and nobody waits for that', async () => {
    const seen = watch('close', 'error');
    const { connection } = await open([sendText('unread'), sendClose(1001), waitForClose(), halfClose()]);
    await until(() => seen.length > 0, LONG, 'the end');
    expect(seen).toEqual([['close', { connection, outcome: expect.objectContaining({ code: 1001, wasClean: true }) }]]);
    expect(connection.state).toBe('CLOSED');
    expect(await connection.recv()).toBe('unread');
  });
});

describe('an opening that fails', () => {
  test('because nobody listens is an error, the one that connect() rejects with', async () => {
    const seen = watch(...all);
    const peer = await ScriptedPeer.listen([]);
    const { url } = peer;
    await peer.stop();
    const error = await rejection(connect(url));
    expect(error).toBeInstanceOf(TransportError);
    expect(seen).toEqual([
      ['connecting', { url }],
      ['error', { url, error }],
    ]);
    expect(seen[1]?.[1]['error']).toBe(error);
  });

  test('because the server refuses is an error', async () => {
    const seen = watch(...all);
    await using peer = await ScriptedPeer.listen([respond({ status: 403 })]);
    const error = await rejection(connect(peer.url));
    expect(error).toBeInstanceOf(InvalidStatus);
    expect(names(seen)).toEqual(['connecting', 'error']);
    expect(seen[1]?.[1]['error']).toBe(error);
  });

  test('because it is aborted is an error, which is the reason', async () => {
    const seen = watch(...all);
    await using peer = await ScriptedPeer.listen([]);
    const abort = new AbortController();
    const opening = connect(peer.url, { signal: abort.signal });
    await peer.connection(0);
    abort.abort('enough');
    expect(await rejection<unknown>(opening)).toBe('enough');
    expect(seen).toEqual([
      ['connecting', { url: peer.url }],
      ['error', { url: peer.url, error: 'enough' }],
    ]);
  });

  test('is told for each attempt of reconnect()', async () => {
    const seen = watch('connecting', 'open', 'error');
    const peer = await ScriptedPeer.listen([respond({ status: 503 })], {
      laterScripts: [[respond({ status: 503 })], [accept(), answerClose()]],
    });
    onTestFinished(() => peer.stop());
    for await (const _ of reconnect(peer.url, { initialDelay: 1 })) break;
    expect(names(seen)).toEqual(['connecting', 'error', 'connecting', 'error', 'connecting', 'open']);
  });
});

describe('an end that is not in good order', () => {
  test.each([
    ['a reset', [reset()], { code: 1006, cause: expect.objectContaining({ code: 'ECONNRESET' }) }],
    ['the end of the stream', [halfClose()], { code: 1006 }],
    ['a Close with an error', [sendClose(1011, 'oops'), waitForClose(), halfClose()], { code: 1011, reason: 'oops' }],
    ['a broken rule', [sendFrame({ opcode: 3 }), halfClose()], { code: 1006, sent: { code: 1002 } }],
  ])('is told as closed, then as an error: %s', async (_what, script, expected) => {
    const seen = watch(...all);
    const { connection, peer } = await open(script);
    const outcome = await connection.closed;
    expect(names(seen)).toEqual(['connecting', 'open', 'close', 'error']);
    expect(seen[2]?.[1]['outcome']).toBe(outcome);
    const { error, ...rest } = seen[3]![1] as { error: ConnectionClosedError };
    expect(rest).toEqual({ url: peer.url, connection });
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.outcome).toBe(outcome);
    expect(outcome).toMatchObject(
      'sent' in expected ? { ...expected, sent: expect.objectContaining(expected.sent) } : expected,
    );
  });

  test('by terminate() is one', async () => {
    const seen = watch('close', 'error');
    const { connection } = await open();
    await connection.terminate();
    expect(names(seen)).toEqual(['close', 'error']);
  });
});

describe('pings and pongs', () => {
  test('of both sides are told, with their payloads', async () => {
    const seen = watch('ping', 'pong');
    const { connection } = await open([answerPings(), sendPing('theirs'), expectFrame('pong'), sendPong('unasked')]);
    await until(() => seen.length === 3, LONG, 'the peer’s');
    await connection.ping('ours');
    await connection.pong('unasked too');
    await until(() => seen.length === 6, LONG, 'ours');
    expect(pings(seen)).toEqual([
      'ping received theirs',
      'pong sent theirs',
      'pong received unasked',
      'ping sent ours',
      'pong received ours',
      'pong sent unasked too',
    ]);
    for (const [, message] of seen) expect(message['connection']).toBe(connection);
  });

  test('of keepalive are told as well', async () => {
    const seen = watch('ping', 'pong');
    await open([answerPings()], { pingInterval: MEDIUM });
    await until(() => seen.length >= 2, LONG, 'a pong');
    const [ping, pong] = seen;
    expect(pings([ping!, pong!])).toEqual([
      expect.stringMatching(/^ping sent [a-p]{8}$/),
      `pong received ${ping?.[1]['payload']}`,
    ]);
  });

  test('are told with all of their payload, however the network cuts them', async () => {
    const seen = watch('ping', 'pong');
    const payload = 'x'.repeat(125);
    const frames = [encodeFrame({ opcode: 'ping', payload }), encodeFrame({ opcode: 'pong', payload: 'yyy' })];
    const { peer } = await open();
    for (const frame of frames) {
      await peer.do(sendRaw(frame.subarray(0, 3)), delay(SHORT), sendRaw(frame.subarray(3)));
    }
    await until(() => seen.length === 3, LONG, 'all of them');
    expect(pings(seen).sort()).toEqual([`ping received ${payload}`, 'pong received yyy', `pong sent ${payload}`]);
  });

  test('are told to those who subscribed to one of them only', async () => {
    const seen = watch('pong');
    const { connection } = await open([answerPings()]);
    await connection.ping('ours');
    await until(() => seen.length > 0, LONG, 'the pong');
    expect(pings(seen)).toEqual(['pong received ours']);
  });

  test('are told of connections that were opened after somebody subscribed, and cost the others no wake', async () => {
    const { connection, peer } = await open();
    const seen = watch('ping', 'pong');
    const { wakes } = connection.stats();
    await peer.do(sendPing('x'), expectFrame('pong'), sendText('after it'));
    expect(await connection.recv()).toBe('after it');
    expect(connection.stats().wakes).toBeLessThanOrEqual(wakes + 1);
    expect(seen).toEqual([]);
  });

  test('are not told any more once nobody subscribes, and the connection goes on', async () => {
    const seen: unknown[] = [];
    const listener: ChannelListener = (message) => seen.push(message);
    subscribe('hawser:ping', listener);
    const { connection, peer } = await open([sendPing('1')]);
    await until(() => seen.length === 1, LONG, 'the ping');
    unsubscribe('hawser:ping', listener);
    await peer.do(sendPing('2'), sendText('after it'));
    expect(await connection.recv()).toBe('after it');
    expect(seen).toHaveLength(1);
  });
});

test('credentials of the URL are published nowhere', async () => {
  const seen = watch(...all);
  await using peer = await ScriptedPeer.listen([respond({ status: 401 })]);
  await rejection(connect(peer.url.replace('//', '//user:secret@')));
  expect(seen.map(([, { url }]) => url)).toEqual([peer.url, peer.url]);
});

test('frames behind the response’s head are told after the opening', async () => {
  const seen = watch('open', 'ping');
  await openRaw([together(accept(), sendPing('early'))]);
  await until(() => seen.length === 2, LONG, 'the ping');
  expect(names(seen)).toEqual(['open', 'ping']);
});
