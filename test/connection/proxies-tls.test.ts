/** TLS and proxies: with the server through a tunnel, with the proxy, and one within the other. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { CertificateError, ProxyError, TimeoutError, TlsError, TransportError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import * as certificates from '../support/certificates.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { setProxyVariables } from '../support/proxy-variables.js';
import {
  accept,
  answerClose,
  echoMessages,
  halfClose,
  neverAnswer,
  type Script,
  ScriptedPeer,
  sendRaw,
} from '../support/scripted-peer.js';
import { type ProxyOptions, TestProxy } from '../support/test-proxy.js';
import { MARGIN, MEDIUM, now } from '../support/times.js';

const trusting = { ca: certificates.ca().cert };

function speaking(certificate: certificates.Certificate) {
  return { cert: certificate.chain, key: certificate.key };
}

async function listenProxy(options?: ProxyOptions): Promise<TestProxy> {
  const proxy = await TestProxy.listen(options);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

/** What connects through a proxy over TLS, which has a certificate for its address. */
const listenSecureProxy = (options?: ProxyOptions) => listenProxy({ ...options, tls: speaking(certificates.server()) });

/** A server for one test, after which no reader may be left. */
async function listenPeer(certificate?: certificates.Certificate): Promise<ScriptedPeer> {
  const tls = certificate === undefined ? null : speaking(certificate);
  const peer = await ScriptedPeer.listen([accept(), echoMessages(), answerClose()], { tls });
  onTestFinished(async () => {
    expect(liveReaders()).toBe(0);
    await peer.stop();
  });
  return peer;
}

/** Opens a connection and has a message come back that fills many records; returns how the connection was secured. */
async function secured(url: string, options: ConnectOptions): Promise<string | undefined> {
  const connection = await connect(url, options);
  const message = 'through '.repeat(30_000);
  await connection.send(message);
  expect(await connection.recv()).toBe(message);
  await connection.close();
  expect(await connection.closed).toMatchObject({ code: 1000, wasClean: true });
  return connection.tls?.protocol;
}

