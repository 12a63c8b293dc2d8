/** Opening a connection over sockets: the request, what accepts it, and what ends the wait for that. */

import { describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import * as errors from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { version } from '../../lib/version.js';
import { liveReaders } from '../support/live-readers.js';
import { ending, open, openRaw, rejection } from '../support/opened.js';
import { head, listen, refused, timed } from '../support/refused.js';
import {
  accept,
  answerClose,
  delay,
  flood,
  floodPayload,
  halfClose,
  inPieces,
  neverAnswer,
  respond,
  type Script,
  sendClose,
  sendPing,
  sendRaw,
  sendText,
  together,
  waitForEnd,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep } from '../support/times.js';

describe('the request', () => {
  test('asks for what RFC 6455 says, and for compression', async () => {
    const { peer } = await open();
    const { requestLine, headers } = await peer.request();
    expect(requestLine).toBe('GET / HTTP/1.1');
    expect(headers).toMatchObject({
      host: `127.0.0.1:${peer.port}`,
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      'user-agent': `hawser/${version}`,
    });
    expect(Buffer.from(headers['sec-websocket-key']!, 'base64')).toHaveLength(16);
    for (const name of ['sec-websocket-protocol', 'origin', 'authorization']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  test('has a key of its own each time', async () => {
    const keys = [];
    for (let i = 0; i < 3; i++) {
      const { peer } = await open();
      keys.push((await peer.request()).headers['sec-websocket-key']);
    }
    expect(new Set(keys).size).toBe(3);
  });

  const sent: [string, ConnectOptions, Record<string, string | undefined>][] = [
    ['headers as an object', { headers: { 'X-A': 'b', 'X-C': ['d', 'e'] } }, { 'x-a': 'b', 'x-c': 'd, e' }],
    [
      'headers as pairs',
      {
        headers: [
          ['X-A', 'b'],
          ['X-A', 'c'],
        ],
      },
      { 'x-a': 'b, c' },
    ],
    ['headers as Headers', { headers: new Headers({ 'X-A': 'b' }) }, { 'x-a': 'b' }],
    ['a cookie', { headers: { Cookie: 'a=b; c=d' } }, { cookie: 'a=b; c=d' }],
    ['several cookies in one header', { headers: { Cookie: ['a=b', 'c=d; e=f'] } }, { cookie: 'a=b; c=d; e=f' }],
    ['an origin', { origin: 'https://o.example' }, { origin: 'https://o.example' }],
    ['a user agent', { userAgent: 'mine/1' }, { 'user-agent': 'mine/1' }],
    ['no user agent', { userAgent: null }, { 'user-agent': undefined }],
    [
      'the User-Agent of headers',
      { userAgent: 'other', headers: { 'User-Agent': 'mine/2' } },
      { 'user-agent': 'mine/2' },
    ],
    ['the Host of headers', { headers: { Host: 'h.example' } }, { host: 'h.example' }],
    ['credentials', { auth: 'user:pä:ss' }, { authorization: `Basic ${Buffer.from('user:pä:ss').toString('base64')}` }],
    [
      'the Authorization of headers',
      { auth: 'a:b', headers: { Authorization: 'Bearer t' } },
      { authorization: 'Bearer t' },
    ],
    ['no extension', { compression: false }, { 'sec-websocket-extensions': undefined }],
    [
      'the compression',
      { compression: { serverNoContextTakeover: true, clientMaxWindowBits: 10 } },
      { 'sec-websocket-extensions': 'permessage-deflate; server_no_context_takeover; client_max_window_bits=10' },
    ],
    ['subprotocols', { subprotocols: ['b', 'a'] }, { 'sec-websocket-protocol': 'b, a' }],
  ];
  test.each(sent)('has %s', async (_what, options, expected) => {
    const { peer } = await open([], options);
    const { headers } = await peer.request();
    for (const [name, value] of Object.entries(expected)) expect(headers[name]).toBe(value);
  });

  test('has the URL’s credentials, which the connection’s url does not show', async () => {
    const peer = await listen([accept(), answerClose()]);
    const url = peer.url.replace('//', '//us%C3%A9r:pa%3Ass@');
    const connection = await connect(url);
    const { headers } = await peer.request();
    expect(headers['authorization']).toBe(`Basic ${Buffer.from('usér:pa:ss').toString('base64')}`);
    expect(connection.url).toBe(peer.url);
    await connection.close();
  });

  test('has the credentials of auth rather than the URL’s', async () => {
    const peer = await listen([accept(), answerClose()]);
    const connection = await connect(peer.url.replace('//', '//other:one@'), { auth: 'user:pass' });
    const { headers } = await peer.request();
    expect(headers['authorization']).toBe(`Basic ${Buffer.from('user:pass').toString('base64')}`);
    await connection.close();
  });

  test('has each header that can come once but once', async () => {
    const { peer } = await open([], {
      headers: [
        ['host', 'h.example'],
        ['user-agent', 'mine'],
        ['authorization', 'Bearer t'],
        ['origin', 'https://o.example'],
        ['cookie', 'a=b'],
        ['Cookie', 'c=d'],
      ],
      auth: 'a:b',
      origin: 'https://p.example',
    });
    const { head } = await peer.request();
    const names = head
      .split('\r\n')
      .slice(1, -2)
      .map((line) => line.split(':')[0]?.toLowerCase());
    expect(names).toHaveLength(new Set(names).size);
    expect(names[0]).toBe('host');
  });
});

describe('an acceptance', () => {
  test('may choose one of the subprotocols offered', async () => {
    const { connection } = await openRaw([accept({ headers: { 'Sec-WebSocket-Protocol': 'b' } })], {
      subprotocols: ['a', 'b'],
    });
    expect(connection.subprotocol).toBe('b');
  });

  test('may choose none of them', async () => {
    const { connection } = await open([], { subprotocols: ['a', 'b'] });
    expect(connection.subprotocol).toBeUndefined();
  });

  test.each([
    ['in any case', { Upgrade: 'WebSocket', Connection: 'UPGRADE' }],
    ['in a list', { Connection: 'keep-alive, Upgrade' }],
    ['in a list with empty members', { Connection: ' , Upgrade,,' }],
  ])('may say it %s', async (_what, headers) => {
    const { connection } = await openRaw([accept({ headers })]);
    expect(connection.state).toBe('OPEN');
  });

  test('may come byte by byte', async () => {
    const { connection } = await openRaw([inPieces(1, accept()), sendText('x')]);
    expect(await connection.recv()).toBe('x');
  });

  test('may come after other informational responses', async () => {
    const hints = sendRaw(head('100 Continue') + head('103 Early Hints', 'Link: </x>'));
    const { connection } = await openRaw([together(hints, accept())]);
    expect(connection.response.status).toBe(101);
  });

  test('may have the first frames behind it in the same segment', async () => {
    const { connection, peer } = await openRaw([
      together(accept(), sendText('one'), sendPing('two'), sendText('three')),
    ]);
    expect(await connection.recv()).toBe('one');
    expect(await connection.recv()).toBe('three');
    expect((await peer.expectFrame('pong')).text).toBe('two');
  });

  test('may have a part of a frame behind it in the same segment', async () => {
    const frame = '\x81\x05hello';
    const { connection } = await openRaw([
      together(accept(), sendRaw(frame.slice(0, 3))),
      delay(SHORT),
      sendRaw(frame.slice(3)),
    ]);
    expect(await connection.recv()).toBe('hello');
  });

  test('may have a flood right behind it', async () => {
    const { connection } = await openRaw([accept(), flood(20_000)]);
    for (let i = 0; i < 20_000; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, 16)) expect(message).toBe(floodPayload(i, 16));
    }
  });

  test('may have the peer’s Close behind it in the same segment', async () => {
    const { connection, peer } = await openRaw(
      [together(accept(), sendText('last'), sendClose(1001, 'bye')), waitForEnd()],
      {
        closeTimeout: MEDIUM,
      },
    );
    expect(await connection.recv()).toBe('last');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(errors.ConnectionClosedOK);
    expect(error).toMatchObject({ closeCode: 1001, closeReason: 'bye', receivedFirst: true });
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1001 }]);
  });

  test('may have the end of the stream right behind it', async () => {
    const { connection } = await openRaw([together(accept(), sendText('last')), halfClose()]);
    expect(await connection.recv()).toBe('last');
    expect((await ending(connection)).cause).toBeInstanceOf(errors.EndOfStream);
  });

  test('may have garbage behind it: the connection opens, and fails', async () => {
    const { connection } = await openRaw([together(accept(), sendRaw('\xff\xff'))], { closeTimeout: SHORT });
    expect((await ending(connection)).cause).toBeInstanceOf(errors.ProtocolError);
  });
});

