import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import * as errors from '../../lib/errors.js';
import * as failures from '../../lib/failures.js';
import { HeaderList } from '../../lib/handshake/headers.js';
import type { NativeOutcome } from '../../lib/native.js';
import type { CloseFrame, CloseOutcome } from '../../lib/types.js';

const { connectionClosed } = errors;
const { causeOf } = failures;

function outcome(received?: CloseFrame, sent?: CloseFrame, receivedFirst = false): CloseOutcome {
  return {
    code: received?.code ?? 1006,
    reason: received?.reason ?? '',
    wasClean: received !== undefined && sent !== undefined,
    ...(received && { received }),
    ...(sent && { sent }),
    receivedFirst,
  };
}

function native(cause: NativeOutcome['cause'], more: Partial<NativeOutcome> = {}): NativeOutcome {
  const nothing = { transportError: 0, detail: '', limit: 0, actual: 0 };
  return { received: undefined, sent: undefined, receivedFirst: false, cause, ...nothing, ...more };
}

const ok = { code: 1000, reason: '' };

test.each([
  ['sent 1000 (OK); then received 1000 (OK)', ok, ok, false],
  [
    'received 1001 (going away) bye; then sent 1001 (going away)',
    { code: 1001, reason: 'bye' },
    { code: 1001, reason: '' },
    true,
  ],
  [
    'sent 1011 (internal error) keepalive ping timeout; no close frame received',
    undefined,
    { code: 1011, reason: 'keepalive ping timeout' },
    false,
  ],
  ['received 4000 (private use) why; no close frame sent', { code: 4000, reason: 'why' }, undefined, true],
  ['no close frame received or sent', undefined, undefined, false],
])('says %s', (message, received, sent, receivedFirst) => {
  expect(connectionClosed(outcome(received, sent, receivedFirst)).message).toBe(message);
});

test.each([1000, 1001, 1005])('is OK where both sides closed with %i', (code) => {
  expect(connectionClosed(outcome({ code, reason: '' }, { code, reason: '' }))).toBeInstanceOf(
    errors.ConnectionClosedOK,
  );
});

test('is OK where the peer answered but never ended the stream', () => {
  const cause = new errors.TimeoutError('timed out while closing');
  const closed = connectionClosed({ ...outcome(ok, ok), cause });
  expect(closed).toBeInstanceOf(errors.ConnectionClosedOK);
  expect(closed.cause).toBe(cause);
});

test.each([
  ['no Close was received', undefined, ok],
  ['no Close was sent', ok, undefined],
  ['the peer told of an error', { code: 1011, reason: '' }, ok],
  ['we told of an error', ok, { code: 1002, reason: '' }],
])('is an error where %s', (_case, received, sent) => {
  expect(connectionClosed(outcome(received, sent))).toBeInstanceOf(errors.ConnectionClosedError);
});

test('carries the outcome and what is in it', () => {
  const closed = connectionClosed(outcome({ code: 1001, reason: 'bye' }, ok, true));
  expect(closed).toMatchObject({ closeCode: 1001, closeReason: 'bye', sent: ok, receivedFirst: true });
  expect(closed.received).toBe(closed.outcome.received);
  expect(closed).not.toHaveProperty('cause');
});

test('every class has a name and a code of its own, and is under HawserError', () => {
  const response = { status: 500, statusText: '', headers: new HeaderList() };
  const all = [
    new errors.HawserError('x'),
    new errors.InvalidURL('x'),
    new errors.InvalidHandshake('x'),
    new errors.InvalidMessage('x'),
    new errors.InvalidStatus(response),
    new errors.InvalidHeader('x'),
    new errors.InvalidUpgrade('x'),
    new errors.NegotiationError('x'),
    new errors.ProxyError('x', { proxy: 'http://p:80' }),
    new errors.SecurityError('x'),
    new errors.ConnectionClosed(outcome()),
    new errors.ConnectionClosedOK(outcome()),
    new errors.ConnectionClosedError(outcome()),
    new errors.ConcurrencyError('x'),
    new errors.PayloadTooBig(1, 2),
    new errors.TimeoutError('x'),
    new errors.NotSupported('x'),
    new errors.ProtocolError('x'),
    new errors.EndOfStream('x'),
    new errors.Terminated('x'),
    new errors.BacklogError('x'),
    new errors.InternalError('x'),
    new errors.TransportError('x', { code: 'ECONNRESET' }),
    new errors.TlsError('x', { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }),
    new errors.CertificateError('x', { code: 'CERT_HAS_EXPIRED' }),
  ];
  expect(new Set(all.map((error) => error.code)).size).toBe(all.length);
  for (const error of all) {
    expect(error).toBeInstanceOf(errors.HawserError);
    expect(error.name).toBe(error.constructor.name);
    expect(error.stack?.split(':')[0]).toBe(error.name);
    expect(Object.keys(error)).not.toContain('name');
  }
});

