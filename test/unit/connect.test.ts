import { getEventListeners } from 'node:events';
import { beforeEach, expect, test, vi } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { OpenedConnection } from '../../lib/connection.js';
import * as errors from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { type OpeningSession, opened } from './fakes/opening-session.js';

vi.mock('../../lib/session.js', () => import('./fakes/opening-session.js'));
vi.mock('../../lib/connection.js', () => ({
  Connection: class {
    readonly opened: OpenedConnection;
    constructor(of: OpenedConnection) {
      this.opened = of;
    }
  },
}));

const url = 'ws://127.0.0.1:9/';

/** What the reader is told of compression by default, without the threshold. */
const shared = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
  level: -1,
  memLevel: 8,
};

beforeEach(() => {
  opened.length = 0;
});

/** Opens a connection up to its session. The promise is in an object, lest it is awaited. */
async function begin(options?: ConnectOptions) {
  const promise = connect(url, options);
  promise.catch(() => {});
  await vi.waitFor(() => expect(opened).toHaveLength(1), { interval: 1 });
  return { promise, session: opened[0] as OpeningSession };
}

/** As `begin`, up to the request for the response's head. */
async function beginHead(options?: ConnectOptions) {
  const opening = await begin(options);
  const asked = opening.session.asked('readHead');
  opening.session.dial();
  await asked;
  return opening;
}

/** As `beginHead`, up to the request for the first bytes of a body. */
async function beginBody(head: string, options?: ConnectOptions) {
  const opening = await beginHead(options);
  const asked = opening.session.asked('readSome');
  opening.session.answer(head);
  await asked;
  return opening;
}

/** What a promise rejects with. */
function failure(promise: Promise<unknown>): Promise<errors.HawserError> {
  return promise.then(
    () => expect.unreachable(),
    (error) => error,
  );
}

test('an accepted handshake gives a connection, and then frames are read', async () => {
  const { promise, session } = await beginHead({ subprotocols: ['chat'] });
  session.accept('Sec-WebSocket-Protocol: chat');
  const { opened: made } = (await promise) as unknown as { opened: OpenedConnection };
  expect(made).toMatchObject({ session, url, subprotocol: 'chat', remoteAddress: { port: 2 } });
  expect(made.request.headers.get('Host')).toBe('127.0.0.1:9');
  expect(made.response.status).toBe(101);
  expect(session.calls).toEqual(['write', 'readHead', 'start']);
  expect(session.written).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: 127\.0\.0\.1:9\r\n/);
});

test.each<[string, ConnectOptions['compression'], object | undefined]>([
  ['', {}, undefined],
  [
    'permessage-deflate; server_max_window_bits=10',
    { level: 9, memLevel: 7, clientMaxWindowBits: 12 },
    { ...shared, serverMaxWindowBits: 10, clientMaxWindowBits: 12, level: 9, memLevel: 7, threshold: 0 },
  ],
  ['permessage-deflate; server_no_context_takeover', true, { ...shared, serverNoContextTakeover: true, threshold: 0 }],
  [
    'permessage-deflate; client_no_context_takeover',
    true,
    { ...shared, clientNoContextTakeover: true, threshold: 1024 },
  ],
  ['permessage-deflate', { threshold: 5 }, { ...shared, threshold: 5 }],
  [
    'permessage-deflate',
    { clientNoContextTakeover: true, threshold: 0 },
    { ...shared, clientNoContextTakeover: true, threshold: 0 },
  ],
])(
  'the reader is told the compression agreed upon: %j to the offer of %j',
  async (extensions, compression, deflate) => {
    const { promise, session } = await beginHead({ compression });
    session.accept(`Sec-WebSocket-Extensions: ${extensions}`);
    await promise;
    expect(session.deflate).toEqual(deflate);
  },
);

test('no compression is offered where none is wanted', async () => {
  const { session } = await beginHead({ compression: false });
  expect(session.written).not.toContain('Sec-WebSocket-Extensions');
});

test('the reader is told the addresses, what is left of openTimeout, and the limits', async () => {
  const { session } = await begin({ openTimeout: 500, maxQueue: [8, 2], writeLimit: [100, 10], closeTimeout: null });
  expect(session.config).toMatchObject({
    targets: [{ address: '127.0.0.1', port: 9 }],
    attemptDelay: 250,
    noDelay: true,
    closeTimeout: 0,
    highMessages: 8,
    lowMessages: 2,
    writeLow: 10,
  });
  expect(session.config.openTimeout).toBeGreaterThan(0);
  expect(session.config.openTimeout).toBeLessThanOrEqual(500);
});

