/** Connecting through proxies that behave, without TLS: that is in proxies-tls.test.ts. What a proxy may do wrong is in hostile-proxies.test.ts. */

import type { LookupFunction } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { ProxyError, TransportError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { version } from '../../lib/version.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { setProxyVariables } from '../support/proxy-variables.js';
import { accept, answerClose, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';
import { type ProxyOptions, TestProxy } from '../support/test-proxy.js';

const user = { username: 'user', password: 'p@ss' };

/** A proxy and a server for one test, after which no reader may be left. */
async function listen(options?: ProxyOptions) {
  const proxy = await TestProxy.listen(options);
  const peer = await ScriptedPeer.listen([accept(), echoMessages(), answerClose()], { tls: null });
  onTestFinished(async () => {
    expect(liveReaders()).toBe(0);
    await peer.stop();
    await proxy[Symbol.asyncDispose]();
  });
  return { proxy, peer };
}

/** Opens a connection, has a message come back, and closes. */
async function expectWorks(url: string, options?: ConnectOptions): Promise<void> {
  const connection = await connect(url, options);
  await connection.send('through');
  expect(await connection.recv()).toBe('through');
  await connection.close();
  expect(await connection.closed).toMatchObject({ code: 1000, wasClean: true });
}

const schemes = ['http', 'socks4', 'socks4a', 'socks5', 'socks5h', 'socks'];

describe.each(schemes)('a proxy of %s:', (scheme) => {
  const socks = scheme.startsWith('socks');
  const named = scheme !== 'socks4' && scheme !== 'socks5';
  const lookup: LookupFunction = (_hostname, _options, callback) => callback(null, '127.0.0.1', 4);

  test('is connected through', async () => {
    const { proxy, peer } = await listen();
    await expectWorks(peer.url, { proxy: proxy.url(scheme) });
    expect(proxy.requests).toMatchObject([{ hostname: '127.0.0.1', port: peer.port }]);
  });

  test('that answers a byte at a time is connected through', async () => {
    const { proxy, peer } = await listen({ slow: true });
    await expectWorks(peer.url, { proxy: proxy.url(scheme) });
  });

  test(`is given ${named ? 'the name to resolve' : 'the address of a name'}`, async () => {
    const { proxy, peer } = await listen({ names: { 'h.example': '127.0.0.1' } });
    const url = `ws://h.example:${peer.port}/`;
    await expectWorks(url, { proxy: proxy.url(scheme), ...(named ? {} : { lookup }) });
    expect(proxy.requests[0]?.hostname).toBe(named ? 'h.example' : '127.0.0.1');
    expect((await peer.request()).headers['host']).toBe(`h.example:${peer.port}`);
  });

  test('that can’t connect says so', async () => {
    const { proxy } = await listen();
    // Nobody listens there.
    const error = await rejection<ProxyError>(connect('ws://127.0.0.1:1/', { proxy: proxy.url(scheme) }));
    expect(error).toBeInstanceOf(ProxyError);
    const said = socks ? { replyCode: scheme.startsWith('socks4') ? 91 : 5 } : { status: 502 };
    expect(error).toMatchObject(said);
  });

  test('that is not there is a TransportError that names it', async () => {
    const { proxy, peer } = await listen();
    const url = proxy.url(scheme);
    await proxy[Symbol.asyncDispose]();
    const error = await rejection<TransportError>(connect(peer.url, { proxy: url }));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', hostname: '127.0.0.1' });
    const href = url.replace(/^socks:/, 'socks5h:');
    expect(error.message).toBe(`connect ECONNREFUSED ${socks ? 'SOCKS' : 'HTTP'} proxy ${href}`);
  });
});

describe('an HTTP proxy', () => {
  test('is told who asks, and the server is not', async () => {
    const { proxy, peer } = await listen({ user });
    await expectWorks(peer.url, { proxy: proxy.url('http', 'user:p%40ss'), auth: 'me:too' });
    expect(proxy.requests[0]?.head).toContain(`\r\nUser-Agent: hawser/${version}\r\n`);
    expect(proxy.requests[0]?.head).not.toContain('\r\nAuthorization:');
    expect((await peer.request()).headers).not.toHaveProperty('proxy-authorization');
  });

  test('that does not know who asks refuses', async () => {
    const { proxy, peer } = await listen({ user });
    const error = await rejection<ProxyError>(connect(peer.url, { proxy: proxy.url('http', 'user:secret') }));
    expect(error).toBeInstanceOf(ProxyError);
    expect(error.message).toBe(`proxy rejected connection: HTTP 407; the proxy is ${proxy.url('http')}`);
    expect(error).toMatchObject({ status: 407, text: 'who are', proxy: proxy.url('http') });
  });

  test('is sent the user agent of the option, or none', async () => {
    const { proxy, peer } = await listen();
    await expectWorks(peer.url, { proxy: proxy.url('http'), userAgent: 'me/1' });
    await expectWorks(peer.url, { proxy: proxy.url('http'), userAgent: null });
    expect(proxy.requests[0]?.head).toContain('\r\nUser-Agent: me/1\r\n');
    expect(proxy.requests[1]?.head).not.toContain('User-Agent');
  });

  test('is sent proxyHeaders, which the server is not', async () => {
    const { proxy, peer } = await listen();
    await expectWorks(peer.url, { proxy: proxy.url('http'), proxyHeaders: { 'X-A': '1' }, headers: { 'X-B': '2' } });
    expect(proxy.requests[0]?.head).toContain('\r\nX-A: 1\r\n');
    expect(proxy.requests[0]?.head).not.toContain('X-B');
    const { headers } = await peer.request();
    expect(headers['x-b']).toBe('2');
    expect(headers).not.toHaveProperty('x-a');
  });

  test.each([
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n',
  ])('that answers %j is connected through', async (success) => {
    const { proxy, peer } = await listen({ success });
    await expectWorks(peer.url, { proxy: proxy.url('http') });
  });

  test('connects to IPv6 addresses', async () => {
    const { proxy, peer } = await listen({ names: { '::1': '127.0.0.1' } });
    await expectWorks(`ws://[::1]:${peer.port}/`, { proxy: proxy.url('http') });
    expect(proxy.requests[0]?.head).toContain(`CONNECT [::1]:${peer.port} HTTP/1.1\r\nHost: [::1]:${peer.port}\r\n`);
  });
});

describe('a SOCKS5 proxy', () => {
  test('is given user and password', async () => {
    const { proxy, peer } = await listen({ user });
    await expectWorks(peer.url, { proxy: new URL(proxy.url('socks5h', 'user:p%40ss')) });
    expect(proxy.requests[0]).toMatchObject({ protocol: 'socks5', username: 'user' });
  });

  test('that does not know who asks refuses', async () => {
    const { proxy, peer } = await listen({ user });
    const wrong = await rejection<ProxyError>(connect(peer.url, { proxy: proxy.url('socks5h', 'user:secret') }));
    expect(wrong).toBeInstanceOf(ProxyError);
    expect(wrong.message).toContain('failed to connect to SOCKS proxy: it rejected the credentials with status 1');
    expect(wrong.message).not.toContain('secret');
    const nobody = await rejection<ProxyError>(connect(peer.url, { proxy: proxy.url('socks5h') }));
    expect(nobody.message).toContain('it requires authentication; no credentials were given');
  });

  test.each([
    ['an IPv6 address', [4, ...new Array<number>(16).fill(1), 0, 80]],
    ['a name', [3, 3, 0x61, 0x62, 0x63, 0, 80]],
  ])('may say that it connects from %s', async (_what, bound) => {
    const { proxy, peer } = await listen({ bound });
    await expectWorks(peer.url, { proxy: proxy.url('socks5h') });
  });

  test('connects to IPv6 addresses', async () => {
    const { proxy, peer } = await listen({ names: { '2001:db8::7': '127.0.0.1' } });
    await expectWorks(`ws://[2001:db8::7]:${peer.port}/`, { proxy: proxy.url('socks5') });
  });
});

test('a SOCKS4 proxy is told the user', async () => {
  const { proxy, peer } = await listen();
  await expectWorks(peer.url, { proxy: proxy.url('socks4', 'user') });
  expect(proxy.requests[0]).toMatchObject({ protocol: 'socks4', username: 'user' });
});

describe('the environment’s proxy', () => {
  test.each(['https_proxy', 'http_proxy', 'ws_proxy', 'all_proxy', 'HTTPS_PROXY'])('is %s, for ws:', async (name) => {
    const { proxy, peer } = await listen();
    setProxyVariables({ [name]: proxy.url('http') });
    await expectWorks(peer.url, { proxy: true });
    expect(proxy.requests).toMatchObject([{ protocol: 'http', port: peer.port }]);
  });

  test('may be one of SOCKS', async () => {
    const { proxy, peer } = await listen();
    setProxyVariables({ all_proxy: proxy.url('socks5h') });
    await expectWorks(peer.url, { proxy: true });
    expect(proxy.requests).toMatchObject([{ protocol: 'socks5' }]);
  });

  test('is not asked for what no_proxy exempts', async () => {
    const { proxy, peer } = await listen();
    setProxyVariables({ ws_proxy: proxy.url('http'), no_proxy: '127.0.0.0/8' });
    await expectWorks(peer.url, { proxy: true });
    expect(proxy.requests).toEqual([]);
  });

  test('is asked by default only where Node was told to', async () => {
    const { proxy, peer } = await listen();
    const variables = { ws_proxy: proxy.url('http') };
    setProxyVariables(variables);
    await expectWorks(peer.url);
    setProxyVariables({ ...variables, NODE_USE_ENV_PROXY: '1' });
    await expectWorks(peer.url, { proxy: false });
    expect(proxy.requests).toEqual([]);
    await expectWorks(peer.url);
    expect(proxy.requests).toHaveLength(1);
  });

  test('that can’t be used fails the connection, and nothing is dialled', async () => {
    const { peer } = await listen();
    setProxyVariables({ ws_proxy: 'ftp://user:secret@p' });
    const error = await rejection(connect(peer.url, { proxy: true }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^environment variable ws_proxy has scheme 'ftp:'; expected/);
    expect(await peer.connectionCount()).toBe(0);
  });
});
