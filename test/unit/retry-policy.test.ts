import { expect, test } from 'vitest';
import * as errors from '../../lib/errors.js';
import * as failures from '../../lib/failures.js';
import { HeaderList } from '../../lib/handshake/headers.js';
import { judgeUnfinishedHead } from '../../lib/handshake/response-head.js';
import { isTransient, requestedDelay } from '../../lib/retry-policy.js';

function status(code: number): errors.InvalidStatus {
  return new errors.InvalidStatus({ status: code, statusText: '', headers: new HeaderList() });
}

function proxyStatus(code: number): errors.ProxyError {
  return new errors.ProxyError('x', { proxy: 'http://p:80', response: status(code).response });
}

function proxyReply(replyCode: number): errors.ProxyError {
  return new errors.ProxyError('x', { proxy: 'socks5://p:1080', replyCode });
}

function proxyFailure(cause?: unknown): errors.ProxyError {
  return new errors.ProxyError('x', { proxy: 'http://p:80', cause });
}

test.each<[string, Error]>([
  ['a refused dial', failures.dialFailure(-111)],
  ['a name that can’t be resolved', failures.lookupFailure('h', new Error('no'))],
  ['a reset', new errors.TransportError('read ECONNRESET', { code: 'ECONNRESET' })],
  ['a timeout', new errors.TimeoutError('x')],
  ['the end of the stream', new errors.EndOfStream('x')],
  ['a response that the stream’s end cut short', judgeUnfinishedHead(Buffer.from('HTTP/1.1 10'))],
  ['a handshake of TLS that was cut short', failures.endOfTlsHandshake('h:443')],
  ['HTTP 429', status(429)],
  ['HTTP 500', status(500)],
  ['HTTP 502', status(502)],
  ['HTTP 503', status(503)],
  ['HTTP 504', status(504)],
  ['HTTP 502 of a proxy', proxyStatus(502)],
  ['HTTP 503 of a proxy', proxyStatus(503)],
  ['HTTP 504 of a proxy', proxyStatus(504)],
  ['a general failure of a SOCKS5 proxy', proxyReply(1)],
  ['an unreachable network behind a SOCKS5 proxy', proxyReply(3)],
  ['an unreachable host behind a SOCKS5 proxy', proxyReply(4)],
  ['a server that refused a SOCKS5 proxy', proxyReply(5)],
  ['a lost way behind a SOCKS5 proxy', proxyReply(6)],
  ['a failure of a SOCKS4 proxy', proxyReply(91)],
  ['a reset on the way to a proxy', proxyFailure(new errors.TransportError('x', { code: 'ECONNRESET' }))],
  ['the end of a proxy’s stream', proxyFailure(new errors.EndOfStream('x'))],
  ['an answer of a proxy that was cut short', proxyFailure(judgeUnfinishedHead(Buffer.from('HTTP/1.0 20')))],
])('%s may pass', (_what, error) => {
  expect(isTransient(error)).toBe(true);
});

test.each<[string, unknown]>([
  [
    'a network that Node’s permission model denies',
    failures.networkDenied({ hostname: 'h', port: 80, endpoint: 'h:80', addresses: ['1.2.3.4'] }),
  ],
  ['HTTP 200', status(200)],
  ['HTTP 301', status(301)],
  ['HTTP 401', status(401)],
  ['HTTP 404', status(404)],
  ['HTTP 501', status(501)],
  ['HTTP 505', status(505)],
  ['a certificate that is refused', failures.certificateRefused('CERT_HAS_EXPIRED', 'certificate has expired')],
  ['an alert of TLS', failures.tlsFailure('error:0A000418:SSL routines::tlsv1 alert unknown ca')],
  ['options that OpenSSL refuses', failures.tlsOptionsFailure('error:0480006C:PEM routines::no start line')],
  ['InvalidURL', new errors.InvalidURL('x')],
  ['InvalidHandshake', new errors.InvalidHandshake('x')],
  ['InvalidMessage', new errors.InvalidMessage('x')],
  ['InvalidMessage of junk that was cut', judgeUnfinishedHead(Buffer.from('220 smtp'))],
  ['InvalidMessage with another cause', new errors.InvalidMessage('x', { cause: new Error('y') })],
  ['InvalidHeader', new errors.InvalidHeader('X')],
  ['InvalidUpgrade', new errors.InvalidUpgrade('Upgrade')],
  ['NegotiationError', new errors.NegotiationError('x')],
  ['ProxyError', proxyFailure()],
  ['HTTP 403 of a proxy', proxyStatus(403)],
  ['HTTP 407 of a proxy', proxyStatus(407)],
  ['a rule of a SOCKS5 proxy', proxyReply(2)],
  ['a command that a SOCKS5 proxy does not know', proxyReply(7)],
  ['a type of address that a SOCKS5 proxy does not know', proxyReply(8)],
  ['a SOCKS4 proxy that asks for identd', proxyReply(92)],
  ['junk of a proxy', proxyFailure(judgeUnfinishedHead(Buffer.from('220 smtp')))],
  ['SecurityError', new errors.SecurityError('x')],
  ['ConcurrencyError', new errors.ConcurrencyError('x')],
  ['PayloadTooBig', new errors.PayloadTooBig(1, 2)],
  ['NotSupported', new errors.NotSupported('x')],
  ['ProtocolError', new errors.ProtocolError('x')],
  ['Terminated', new errors.Terminated('x')],
  ['InternalError', new errors.InternalError('x')],
  ['HawserError', new errors.HawserError('x')],
  ['a TypeError', errors.invalidArgument('x')],
  ['an error of somebody else', new Error('x')],
  ['no error at all', 'x'],
])('%s would come again', (_what, error) => {
  expect(isTransient(error)).toBe(false);
});

test('a server may ask to be left alone for a while', () => {
  const headers = new HeaderList([['Retry-After', '30']]);
  expect(requestedDelay(new errors.InvalidStatus({ status: 429, statusText: '', headers }))).toBe(30_000);
});

test.each<[string, unknown]>([
  ['a status that does not say', status(503)],
  ['a timeout', new errors.TimeoutError('x')],
  ['no error at all', 'x'],
])('%s asks for nothing', (_what, error) => {
  expect(requestedDelay(error)).toBe(0);
});