test('the reader is told how its TCP socket is to be', async () => {
  const options = {
    localAddress: '127.0.0.1',
    localPort: 9,
    noDelay: false,
    keepAlive: true,
    keepAliveInitialDelay: 5,
  };
  expect((await begin(options)).session.config).toMatchObject(options);
});

test.each([
  [url, { socketPath: '/s' }, '/s', '127.0.0.1:9', '/'],
  ['ws+unix:/s:/chat', {}, '/s', 'localhost', '/chat'],
])('the reader is told the path that %s and %j name', async (address, options, path, host, resource) => {
  const lookup = () => expect.unreachable();
  connect(address, { ...options, lookup }).catch(() => {});
  await vi.waitFor(() => expect(opened).toHaveLength(1), { interval: 1 });
  const session = opened[0] as OpeningSession;
  expect(session.config.targets).toEqual([{ path }]);
  const asked = session.asked('readHead');
  session.dial();
  await asked;
  expect(session.written).toContain(`GET ${resource} HTTP/1.1\r\nHost: ${host}\r\n`);
});

test('a null openTimeout is none', async () => {
  expect((await begin({ openTimeout: null })).session.config.openTimeout).toBe(0);
});

test.each([
  ['http://h/', undefined, errors.InvalidURL],
  [url, { tls: {} }, TypeError],
  ['wss://h/', { tls: { minVersion: 'TLSv1.9' } }, TypeError],
  [5, undefined, TypeError],
  [url, { openTimeout: 0 }, RangeError],
  ['ws+unix:', undefined, errors.InvalidURL],
  ['ws+unix:/a', { socketPath: '/b' }, TypeError],
  ['ws+unix:/a', { proxy: 'http://p' }, TypeError],
  [url, { socketPath: '/b', proxy: 'http://p' }, TypeError],
  [url, { socketPath: '' }, TypeError],
  [url, { compression: { level: 10 } }, RangeError],
])('wrong arguments reject, and nothing is dialled: %s %j', async (address, options, type) => {
  const error = await failure(connect(address as string, options as ConnectOptions));
  expect(error).toBeInstanceOf(type);
  expect(opened).toEqual([]);
});

