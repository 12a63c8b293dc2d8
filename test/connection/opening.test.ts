import { once } from 'node:events';
import { createServer, type LookupFunction } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import * as errors from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { version } from '../../lib/version.js';
import { liveReaders } from '../support/live-readers.js';
import {
  accept,
  answerClose,
  delay,
  halfClose,
  inPieces,
  neverAnswer,
  reset,
  respond,
  ScriptedPeer,
  type Step,
  sendClose,
  sendRaw,
  sendText,
  together,
  waitForEnd,
} from '../support/scripted-peer.js';
import { LONG, MARGIN, MEDIUM, now, SHORT } from '../support/times.js';

afterEach(() => expect(liveReaders()).toBe(0));

/** Connects to a peer with a script, and closes in the end. */
async function opened(
  script: readonly Step[],
  options: ConnectOptions | undefined,
  use: (connection: Connection, peer: ScriptedPeer) => Promise<void> | void,
) {
  await using peer = await ScriptedPeer.listen(script);
  const connection = await connect(peer.url, options);
  try {
    await use(connection, peer);
  } finally {
    await connection.close();
  }
}

/** What connecting to a peer with a script rejects with. The reader has ended by then. */
async function refused(script: readonly Step[], options?: ConnectOptions): Promise<errors.HawserError> {
  await using peer = await ScriptedPeer.listen(script);
  return await failure(connect(peer.url, options));
}

async function failure(promise: Promise<unknown>): Promise<errors.HawserError> {
  const error = await promise.then(
    () => expect.unreachable(),
    (reason) => reason,
  );
  expect(liveReaders()).toBe(0);
  return error;
}

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function lookupOf(...addresses: string[]): LookupFunction {
  return (_host, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

test('a connection is open and knows how it was opened', async () => {
  await opened([accept({ headers: { 'X-A': 'b' } }), answerClose()], undefined, async (connection, peer) => {
    expect(connection.state).toBe('OPEN');
    expect(connection.url).toBe(peer.url);
    expect(connection.subprotocol).toBeUndefined();
    expect(connection.response).toMatchObject({ status: 101, statusText: 'Switching Protocols' });
    expect(connection.response.headers.get('x-a')).toBe('b');
    expect(connection.request).toMatchObject({ method: 'GET', target: '/' });
    expect(connection.remoteAddress).toEqual({ address: '127.0.0.1', port: peer.port, family: 'IPv4' });
    expect(connection.localAddress).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
  });
});

test('the request asks for what RFC 6455 says', async () => {
  await opened([accept(), answerClose()], undefined, async (_connection, peer) => {
    const { headers } = await peer.request();
    expect(headers).toMatchObject({
      host: `127.0.0.1:${peer.port}`,
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'user-agent': `hawser/${version}`,
    });
    expect(Object.keys(headers)).not.toContain('sec-websocket-extensions');
  });
});

test('headers, origin and user agent are sent', async () => {
  const options = { headers: { 'X-A': 'b' }, origin: 'https://o.example', userAgent: 'mine' };
  await opened([accept(), answerClose()], options, async (_connection, peer) => {
    const { headers } = await peer.request();
    expect(headers).toMatchObject({ 'x-a': 'b', origin: 'https://o.example', 'user-agent': 'mine' });
  });
});

test('credentials in the URL are sent, and are not in the connection’s url', async () => {
  await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
  const connection = await connect(peer.url.replace('//', '//user:pass@'));
  expect((await peer.request()).headers).toMatchObject({ authorization: 'Basic dXNlcjpwYXNz' });
  expect(connection.url).toBe(peer.url);
  await connection.close();
});

test('the server chooses a subprotocol', async () => {
  const script = [accept({ headers: { 'Sec-WebSocket-Protocol': 'b' } }), answerClose()];
  await opened(script, { subprotocols: ['a', 'b'] }, async (connection, peer) => {
    expect((await peer.request()).headers).toMatchObject({ 'sec-websocket-protocol': 'a, b' });
    expect(connection.subprotocol).toBe('b');
  });
});

test('a response may come byte by byte', async () => {
  await opened([inPieces(1, accept()), sendText('x'), answerClose()], undefined, async (connection) => {
    expect(await connection.recv()).toBe('x');
  });
});

test('frames may come in the segment of the response', async () => {
  await opened([together(accept(), sendText('one'), sendText('two')), answerClose()], undefined, async (connection) => {
    expect(await connection.recv()).toBe('one');
    expect(await connection.recv()).toBe('two');
  });
});

test('a Close may come in the segment of the response', async () => {
  const script = [together(accept(), sendText('last'), sendClose(1001, 'bye')), waitForEnd()];
  await opened(script, { closeTimeout: MEDIUM }, async (connection) => {
    expect(await connection.recv()).toBe('last');
    const error = (await connection.recv().catch((reason) => reason)) as errors.ConnectionClosed;
    expect(error).toBeInstanceOf(errors.ConnectionClosedOK);
    expect(error).toMatchObject({ closeCode: 1001, closeReason: 'bye', receivedFirst: true });
  });
});

test('an early hint is skipped', async () => {
  const script = [together(sendRaw('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'), accept()), answerClose()];
  await opened(script, undefined, (connection) => expect(connection.response.status).toBe(101));
});

test('a name is resolved, and an address that refuses costs no more than its refusal', async () => {
  await using peer = await ScriptedPeer.listen([accept(), answerClose()]);
  const began = now();
  const connection = await connect(`ws://h.example:${peer.port}/`, {
    lookup: lookupOf('127.0.0.2', '127.0.0.1'),
    attemptDelay: LONG,
  });
  expect(now() - began).toBeLessThan(LONG);
  expect(connection.remoteAddress.address).toBe('127.0.0.1');
  expect((await peer.request()).headers).toMatchObject({ host: `h.example:${peer.port}` });
  await connection.close();
});

test('a connection can be made from a local address', async () => {
  await opened([accept(), answerClose()], { localAddress: '127.0.0.3' }, (connection) => {
    expect(connection.localAddress.address).toBe('127.0.0.3');
  });
});

test('a port where nobody listens is ECONNREFUSED', async () => {
  const port = await closedPort();
  const error = await failure(connect(`ws://127.0.0.1:${port}/`));
  expect(error).toBeInstanceOf(errors.TransportError);
  expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port });
  expect(error.message).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
});