describe('wss:', () => {
  test.each(['http', 'socks4', 'socks4a', 'socks5', 'socks5h'])('goes through a proxy of %s:', async (scheme) => {
    const proxy = await listenProxy();
    const peer = await listenPeer(certificates.server());
    expect(await secured(peer.url, { proxy: proxy.url(scheme), tls: trusting })).toBe('TLSv1.3');
    expect(proxy.requests).toMatchObject([{ port: peer.port }]);
  });

  test('meets the server of the URL, whatever the proxy is called', async () => {
    const proxy = await listenProxy({ names: { 'a.hawser.test': '127.0.0.1' } });
    const peer = await listenPeer(certificates.wildcardServer());
    const options = { proxy: proxy.url('http'), tls: trusting };
    expect(await secured(`wss://a.hawser.test:${peer.port}/`, options)).toBe('TLSv1.3');
  });

  test('with a server that can’t be verified fails behind a proxy too', async () => {
    const proxy = await listenProxy();
    const peer = await listenPeer(certificates.selfSignedServer());
    const error = await rejection(connect(peer.url, { proxy: proxy.url('http'), tls: trusting }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(error.message).toMatch(/^server certificate is refused/);
  });
});

describe('the environment’s proxy', () => {
  test.each(['wss_proxy', 'https_proxy', 'all_proxy', 'WSS_PROXY'])('is %s, for wss:', async (name) => {
    const proxy = await listenProxy();
    const peer = await listenPeer(certificates.server());
    setProxyVariables({
      [name]: proxy.url('socks5h'),
      ws_proxy: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
    });
    expect(await secured(peer.url, { proxy: true, tls: trusting })).toBe('TLSv1.3');
    expect(proxy.requests).toMatchObject([{ protocol: 'socks5', port: peer.port }]);
  });

  test('may be one over TLS, which proxyTls is for', async () => {
    const proxy = await listenSecureProxy({ user: { username: 'user', password: 'pass' } });
    const peer = await listenPeer(certificates.server());
    setProxyVariables({ https_proxy: proxy.url('https', 'user:pass') });
    expect(await secured(peer.url, { proxy: true, proxyTls: trusting, tls: trusting })).toBe('TLSv1.3');
    expect(proxy.requests).toMatchObject([{ port: peer.port }]);
  });

  test('is not asked for what no_proxy exempts', async () => {
    const proxy = await listenProxy();
    const peer = await listenPeer(certificates.server());
    setProxyVariables({ wss_proxy: proxy.url('http'), no_proxy: `example,127.0.0.1:${peer.port}` });
    expect(await secured(peer.url, { proxy: true, tls: trusting })).toBe('TLSv1.3');
    expect(proxy.requests).toEqual([]);
  });
});

describe('an HTTP proxy over TLS', () => {
  test('is connected through', async () => {
    const proxy = await listenSecureProxy();
    const peer = await listenPeer();
    const options = { proxy: proxy.url('https'), proxyTls: trusting };
    expect(await secured(peer.url, options)).toBeUndefined();
    expect(proxy.requests[0]?.head).toMatch(/^CONNECT 127\.0\.0\.1:/);
  });

  test('is connected through for wss:, with TLS in TLS', async () => {
    const proxy = await listenSecureProxy();
    const peer = await listenPeer(certificates.wildcardServer());
    const options = {
      proxy: proxy.url('https'),
      proxyTls: trusting,
      tls: { ...trusting, servername: 'a.hawser.test' },
    };
    expect(await secured(peer.url, options)).toBe('TLSv1.3');
  });

  test('is given its credentials, and not those of the server', async () => {
    const proxy = await listenSecureProxy({ user: { username: 'user', password: 'pass' } });
    const peer = await listenPeer();
    const options = { proxy: proxy.url('https', 'user:pass'), proxyTls: trusting, auth: 'me:too' };
    await secured(peer.url, options);
    const error = await rejection<ProxyError>(connect(peer.url, { ...options, proxy: proxy.url('https', 'x:secret') }));
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ status: 407, proxy: proxy.url('https') });
  });

  test('may be called otherwise than its URL has it', async () => {
    const proxy = await listenProxy({ tls: speaking(certificates.otherNameServer()) });
    const peer = await listenPeer();
    const options = { proxy: proxy.url('https'), proxyTls: { ...trusting, servername: 'other.test' } };
    expect(await secured(peer.url, options)).toBeUndefined();
    const error = await rejection(connect(peer.url, { ...options, proxyTls: trusting }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(error.message).toContain(`; the proxy is ${proxy.url('https')}`);
  });

  test('may ask for a client’s certificate, which is that of proxyTls', async () => {
    const asking = { requestCert: true, rejectUnauthorized: true, ca: certificates.ca().cert };
    const proxy = await listenProxy({ tls: { ...speaking(certificates.server()), ...asking } });
    const peer = await listenPeer(certificates.server());
    const { client } = certificates;
    const identity = { ...trusting, cert: client().chain, key: client().key };
    const proxied = { proxy: proxy.url('https'), tls: trusting };
    expect(await secured(peer.url, { ...proxied, proxyTls: identity })).toBe('TLSv1.3');
    const error = await rejection<ProxyError>(connect(peer.url, { ...proxied, tls: identity, proxyTls: trusting }));
    // TLS 1.3 tells after the handshake, where the proxy's answer is waited for.
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ proxy: proxy.url('https'), cause: expect.any(TlsError) });
    expect(error.cause).toMatchObject({ code: expect.stringMatching(/ALERT_CERTIFICATE_REQUIRED$/) });
  });

  test('whose options OpenSSL refuses is not dialled', async () => {
    const proxy = await listenSecureProxy();
    const dialled: unknown[] = [];
    const lookup: ConnectOptions['lookup'] = (host) => dialled.push(host);
    const options = { proxy: `https://p.example:${proxy.port}`, proxyTls: { cert: 'junk' }, lookup };
    const error = await rejection<TlsError>(connect('ws://h.example/', options));
    expect(error.code).toBe('ERR_OSSL_PEM_NO_START_LINE');
    expect(dialled).toEqual([]);
  });

  test('that can’t be verified is told nothing', async () => {
    const proxy = await listenProxy({ tls: speaking(certificates.selfSignedServer()) });
    const peer = await listenPeer();
    const error = await rejection(connect(peer.url, { proxy: proxy.url('https', 'user:secret'), proxyTls: trusting }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(error.message).toMatch(/^proxy certificate is refused: .*; the proxy is https:\/\/127\.0\.0\.1:[0-9]+$/);
    expect(proxy.requests).toEqual([]);
    const trustingAnybody = { proxy: proxy.url('https'), proxyTls: { rejectUnauthorized: false } };
    expect(await secured(peer.url, trustingAnybody)).toBeUndefined();
  });

  test('is verified by proxyTls, and the server by tls', async () => {
    const proxy = await listenSecureProxy();
    const peer = await listenPeer(certificates.strangeServer());
    const proxied = { proxy: proxy.url('https'), proxyTls: trusting };
    const error = await rejection(connect(peer.url, { ...proxied, tls: trusting }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error.message).toMatch(/^server certificate is refused/);
    expect(await secured(peer.url, { ...proxied, tls: { ca: certificates.otherCa().cert } })).toBe('TLSv1.3');
  });
});

describe('a proxy of https:', () => {
  async function failure<E extends Error>(script: Script, options?: ConnectOptions, plain = true): Promise<E> {
    const peer = await ScriptedPeer.listen(script, { tls: plain ? null : speaking(certificates.server()) });
    onTestFinished(() => peer.stop());
    const proxy = `https://user:secret@127.0.0.1:${peer.port}`;
    const error = await rejection<E>(connect('ws://h.example/', { ...options, proxy, proxyTls: trusting }));
    expect(liveReaders()).toBe(0);
    expect(error.message).toContain(`https://127.0.0.1:${peer.port}`);
    expect(error.message).not.toContain('secret');
    return error;
  }

  test('that does not speak TLS is a TlsError that says so', async () => {
    const error = await failure<TlsError>([sendRaw('HTTP/1.1 400 Bad Request\r\n\r\n'), neverAnswer()]);
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(error.message).toContain('; the proxy may not speak TLS here; the proxy is https://');
  });

  test('that closes instead of speaking TLS is a TransportError', async () => {
    const error = await failure<TransportError>([halfClose()]);
    expect(error).toBeInstanceOf(TransportError);
    expect(error.code).toBe('ECONNRESET');
  });

  test('that says nothing is given up after openTimeout', async () => {
    const began = now();
    const error = await failure<TimeoutError>([neverAnswer()], { openTimeout: MEDIUM });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(/^timed out while shaking hands with HTTP proxy https:.* for TLS; openTimeout is/);
    expect(now() - began).toBeLessThan(MEDIUM + MARGIN);
  });

  test('that answers nothing over TLS is given up after openTimeout', async () => {
    const error = await failure<TimeoutError>([neverAnswer()], { openTimeout: 2 * MEDIUM }, false);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(/^timed out while connecting to HTTP proxy https:.*; openTimeout is/);
  });

  test('that closes within its answer over TLS is a ProxyError', async () => {
    const error = await failure<ProxyError>([sendRaw('HTTP/1.1 200 OK\r\n'), halfClose()], {}, false);
    expect(error).toBeInstanceOf(ProxyError);
    expect(error.message).toMatch(/^did not receive a valid HTTP response from proxy; the proxy is https:/);
  });

  test.each([
    ['shaking hands', null],
    ['answering', speaking(certificates.server())],
  ])('is left at once where the signal aborts while it should be %s', async (_what, tls) => {
    const peer = await ScriptedPeer.listen([neverAnswer()], { tls });
    onTestFinished(() => peer.stop());
    const abort = new AbortController();
    const proxy = `https://127.0.0.1:${peer.port}`;
    const connected = connect('ws://h.example/', { proxy, proxyTls: trusting, signal: abort.signal });
    connected.catch(() => {});
    await (tls === null ? peer.connection(0) : peer.request());
    const reason = new Error('enough');
    const began = now();
    abort.abort(reason);
    await expect(connected).rejects.toBe(reason);
    expect(liveReaders()).toBe(0);
    expect(now() - began).toBeLessThan(MARGIN);
  });
});
