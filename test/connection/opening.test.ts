import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import * as errors from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { version } from '../../lib/version.js';
import { liveReaders } from '../support/live-readers.js';
import { ending, open, openRaw, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  delay,
  flood,
  floodPayload,
  halfClose,
  inPieces,
  neverAnswer,
  reset,
  respond,
  type Script,
  ScriptedPeer,
  sendClose,
  sendPing,
  sendRaw,
  sendText,
  together,
  waitForEnd,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep } from '../support/times.js';

/** A peer for one test, after which no reader may be left. */
async function listen(script: Script): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(script);
  onTestFinished(async () => {
    expect(liveReaders()).toBe(0);
    await peer.stop();
  });
  return peer;
}

/** What connecting to a peer with a script rejects with. The reader has ended by then. */
async function refused<E = errors.HawserError>(script: Script, options?: ConnectOptions): Promise<E> {
  const peer = await listen(script);
  return rejection<E>(
    connect(peer.url, options).finally(() => {
      expect(liveReaders()).toBe(0);
    }),
  );
}

async function timed<T>(promise: Promise<T>): Promise<{ value: T; took: number }> {
  const began = now();
  return { value: await promise, took: now() - began };
}

/** The head of a response that is no acceptance. */
const head = (status: string, ...headers: string[]): string =>
  `HTTP/1.1 ${status}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;

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

describe('an answer that is no acceptance, though its status is 101,', () => {
  const accepts = (headers: Record<string, string | null>): Script => [accept({ headers }), neverAnswer()];
  const cases: [string, Script, unknown, string][] = [
    ['lacks Upgrade', accepts({ Upgrade: null }), errors.InvalidUpgrade, 'missing Upgrade header'],
    ['upgrades to something else', accepts({ Upgrade: 'h2c' }), errors.InvalidUpgrade, 'invalid Upgrade header: "h2c"'],
    ['lacks Connection', accepts({ Connection: null }), errors.InvalidUpgrade, 'missing Connection header'],
    [
      'keeps the connection alive instead',
      accepts({ Connection: 'keep-alive' }),
      errors.InvalidUpgrade,
      'invalid Connection header: "keep-alive"',
    ],
    [
      'lacks the accept',
      accepts({ 'Sec-WebSocket-Accept': null }),
      errors.InvalidHeader,
      'missing Sec-WebSocket-Accept header',
    ],
    [
      'has a wrong accept',
      [accept({ accept: 'wrong' }), neverAnswer()],
      errors.InvalidHeader,
      'invalid Sec-WebSocket-Accept header: "wrong"',
    ],
    [
      'has the accept twice',
      accepts({ 'sec-websocket-accept': 'wrong' }),
      errors.InvalidHeader,
      'response has 2 Sec-WebSocket-Accept headers; expected one',
    ],
    [
      'chooses a subprotocol that was not offered',
      accepts({ 'Sec-WebSocket-Protocol': 'c' }),
      errors.NegotiationError,
      "server chose subprotocol 'c'; offered were a, b",
    ],
    [
      'chooses one in another case',
      accepts({ 'Sec-WebSocket-Protocol': 'A' }),
      errors.NegotiationError,
      "server chose subprotocol 'A'; offered were a, b",
    ],
    [
      'chooses several subprotocols',
      accepts({ 'Sec-WebSocket-Protocol': 'a', 'sec-websocket-protocol': 'b' }),
      errors.InvalidHeader,
      'response has 2 Sec-WebSocket-Protocol headers; expected one',
    ],
    [
      'chooses an extension that was not offered',
      accepts({ 'Sec-WebSocket-Extensions': 'permessage-bzip2' }),
      errors.NegotiationError,
      'server chose extension "permessage-bzip2"; offered was "permessage-deflate; client_max_window_bits"',
    ],
    [
      'accepts compression otherwise than offered',
      accepts({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }),
      errors.NegotiationError,
      'server accepted "permessage-deflate; client_max_window_bits"; client_max_window_bits has no value, ' +
        'expected 8 to 15; offered was "permessage-deflate; client_max_window_bits"',
    ],
  ];
  test.each(cases)('is refused where it %s', async (_what, script, type, message) => {
    const { value: error, took } = await timed(refused(script, { subprotocols: ['a', 'b'] }));
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(errors.InvalidHandshake);
    expect(error.message).toBe(message);
    expect(took).toBeLessThan(LONG);
  });

  test('chooses a subprotocol where none was offered', async () => {
    const error = await refused(accepts({ 'Sec-WebSocket-Protocol': 'c' }));
    expect(error.message).toBe("server chose subprotocol 'c'; none was offered");
  });

  test('chooses an extension where none was offered', async () => {
    const script = accepts({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    const error = await refused(script, { compression: false });
    expect(error).toBeInstanceOf(errors.NegotiationError);
    expect(error.message).toBe('server chose extension "permessage-deflate"; none was offered');
  });

  test('sees the end of the stream at once, though it keeps its own open', async () => {
    const peer = await listen([accept({ accept: 'wrong' }), neverAnswer()]);
    const began = now();
    await rejection(connect(peer.url));
    await peer.ended();
    expect(now() - began).toBeLessThan(LONG);
    expect(await peer.frames()).toEqual([]);
  });
});

describe('another status', () => {
  test('is an InvalidStatus with head and body', async () => {
    const error = await refused<errors.InvalidStatus>([
      respond({ status: 200, body: 'héllo', headers: { 'X-A': 'b' } }),
      neverAnswer(),
    ]);
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    expect(error.message).toBe('server rejected WebSocket connection: HTTP 200');
    expect(error.response).toMatchObject({ status: 200, statusText: 'Scripted' });
    expect(error.response.headers.get('x-a')).toBe('b');
    expect(error.body).toEqual(Buffer.from('héllo'));
    expect(error.text).toBe('héllo');
  });

  test.each([301, 302, 307, 400, 401, 403, 404, 426, 429, 500, 503])('%i is told', async (status) => {
    const error = await refused<errors.InvalidStatus>([
      respond({ status, headers: { Location: 'ws://127.0.0.1:1/', 'Retry-After': '1' } }),
      neverAnswer(),
    ]);
    expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS', response: { status } });
  });

  test('may have a body that ends with the stream', async () => {
    const script = [sendRaw(`${head('200 OK')}hel`), delay(SHORT), sendRaw('lo'), halfClose()];
    expect(await refused(script)).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello' });
  });

  test('may have a chunked body', async () => {
    const body = '5;extension=x\r\nhello\r\n1\r\n!\r\n0\r\n\r\n';
    const script = [inPieces(1, sendRaw(head('403 No', 'Transfer-Encoding: chunked') + body)), neverAnswer()];
    expect(await refused(script)).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello!' });
  });

  test.each([
    ['of no bytes', respond({ status: 410, headers: { Connection: 'keep-alive', 'Content-Length': '0' } })],
    ['that its status can’t have', sendRaw(head('204 No Content'))],
  ])('is not kept waiting for by a body %s', async (_what, step) => {
    const { value: error, took } = await timed(refused([step, neverAnswer()]));
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    expect(took).toBeLessThan(LONG);
  });

  test.each([
    ['a stream that ends too early', [halfClose()]],
    ['a reset', [delay(SHORT), reset()]],
    ['openTimeout', [neverAnswer()]],
  ])('has what came of a body that is cut short by %s', async (_what, steps: Script) => {
    const error = await refused([sendRaw(`${head('500 No', 'Content-Length: 9')}hel`), ...steps], {
      openTimeout: 5 * MEDIUM,
    });
    expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hel' });
  });

  test('is not kept waiting for long by a body that never ends', async () => {
    const drip = Array.from({ length: 500 }, () => [sendRaw('x'), delay(SHORT)]).flat();
    const { value: error, took } = await timed(refused([sendRaw(head('500 No')), ...drip]));
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    // Two seconds for a body, whatever openTimeout is.
    expect(took).toBeLessThan(2000 + 2 * LONG);
  });

  test('keeps no more than 1 MiB of its body, and waits for no more', async () => {
    const script = [sendRaw(head('500 No')), sendRaw(Buffer.alloc(3 << 20, 'x')), neverAnswer()];
    const { value: error, took } = await timed(refused<errors.InvalidStatus>(script));
    expect(error.body).toHaveLength(1 << 20);
    expect(took).toBeLessThan(LONG);
  });
});

describe('a server that is hostile or none', () => {
  const lines = (count: number): string => 'A: b\r\n'.repeat(count);
  const cases: [string, string, string][] = [
    ['SMTP', '220 smtp.example ESMTP\r\n', 'expected HTTP/1.1: "220 smtp.example ESMTP"'],
    ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n', 'expected HTTP/1.1: "SSH-2.0-OpenSSH_9.6"'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', 'expected HTTP/1.1: "HTTP/1.0 200 OK"'],
    ['HTTP/2', 'HTTP/2 101\r\n\r\n', 'expected HTTP/1.1: "HTTP/2 101"'],
    ['a status that is none', 'HTTP/1.1 1x1 OK\r\n\r\n', 'invalid status line'],
    ['bare line feeds', 'HTTP/1.1 101 OK\nA: b\n\n', 'bare CR or LF'],
    ['a bare carriage return', 'HTTP/1.1 101 OK\r\nA: b\rC: d\r\n\r\n', 'bare CR or LF'],
    ['a folded header', 'HTTP/1.1 101 OK\r\nA: b\r\n c\r\n\r\n', 'folded header line'],
    ['a header without a colon', 'HTTP/1.1 101 OK\r\nABC\r\n\r\n', 'without a colon'],
    ['129 headers', `HTTP/1.1 101 OK\r\n${lines(129)}\r\n`, 'response has 129 headers; the limit is 128'],
    ['a long status line', `HTTP/1.1 101 ${'b'.repeat(9000)}\r\n\r\n`, 'the limit is 8192'],
    ['a long header', `HTTP/1.1 101 OK\r\nA: ${'b'.repeat(9000)}\r\n\r\n`, 'the limit is 8192'],
    ['a line that never ends', `HTTP/1.1 101 ${'b'.repeat(2 << 20)}`, 'the limit is 8192'],
    ['a head that never ends', `HTTP/1.1 101 OK\r\n${lines(400_000)}`, 'the limit is'],
    ['junk that never ends', 'x'.repeat(2 << 20), 'expected HTTP/1.1'],
  ];
  test.each(cases)('that sends %s is an InvalidMessage, at once', async (_what, bytes, words) => {
    const { value: error, took } = await timed(refused([sendRaw(bytes), neverAnswer()]));
    expect(error).toBeInstanceOf(errors.InvalidMessage);
    expect(error.message).toContain(words);
    expect(error.message.length).toBeLessThan(400);
    expect(took).toBeLessThan(2 * LONG);
  });

  test.each([
    ['A B: c', 'A B'],
    ['A : b', 'A '],
    ['A: b\0c', 'A'],
    [': b', ''],
  ])('that sends the header %j is an InvalidHeader', async (line, name) => {
    const error = await refused<errors.InvalidHeader>([sendRaw(head('101 OK', line)), neverAnswer()]);
    expect(error).toBeInstanceOf(errors.InvalidHeader);
    expect(error.headerName).toBe(name);
  });

  test('that sends informational responses for ever is not listened to for ever', async () => {
    const error = await refused([sendRaw(head('100 Continue').repeat(1000)), neverAnswer()]);
    expect(error).toBeInstanceOf(errors.SecurityError);
  });

  test.each([
    ['before the first byte', [], 'HTTP status line'],
    ['within the status line', [sendRaw('HTTP/1.1 1')], 'HTTP status line'],
    ['within the headers', [sendRaw('HTTP/1.1 101 OK\r\nUpgrade: webs')], 'HTTP headers'],
  ])('that ends the stream %s is an InvalidMessage that says so', async (_what, steps: Script, where) => {
    const error = await refused([...steps, halfClose()]);
    expect(error).toBeInstanceOf(errors.InvalidMessage);
    expect(error.message).toBe(`did not receive a valid HTTP response; connection closed while reading ${where}`);
  });

  test('that ends the stream within a line of junk is told by the junk', async () => {
    const error = await refused([sendRaw('220 smtp.exam'), halfClose()]);
    expect(error.message).toContain('unsupported protocol; expected HTTP/1.1: "220 smtp.exam"');
  });

  test.each([
    ['at once', []],
    ['within the head', [sendRaw('HTTP/1.1 101 OK\r\n')]],
  ])('that resets %s is a TransportError', async (_what, steps: Script) => {
    const error = await refused([...steps, delay(SHORT), reset()]);
    expect(error).toBeInstanceOf(errors.TransportError);
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
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