test('a missing accept is named', async () => {
  const error = await refused([accept({ headers: { 'Sec-WebSocket-Accept': null } }), neverAnswer()]);
  expect(error).toBeInstanceOf(errors.InvalidHeader);
  expect(error.message).toBe('missing Sec-WebSocket-Accept header');
});

test('a wrong accept is refused', async () => {
  expect(await refused([accept({ accept: 'wrong' }), neverAnswer()])).toBeInstanceOf(errors.InvalidHeader);
});

test('an extension that was not offered is refused', async () => {
  const error = await refused([accept({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } })]);
  expect(error).toBeInstanceOf(errors.NegotiationError);
});

test('a peer that refuses sees the end of the stream at once, though it keeps its own open', async () => {
  await using peer = await ScriptedPeer.listen([accept({ accept: 'wrong' }), neverAnswer()]);
  const began = now();
  await failure(connect(peer.url));
  await peer.ended();
  expect(now() - began).toBeLessThan(LONG);
});

test('no response within openTimeout is a TimeoutError', async () => {
  const began = now();
  const error = await refused([neverAnswer()], { openTimeout: MEDIUM });
  expect(error).toBeInstanceOf(errors.TimeoutError);
  expect(error.message).toMatch(/^timed out while waiting for handshake response/);
  expect(now() - began).toBeGreaterThanOrEqual(MEDIUM - 1);
  expect(now() - began).toBeLessThan(MEDIUM + MARGIN);
});

test('a response that drips does not extend openTimeout', async () => {
  const drip = Array.from({ length: 200 }, (_, i) => [sendRaw(i === 0 ? 'HTTP/1.1 101 x\r\nA: ' : 'b'), delay(SHORT)]);
  const error = await refused(drip.flat(), { openTimeout: MEDIUM });
  expect(error).toBeInstanceOf(errors.TimeoutError);
});

test('the end of the stream in place of a response is an InvalidMessage', async () => {
  const error = await refused([halfClose()]);
  expect(error).toBeInstanceOf(errors.InvalidMessage);
  expect(error.message).toContain('connection closed while reading HTTP status line');
});

test('a reset in place of a response is ECONNRESET', async () => {
  expect(await refused([delay(SHORT), reset()])).toMatchObject({ code: 'ECONNRESET' });
});