test('every exported class is in the tree', () => {
  const classes = Object.values(errors).filter((value) => inspect(value).startsWith('[class '));
  expect(classes).toHaveLength(25);
});

test('the handshake’s errors are InvalidHandshake', () => {
  expect(new errors.InvalidUpgrade('Upgrade')).toBeInstanceOf(errors.InvalidHeader);
  const { InvalidMessage, InvalidStatus, InvalidHeader, NegotiationError, ProxyError } = errors;
  for (const type of [InvalidMessage, InvalidStatus, InvalidHeader, NegotiationError, ProxyError]) {
    expect(type.prototype).toBeInstanceOf(errors.InvalidHandshake);
  }
});

test('a refused handshake carries head and body', () => {
  const response = { status: 410, statusText: 'Gone', headers: new HeaderList([['A', 'b']]) };
  const error = new errors.InvalidStatus(response, Buffer.from('gonë'));
  expect(error.message).toBe('server rejected WebSocket connection: HTTP 410');
  expect(error.response).toBe(response);
  expect(error.text).toBe('gonë');
  expect(error.retryAfter).toBeUndefined();
});

test('a refused handshake’s text is in the charset of its Content-Type', () => {
  const headers = new HeaderList([['Content-Type', 'text/html; charset=iso-8859-1']]);
  expect(
    new errors.InvalidStatus({ status: 410, statusText: '', headers }, Buffer.from('gon\xeb', 'latin1')).text,
  ).toBe('gonë');
});

test('a refused handshake may say when to try again, counted from its making', () => {
  const headers = new HeaderList([['Retry-After', '30']]);
  const error = new errors.InvalidStatus({ status: 503, statusText: '', headers });
  expect(error.retryAfter).toBe(30_000);
});

test('the text of a proxy’s refusal is in the charset of its Content-Type, too', () => {
  const headers = new HeaderList([['Content-Type', 'text/html; charset=iso-8859-1']]);
  const response = { status: 403, statusText: '', headers };
  const body = Buffer.from('gon\xeb', 'latin1');
  expect(new errors.ProxyError('no', { proxy: 'http://p:80', response, body }).text).toBe('gonë');
});

test('a proxy’s error names the proxy, and carries what it said', () => {
  const response = { status: 503, statusText: '', headers: new HeaderList() };
  const refused = new errors.ProxyError('no', { proxy: 'http://p:80', response, body: Buffer.from('gonë') });
  expect(refused.message).toBe('no; the proxy is http://p:80');
  expect(refused).toMatchObject({ proxy: 'http://p:80', response, status: 503, text: 'gonë' });
  const cause = new Error('y');
  const broken = new errors.ProxyError('no', { proxy: 'socks5://p:1080', cause });
  expect(broken).toMatchObject({ status: undefined, text: '', cause });
  expect(Object.keys(broken).sort()).toEqual(['code', 'proxy']);
});

test('a header’s error says whether it is missing or wrong', () => {
  expect(new errors.InvalidHeader('X').message).toBe('missing X header');
  expect(new errors.InvalidHeader('X', 'y').message).toBe('invalid X header: "y"');
});

test('a system error looks like Node’s', () => {
  const error = causeOf(native('transport', { transportError: -104 }));
  expect(error).toMatchObject({ message: 'read ECONNRESET', code: 'ECONNRESET', errno: -104, syscall: 'read' });
  expect(Object.keys(error as Error).sort()).toEqual(['code', 'errno', 'syscall']);
});

test('a broken pipe comes from a write', () => {
  expect(causeOf(native('transport', { transportError: -32 }))).toMatchObject({ code: 'EPIPE', syscall: 'write' });
});