describe('openTimeout', () => {
  test('ends the wait for a response that does not come', async () => {
    const { value: error, took } = await timed(refused([neverAnswer()], { openTimeout: MEDIUM }));
    expect(error).toBeInstanceOf(errors.TimeoutError);
    expect(error.message).toBe(`timed out while waiting for handshake response; openTimeout is ${MEDIUM} ms`);
    expect(took).toBeGreaterThanOrEqual(MEDIUM - 2);
    expect(took).toBeLessThan(MEDIUM + LONG);
  });

  test.each([
    ['a status line', [sendRaw('HTTP/1.1 101 ')], 'x'],
    ['headers', [sendRaw('HTTP/1.1 101 OK\r\n')], 'A: b\r\n'],
    ['junk', [], 'x'],
  ])('is not prolonged by %s that drip', async (_what, steps: Script, drop) => {
    const drip = Array.from({ length: 200 }, () => [sendRaw(drop), delay(SHORT)]).flat();
    const { value: error, took } = await timed(refused([...steps, ...drip], { openTimeout: 2 * MEDIUM }));
    expect(error).toBeInstanceOf(errors.TimeoutError);
    expect(took).toBeLessThan(2 * MEDIUM + LONG);
  });

  test('does not reach into the open connection', async () => {
    const { connection } = await open([delay(3 * MEDIUM), sendText('late')], { openTimeout: 2 * MEDIUM });
    expect(await connection.recv()).toBe('late');
    expect(connection.state).toBe('OPEN');
  });

  test('null waits on', async () => {
    const { connection } = await openRaw([delay(MEDIUM), accept()], { openTimeout: null });
    expect(connection.state).toBe('OPEN');
  });
});

