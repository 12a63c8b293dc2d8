import { expect, test } from 'vitest';
import { parseProxy } from '../../../lib/dial/proxy.js';
import { throughProxy } from '../../../lib/dial/tunnel.js';
import { EndOfStream, InvalidMessage, ProxyError, TimeoutError, TransportError } from '../../../lib/errors.js';
import { FakeStream } from '../fakes/handshake-stream.js';

const plain = { userAgent: undefined, proxyHeaders: [], signal: undefined };
const httpProxy = 'http://user:secret@p:3128';
const socksProxy = 'socks5h://user:secret@p';

function tunnel(stream: FakeStream, url: string, hostname = 'h', signal?: AbortSignal): Promise<void> {
  return throughProxy(stream, parseProxy('proxy', url), { hostname, port: 80 }, { ...plain, signal });
}

async function failure(stream: FakeStream, url: string, hostname?: string): Promise<ProxyError> {
  const error = await tunnel(stream, url, hostname).catch((e) => e);
  expect(error).toBeInstanceOf(ProxyError);
  expect(error.message).not.toContain('secret');
  return error;
}

test.each([
  ['h', 'h:80'],
  ['10.0.0.1', '10.0.0.1:80'],
  ['::1', '[::1]:80'],
])('an HTTP proxy is asked for %s with CONNECT %s', async (hostname, authority) => {
  const stream = new FakeStream('HTTP/1.1 200 OK\r\n\r\n');
  await tunnel(stream, httpProxy, hostname);
  expect(stream.written).toContain(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n`);
});

test('a SOCKS proxy is asked in its own way', async () => {
  const stream = new FakeStream([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  await tunnel(stream, socksProxy);
  expect(stream.writes[0]).toEqual([5, 2, 0, 2]);
});

test.each(['', '220 smtp\r\n\r\n', 'HTTP/1.1 200 OK\r\n'])(
  '%j of an HTTP proxy is no valid response',
  async (answer) => {
    const error = await failure(new FakeStream(answer), httpProxy);
    expect(error.message).toBe('did not receive a valid HTTP response from proxy; the proxy is http://p:3128');
    expect(error.cause).toBeInstanceOf(InvalidMessage);
  },
);

test('a SOCKS proxy that closes has failed', async () => {
  for (const end of [new EndOfStream('end'), new InvalidMessage('cut', { cause: new EndOfStream('end') })]) {
    const error = await failure(new FakeStream([5], end), socksProxy);
    expect(error.message).toBe(
      'failed to connect to SOCKS proxy: it closed the connection within its answer; the proxy is socks5h://p:1080',
    );
    expect(error.cause).toMatchObject({ code: 'HAWSER_END_OF_STREAM' });
  }
});

test.each([httpProxy, socksProxy])('where the network fails on the way to %s, the cause says so', async (url) => {
  const cause = new TransportError('read ECONNRESET', { code: 'ECONNRESET' });
  const error = await failure(new FakeStream('', cause), url);
  expect(error.message).toContain('connection to proxy broke: read ECONNRESET; the proxy is ');
  expect(error.cause).toBe(cause);
});

test.each([httpProxy, socksProxy])('what a proxy refuses with is not wrapped again: %s', async (url) => {
  const refusal = url === httpProxy ? 'HTTP/1.1 403 No\r\n\r\n' : '\x05\xff';
  expect((await failure(new FakeStream(refusal), url)).cause).toBeUndefined();
});

test.each([httpProxy, socksProxy])('a timeout is passed on: %s', async (url) => {
  const timeout = new TimeoutError('x');
  await expect(tunnel(new FakeStream('', timeout), url)).rejects.toBe(timeout);
});

test.each([httpProxy, socksProxy])('the reason of an abort is passed on whatever it is: %s', async (url) => {
  for (const reason of [new TransportError('x', { code: 'X' }), new EndOfStream('x'), 'x']) {
    const stream = new FakeStream('', reason as Error);
    await expect(tunnel(stream, url, 'h', AbortSignal.abort(reason))).rejects.toBe(reason);
  }
});

test('a zone of this host means nothing to a proxy', async () => {
  const stream = new FakeStream('');
  const error = await failure(stream, httpProxy, 'fe80::1%eth0');
  expect(error.message).toContain("a proxy can't connect to fe80::1%eth0, whose zone is one of this host");
  expect(stream.writes).toEqual([]);
});