test('a failed dial names host, port and what was tried', () => {
  const host = { hostname: 'localhost', port: 80, endpoint: 'localhost:80' };
  const one = failures.dialFailure(-111, { ...host, addresses: ['127.0.0.1'] });
  expect(one.message).toBe('connect ECONNREFUSED localhost:80 (tried 127.0.0.1)');
  expect(one).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 80 });
  const two = failures.dialFailure(-111, { ...host, addresses: ['::1', '127.0.0.1'] });
  expect(two.message).toBe('connect ECONNREFUSED localhost:80 (tried ::1, 127.0.0.1)');
  expect(two.address).toBeUndefined();
  const numeric = failures.dialFailure(-111, { hostname: '::1', port: 80, endpoint: '[::1]:80', addresses: ['::1'] });
  expect(numeric.message).toBe('connect ECONNREFUSED [::1]:80');
});

test('a failed dial names the path of a socket, and no host', () => {
  const nowhere = { hostname: undefined, port: undefined };
  const failed = failures.dialFailure(-2, { ...nowhere, endpoint: '/run/s', addresses: ['/run/s'] });
  expect(failed.message).toBe('connect ENOENT /run/s');
  expect(failed).toMatchObject({ code: 'ENOENT', syscall: 'connect', address: '/run/s' });
  expect(failed).not.toHaveProperty('port');
});

test('a failed lookup keeps what the resolver said', () => {
  const cause = Object.assign(new Error('getaddrinfo EAI_AGAIN x'), { code: 'EAI_AGAIN', errno: -3001 });
  expect(failures.lookupFailure('x', cause)).toMatchObject({
    message: 'getaddrinfo EAI_AGAIN x',
    code: 'EAI_AGAIN',
    errno: -3001,
    syscall: 'getaddrinfo',
    hostname: 'x',
    cause,
  });
  expect(failures.lookupFailure('x', new Error('no')).code).toBe('ENOTFOUND');
});

test('an end without a cause has none', () => {
  expect(causeOf(native('none'))).toBeUndefined();
});

test.each([
  ['end-of-stream', {}, errors.EndOfStream, 'the peer ended the stream without a close frame'],
  ['protocol', { detail: 'masked frame' }, errors.ProtocolError, 'masked frame'],
  ['message-too-big', { limit: 10, actual: 11 }, errors.PayloadTooBig, 'message has 11 bytes; the limit is 10'],
  ['too-many-fragments', { limit: 3, actual: 4 }, errors.PayloadTooBig, 'message has 4 fragments; the limit is 3'],
  ['keepalive-timeout', {}, errors.TimeoutError, 'keepalive ping timeout'],
  ['close-timeout', {}, errors.TimeoutError, 'timed out while closing'],
  ['open-timeout', {}, errors.TimeoutError, 'timed out while opening'],
  ['dial', { transportError: -111 }, errors.TransportError, 'connect ECONNREFUSED'],
  ['terminated', {}, errors.Terminated, 'the connection was terminated'],
  ['backlog', {}, errors.BacklogError, 'more messages arrived while closing than are kept'],
  ['internal', { detail: 'bad alloc' }, errors.InternalError, 'bad alloc'],
] as const)('cause %s becomes an error in words', (cause, more, type, message) => {
  const error = causeOf(native(cause, more));
  expect(error).toBeInstanceOf(type);
  expect(error?.message).toBe(message);
});

test('an error number that the system does not know is named all the same', () => {
  expect(failures.systemErrorName(0)).toBe('UNKNOWN');
  expect(failures.systemErrorName(-98_765)).toContain('98765');
});

test('after a redirect an error of ours names the URL, in its message and its stack', () => {
  const error = new errors.TimeoutError('timed out; openTimeout is $& ms');
  expect(errors.afterRedirect(error, 'ws://h/b')).toBe(error);
  expect(error.message).toBe('timed out; openTimeout is $& ms; redirected to "ws://h/b"');
  expect(error.stack).toMatch(/^TimeoutError: timed out; openTimeout is \$& ms; redirected to "ws:\/\/h\/b"\n {4}at /);
  expect(error).toMatchObject({ url: 'ws://h/b' });
  expect(Object.keys(error)).not.toContain('message');
});

test('after a redirect an error of others stays as it is', () => {
  const error = new Error('no');
  expect(errors.afterRedirect(error, 'ws://h/b')).toBe(error);
  expect(error.message).toBe('no');
  expect(error).not.toHaveProperty('url');
  expect(errors.afterRedirect('no', 'ws://h/b')).toBe('no');
});