test('a plain HTTP response is an InvalidStatus with its body', async () => {
  const error = await refused([respond({ status: 200, body: 'hello', headers: { 'X-A': 'b' } }), neverAnswer()]);
  expect(error).toBeInstanceOf(errors.InvalidStatus);
  expect(error).toMatchObject({ message: 'server rejected WebSocket connection: HTTP 200', text: 'hello' });
  expect((error as errors.InvalidStatus).response.headers.get('X-A')).toBe('b');
});

test('a body without a length is read to the end of the stream', async () => {
  const error = await refused([sendRaw('HTTP/1.1 200 OK\r\n\r\nhel'), delay(SHORT), sendRaw('lo'), halfClose()]);
  expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello' });
});

test('a chunked body is decoded', async () => {
  const head = 'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n';
  const error = await refused([inPieces(1, sendRaw(`${head}5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n`)), neverAnswer()]);
  expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello!' });
});

test('a refusal without a body on a connection that is kept alive is fast', async () => {
  const began = now();
  const headers = { Connection: 'keep-alive', 'Content-Length': '0' };
  const error = await refused([respond({ status: 410, headers }), neverAnswer()]);
  expect(error.message).toBe('server rejected WebSocket connection: HTTP 410');
  expect(now() - began).toBeLessThan(LONG);
});

test('a body is read for as long as openTimeout at most', async () => {
  const error = await refused([sendRaw('HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nhel'), neverAnswer()], {
    openTimeout: MEDIUM,
  });
  expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hel' });
});

test('a body is kept up to 1 MiB', async () => {
  const error = await refused([sendRaw('HTTP/1.1 500 No\r\n\r\n'), sendRaw(Buffer.alloc(3 << 20, 'x')), neverAnswer()]);
  expect((error as errors.InvalidStatus).body).toHaveLength(1 << 20);
});

test.each([
  ['junk', '220 smtp.example ESMTP\r\n', 'expected HTTP/1.1: "220 smtp.example ESMTP"'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', 'expected HTTP/1.1: "HTTP/1.0 200 OK"'],
  ['bare line feeds', 'HTTP/1.1 101 OK\nA: b\n\n', 'bare CR or LF'],
  [
    'too many headers',
    `HTTP/1.1 101 OK\r\n${'A: b\r\n'.repeat(129)}\r\n`,
    'response has 129 headers; the limit is 128',
  ],
  ['a long header', `HTTP/1.1 101 OK\r\nA: ${'b'.repeat(9000)}\r\n\r\n`, 'the limit is 8192'],
  ['an endless line', `HTTP/1.1 101 ${'b'.repeat(2 << 20)}`, 'the limit is 8192'],
])('%s is an InvalidMessage, at once', async (_case, bytes, words) => {
  const began = now();
  const error = await refused([sendRaw(bytes), neverAnswer()]);
  expect(error).toBeInstanceOf(errors.InvalidMessage);
  expect(error.message).toContain(words);
  expect(now() - began).toBeLessThan(LONG);
});

test.each([
  ['while the peer is silent', [neverAnswer()]],
  ['within a response', [sendRaw('HTTP/1.1 101 OK\r\n'), neverAnswer()]],
  ['within a body', [sendRaw('HTTP/1.1 500 No\r\n\r\nhello'), neverAnswer()]],
])('a signal aborts %s', async (_stage, script) => {
  const reason = new Error('changed my mind');
  const abort = new AbortController();
  const began = now();
  setTimeout(() => abort.abort(reason), MEDIUM);
  expect(await refused(script, { signal: abort.signal })).toBe(reason);
  expect(now() - began).toBeLessThan(MEDIUM + MARGIN);
});

test('a signal aborts before anything was dialled', async () => {
  await using peer = await ScriptedPeer.listen([accept()]);
  const error = await failure(connect(peer.url, { signal: AbortSignal.abort() }));
  expect(error.name).toBe('AbortError');
  expect(await peer.connectionCount()).toBe(0);
});

test('a signal that aborts later does not touch the open connection', async () => {
  const abort = new AbortController();
  await opened([accept(), answerClose()], { signal: abort.signal }, async (connection) => {
    abort.abort();
    await connection.send('still here');
    expect(connection.state).toBe('OPEN');
  });
});

test('an invalid URL and a wrong option reject', async () => {
  expect(await failure(connect('http://127.0.0.1/'))).toBeInstanceOf(errors.InvalidURL);
  expect(await failure(connect('ws://127.0.0.1/', { subprotocols: 'a' } as never))).toBeInstanceOf(TypeError);
});
