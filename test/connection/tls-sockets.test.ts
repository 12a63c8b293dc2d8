/** TLS over every way to a server: whom a path, a zone or a lookup leads to is who the URL or `servername` says it is. */

import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import * as path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { CertificateError, InvalidMessage, TlsError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import * as certificates from '../support/certificates.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { setProxyVariables } from '../support/proxy-variables.js';
import { accept, echoMessages, type ListenOptions, neverAnswer, ScriptedPeer } from '../support/scripted-peer.js';
import { TestProxy } from '../support/test-proxy.js';

const trusting = () => ({ ca: certificates.ca().cert });

function freePath(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hawser-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 's.sock');
}

/** A peer that speaks TLS and sends messages back, for one test, after which no reader may be left. */
async function listen(certificate: certificates.Certificate, options: ListenOptions = {}): Promise<ScriptedPeer> {
  const tls = { cert: certificate.chain, key: certificate.key };
  const peer = await ScriptedPeer.listen([accept(), echoMessages()], { tls, ...options });
  onTestFinished(async () => {
    expect(liveReaders()).toBe(0);
    await peer.stop();
  });
  return peer;
}

/** Connects, has a message come back, and stays connected for the time of the test. */
async function opened(url: string, options?: ConnectOptions): Promise<Connection> {
  const connection = await connect(url, { tls: trusting(), ...options });
  onTestFinished(async () => void (await connection.terminate()));
  await connection.send('hello');
  expect(await connection.recv()).toBe('hello');
  expect(connection.tls?.authorized).toBe(true);
  return connection;
}

describe.skipIf(process.platform === 'win32')('wss+unix:', () => {
  test('speaks TLS with localhost, which it asks for and verifies', async () => {
    const peer = await listen(certificates.server(), { path: freePath() });
    const connection = await opened(`${peer.url}:/feed`);
    expect(connection.url).toBe(`${peer.url}:/feed`);
    expect(peer.url).toMatch(/^wss\+unix:/);
    expect((await peer.security()).servername).toBe('localhost');
    expect((await peer.request()).headers['host']).toBe('localhost');
    expect(connection.remoteAddress.family).toBe('Unix');
  });

  test('refuses a server of another name', async () => {
    const peer = await listen(certificates.otherNameServer(), { path: freePath() });
    const error = await rejection<CertificateError>(connect(peer.url, { tls: trusting() }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'localhost' });
    await peer.ended();
    await expect(peer.request()).rejects.toThrow('while waiting for the request');
  });

  test('refuses a server that nobody vouches for', async () => {
    const peer = await listen(certificates.selfSignedServer(), { path: freePath() });
    const error = await rejection(connect(peer.url, { tls: trusting() }));
    expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  test('asks for servername and verifies that where it is given', async () => {
    const peer = await listen(certificates.otherNameServer(), { path: freePath() });
    const tls = { ...trusting(), servername: 'other.test' };
    const connection = await opened(peer.url, { tls });
    expect(connection.tls?.servername).toBe('other.test');
    expect((await peer.security()).servername).toBe('other.test');
    expect((await peer.request()).headers['host']).toBe('localhost');
  });

  test('with a server that does not speak TLS fails', async () => {
    const peer = await ScriptedPeer.listen([accept(), neverAnswer()], { path: freePath(), tls: null });
    onTestFinished(() => peer.stop());
    const connecting = rejection(connect(peer.url.replace('ws', 'wss'), { tls: trusting() }));
    await (await peer.connection(0)).do({ do: 'sendRaw', bytes: 'HTTP/1.1 400 Bad Request\r\n\r\n' });
    expect(await connecting).toBeInstanceOf(TlsError);
    expect(liveReaders()).toBe(0);
  });

  test('is what a server that speaks TLS expects, in place of ws+unix:', async () => {
    const peer = await listen(certificates.server(), { path: freePath() });
    const error = await rejection(connect(peer.url.replace('wss', 'ws')));
    // It hangs up on what is no TLS, with or without an alert.
    expect(error instanceof InvalidMessage || error.code === 'ECONNRESET').toBe(true);
  });
});

describe.skipIf(process.platform === 'win32')('socketPath', () => {
  test('carries TLS with the host of the URL, which is asked for and verified', async () => {
    const socketPath = freePath();
    const peer = await listen(certificates.wildcardServer(), { path: socketPath });
    const lookup = () => expect.unreachable();
    const connection = await opened('wss://feed.hawser.test/a', { socketPath, lookup });
    expect(connection.tls?.servername).toBe('feed.hawser.test');
    expect((await peer.security()).servername).toBe('feed.hawser.test');
    expect((await peer.request()).headers['host']).toBe('feed.hawser.test');
    const error = await rejection(connect('wss://other.example/a', { socketPath, tls: trusting() }));
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'other.example' });
  });

  test('leads past the environment’s proxy', async () => {
    const socketPath = freePath();
    await using proxy = await TestProxy.listen();
    await listen(certificates.server(), { path: socketPath });
    setProxyVariables({ wss_proxy: proxy.url('http') });
    await opened('wss://localhost/', { socketPath, proxy: true });
    expect(proxy.requests).toEqual([]);
  });
});

const hasIPv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));

describe.runIf(hasIPv6)('an IPv6 address', () => {
  const loopback = process.platform === 'linux' ? 'lo' : 'lo0';

  test('is verified without its zone, and not asked for', async () => {
    const peer = await listen(certificates.server(), { host: '::1' });
    await opened(`wss://[::1%25${loopback}]:${peer.port}/`);
    expect((await peer.security()).servername).toBe('');
    expect((await peer.request()).headers['host']).toBe(`[::1]:${peer.port}`);
  });

  test('that the certificate does not have is refused', async () => {
    const peer = await listen(certificates.otherNameServer(), { host: '::1' });
    const error = await rejection(connect(peer.url, { tls: trusting() }));
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: '::1' });
  });
});

describe('a name', () => {
  const lookup: ConnectOptions['lookup'] = (_host, _options, answer) =>
    answer(null, [{ address: '127.0.0.1', family: 4 }]);

  test.each([
    ['in Unicode', 'bücher.test', certificates.idnServer, 'xn--bcher-kva.test', 'xn--bcher-kva.test'],
    ['in its ASCII form', 'xn--bcher-kva.test', certificates.idnServer, 'xn--bcher-kva.test', 'xn--bcher-kva.test'],
    ['with a trailing dot', 'feed.hawser.test.', certificates.wildcardServer, 'feed.hawser.test', 'feed.hawser.test.'],
    ['in capitals', 'FEED.hawser.test', certificates.wildcardServer, 'feed.hawser.test', 'feed.hawser.test'],
  ])('%s is asked for, verified and sent as Host', async (_how, name, certificate, servername, host) => {
    const peer = await listen(certificate());
    const connection = await opened(`wss://${name}:${peer.port}/`, { lookup });
    expect(connection.tls?.servername).toBe(servername);
    expect((await peer.security()).servername).toBe(servername);
    expect((await peer.request()).headers['host']).toBe(`${host}:${peer.port}`);
  });

  test('in Unicode that the certificate does not have is refused', async () => {
    const peer = await listen(certificates.idnServer());
    const error = await rejection(connect(`wss://bucher.test:${peer.port}/`, { lookup, tls: trusting() }));
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'bucher.test' });
  });
});