test('informational responses are skipped', async () => {
  const { promise, session } = await beginHead();
  const again = session.asked('readHead');
  session.answer('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
  await again;
  session.accept();
  await promise;
});

test('endless informational responses are not', async () => {
  const { promise, session } = await begin();
  session.native.readHead = () => queueMicrotask(() => session.answer('HTTP/1.1 100 Continue\r\n\r\n'));
  session.dial();
  expect(await failure(promise)).toBeInstanceOf(errors.SecurityError);
});

test.each([
  ['an answer that does not fit', 'HTTP/1.1 101 OK\r\nUpgrade: h2c\r\n\r\n', errors.InvalidUpgrade],
  ['junk', '220 smtp.example\r\n', errors.InvalidMessage],
  ['an answer that is malformed', 'HTTP/1.1 101 OK\r\nA\r\n\r\n', errors.InvalidMessage],
])('%s rejects once the reader has ended', async (_case, head, type) => {
  const { promise, session } = await beginHead();
  session.answer(head);
  expect(await failure(promise)).toBeInstanceOf(type);
  expect(session.joined).toBeDefined();
  expect(session.calls.at(-1)).toBe('end');
});

test('a head that is too long is told by its limit', async () => {
  const { promise, session } = await beginHead();
  session.onNotice({ kind: 'head-unfinished', bytes: Buffer.from(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(200_000)}`) });
  expect((await failure(promise)).message).toMatch(/^response head has more than 1200017 bytes; the limit is/);
});

test('a refusal carries head and body', async () => {
  const { promise, session } = await beginBody('HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n');
  const more = session.asked('readSome');
  session.body('he');
  await more;
  session.body('llo');
  const error = (await failure(promise)) as errors.InvalidStatus;
  expect(error).toBeInstanceOf(errors.InvalidStatus);
  expect(error.response).toMatchObject({ status: 404, statusText: 'Not Found' });
  expect(error.text).toBe('hello');
  expect(session.joined).toBeDefined();
});

test('a refusal without a body waits for none', async () => {
  const { promise, session } = await beginHead();
  session.answer('HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n');
  expect((await failure(promise)).message).toBe('server rejected WebSocket connection: HTTP 410');
  expect(session.calls).not.toContain('readSome');
});

test('a refusal’s body may end with the stream', async () => {
  const { promise, session } = await beginBody('HTTP/1.1 200 OK\r\n\r\n');
  const more = session.asked('readSome');
  session.body('hello');
  await more;
  session.body('');
  expect(await failure(promise)).toMatchObject({ text: 'hello' });
});

test('a refusal’s body may be cut short by the reader’s end', async () => {
  const { promise, session } = await beginBody('HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n');
  const more = session.asked('readSome');
  session.body('hello');
  await more;
  session.finish({ cause: 'open-timeout' });
  expect(await failure(promise)).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello' });
});

test('a refusal’s body that never comes is not waited for long', async () => {
  const { promise } = await beginBody('HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n', { openTimeout: null });
  const began = performance.now();
  expect(await failure(promise)).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: '' });
  expect(performance.now() - began).toBeLessThan(4_000);
});

test('a refused dial names the address', async () => {
  const { promise, session } = await begin();
  session.finish({ cause: 'dial', transportError: -111 });
  const error = await failure(promise);
  expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 9 });
  expect(error.message).toBe('connect ECONNREFUSED 127.0.0.1:9');
});

test('a dial that takes too long names the stage', async () => {
  const { promise, session } = await begin();
  session.finish({ cause: 'open-timeout' });
  const error = await failure(promise);
  expect(error).toBeInstanceOf(errors.TimeoutError);
  expect(error.message).toBe('timed out while connecting to 127.0.0.1:9; openTimeout is 10000 ms');
});

test('a response that takes too long names the stage', async () => {
  const { promise, session } = await beginHead({ openTimeout: 1_000 });
  session.finish({ cause: 'open-timeout' });
  const error = await failure(promise);
  expect(error).toBeInstanceOf(errors.TimeoutError);
  expect(error.message).toBe('timed out while waiting for handshake response; openTimeout is 1000 ms');
});

test('a name that takes too long to resolve names the stage', async () => {
  const error = await failure(connect('ws://h.example/', { openTimeout: 20, lookup: () => {} }));
  expect(error).toBeInstanceOf(errors.TimeoutError);
  expect(error.message).toBe('timed out while resolving h.example; openTimeout is 20 ms');
  expect(opened).toEqual([]);
});

test('a name that does not resolve is a TransportError', async () => {
  const cause = Object.assign(new Error('x'), { code: 'ENOTFOUND' });
  const error = await failure(connect('ws://h.example/', { lookup: (_host, _options, done) => done(cause, '') }));
  expect(error).toBeInstanceOf(errors.TransportError);
  expect(error.message).toBe('getaddrinfo ENOTFOUND h.example');
});

test('the end of the stream in place of a response is an InvalidMessage', async () => {
  const { promise, session } = await beginHead();
  session.finish({ cause: 'end-of-stream' });
  const error = await failure(promise);
  expect(error).toBeInstanceOf(errors.InvalidMessage);
  expect(error.message).toContain('connection closed while reading HTTP status line');
});

test('a reset in place of a response is a TransportError', async () => {
  const { promise, session } = await beginHead();
  session.finish({ cause: 'transport', transportError: -104 });
  expect(await failure(promise)).toMatchObject({ code: 'ECONNRESET' });
});

test('a response is judged before the end behind it', async () => {
  const { promise, session } = await beginHead();
  session.answer('HTTP/1.1 400 Bad\r\nContent-Length: 5\r\n\r\n');
  session.finish({ cause: 'transport', transportError: -104 });
  expect(await failure(promise)).toMatchObject({ code: 'HAWSER_INVALID_STATUS' });
});

test('a reader that ended before its connection was made gives none', async () => {
  const { promise, session } = await beginHead();
  session.accept();
  session.finish({ cause: 'open-timeout' });
  expect(await failure(promise)).toBeInstanceOf(errors.TimeoutError);
  expect(session.calls).not.toContain('start');
});

test('a signal that has aborted is the end of it', async () => {
  const reason = new Error('no');
  expect(await failure(connect(url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(opened).toEqual([]);
});

test('a signal aborts resolving', async () => {
  const reason = new Error('no');
  const abort = new AbortController();
  const promise = connect('ws://h.example/', { lookup: () => {}, signal: abort.signal });
  abort.abort(reason);
  expect(await failure(promise)).toBe(reason);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

test.each([
  ['dialling', begin],
  ['waiting for the head', beginHead],
  ['reading a body', (options: ConnectOptions) => beginBody('HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n', options)],
])('a signal aborts %s, once the reader has ended', async (_stage, start) => {
  const reason = new Error('no');
  const abort = new AbortController();
  const { promise, session } = await start({ signal: abort.signal });
  abort.abort(reason);
  expect(await failure(promise)).toBe(reason);
  expect(session.joined).toBeDefined();
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

test('a signal is let go of once the connection is open', async () => {
  const abort = new AbortController();
  const { promise, session } = await beginHead({ signal: abort.signal });
  session.accept();
  await promise;
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});