describe('a signal', () => {
  test.each([
    ['while the peer is silent', [neverAnswer()]],
    ['within a response', [sendRaw('HTTP/1.1 101 OK\r\n'), neverAnswer()]],
    ['within a body', [sendRaw(`${head('500 No')}hello`), neverAnswer()]],
  ])('aborts %s, with its reason and at once', async (_stage, script: Script) => {
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    let aborted = 0;
    setTimeout(() => {
      aborted = now();
      abort.abort(reason);
    }, MEDIUM);
    expect(await refused(script, { signal: abort.signal })).toBe(reason);
    expect(now() - aborted).toBeLessThan(LONG);
  });

  test('that has aborted before keeps anything from being dialled', async () => {
    const peer = await listen([accept()]);
    const error = await rejection(connect(peer.url, { signal: AbortSignal.abort() }));
    expect(error.name).toBe('AbortError');
    await sleep(SHORT);
    expect(await peer.connectionCount()).toBe(0);
  });

  test('that aborts in the turn of the call does too', async () => {
    const peer = await listen([accept()]);
    const abort = new AbortController();
    const connecting = rejection(connect(peer.url, { signal: abort.signal }));
    abort.abort();
    expect((await connecting).name).toBe('AbortError');
    expect(liveReaders()).toBe(0);
  });

  test('may be a timeout', async () => {
    const error = await refused([neverAnswer()], { signal: AbortSignal.timeout(MEDIUM) });
    expect(error.name).toBe('TimeoutError');
  });

  test('that aborts later does not touch the open connection', async () => {
    const abort = new AbortController();
    const { connection, peer } = await open([], { signal: abort.signal });
    abort.abort();
    await connection.send('still here');
    expect((await peer.expectFrame()).text).toBe('still here');
    expect(connection.state).toBe('OPEN');
  });

  test('can abort many at once, whatever their stage', async () => {
    const peer = await listen([sendRaw('HTTP/1.1 101 OK\r\n'), neverAnswer()]);
    const abort = new AbortController();
    const connecting = Array.from({ length: 10 }, () => rejection(connect(peer.url, { signal: abort.signal })));
    await sleep(SHORT);
    abort.abort('all of you');
    expect(new Set(await Promise.all(connecting))).toEqual(new Set(['all of you']));
    expect(liveReaders()).toBe(0);
  });
});

test('a hundred failures one after the other leave no reader', async () => {
  const peer = await listen([respond({ status: 503 }), neverAnswer()]);
  for (let i = 0; i < 100; i++) {
    expect(await rejection(connect(peer.url))).toBeInstanceOf(errors.InvalidStatus);
    expect(liveReaders()).toBe(0);
  }
});
