/** Which socket carries a connection: of TCP or with a path, from which port, to which zone, and how it is set. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import * as path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { TimeoutError, TransportError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  echoMessages,
  type ListenOptions,
  neverAnswer,
  type Script,
  ScriptedPeer,
} from '../support/scripted-peer.js';
import { MEDIUM } from '../support/times.js';

/** A peer for one test, after which no reader may be left. */
async function listen(options: ListenOptions, script: Script = [accept(), answerClose()]): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(script, options);
  onTestFinished(async () => {
    expect(liveReaders()).toBe(0);
    await peer.stop();
  });
  return peer;
}

/** A path that is free, in a folder that goes with the test. */
function freePath(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hawser-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 's.sock');
}

/** Connects for the time of the test. */
async function opened(url: string, options?: ConnectOptions): Promise<Connection> {
  const connection = await connect(url, options);
  onTestFinished(() => connection.close().then(() => {}));
  return connection;
}

async function hostSent(peer: ScriptedPeer): Promise<string | undefined> {
  return (await peer.request()).headers['host'];
}

/** A port that was free a moment ago. */
async function freePort(host = '127.0.0.1'): Promise<number> {
  const peer = await ScriptedPeer.listen([], { host });
  await peer.stop();
  return peer.port;
}

describe.skipIf(process.platform === 'win32')('a Unix domain socket', () => {
  test('is reached by its URL, which says what to ask for as well', async () => {
    const peer = await listen({ path: freePath() });
    const connection = await opened(`${peer.url}:/chat?room=a:b`);
    expect((await peer.request()).requestLine).toBe('GET /chat?room=a:b HTTP/1.1');
    expect(await hostSent(peer)).toBe('localhost');
    expect(connection.url).toBe(`${peer.url}:/chat?room=a:b`);
  });

  test('is asked for / where its URL names no resource', async () => {
    const peer = await listen({ path: freePath() });
    await opened(peer.url);
    expect((await peer.request()).requestLine).toBe('GET / HTTP/1.1');
  });

  test('is reached by a relative path', async () => {
    const file = freePath();
    const peer = await listen({ path: file });
    const scheme = peer.url.split(':')[0];
    await opened(`${scheme}:${path.relative(process.cwd(), file)}:/chat`);
    expect((await peer.request()).requestLine).toBe('GET /chat HTTP/1.1');
  });

  test('is reached in place of the URL’s host, which Host names all the same', async () => {
    const file = freePath();
    const peer = await listen({ path: file });
    const scheme = peer.url.split('+')[0];
    const lookup = () => expect.unreachable();
    await opened(`${scheme}://localhost:8080/chat`, { socketPath: file, lookup });
    expect((await peer.request()).requestLine).toBe('GET /chat HTTP/1.1');
    expect(await hostSent(peer)).toBe('localhost:8080');
  });

  test('ignores what TCP and the resolver are told', async () => {
    const peer = await listen({ path: freePath() });
    await opened(peer.url, { localAddress: '192.0.2.1', localPort: 1, family: 6, noDelay: false, keepAlive: true });
  });

  test('has its path for an address, and the client’s end has none', async () => {
    const file = freePath();
    const peer = await listen({ path: file });
    const connection = await opened(peer.url);
    expect(connection.remoteAddress).toEqual({ address: file, port: 0, family: 'Unix' });
    expect(connection.localAddress).toEqual({ address: '', port: 0, family: 'Unix' });
  });

  test('carries messages of any size both ways', async () => {
    const peer = await listen({ path: freePath() }, [accept(), echoMessages()]);
    const connection = await connect(peer.url, { compression: false });
    for (const message of ['', 'héllo', 'x'.repeat(3_000_000)]) {
      await connection.send(message);
      expect((await connection.recv()) === message).toBe(true);
    }
    await connection.terminate();
  });

  test('that is not there is ENOENT, with its path', async () => {
    const file = freePath();
    const error = await rejection(connect(`ws+unix:${file}:/chat`));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.message).toBe(`connect ENOENT ${file}`);
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'connect', address: file });
    expect(error).not.toHaveProperty('port');
  });

  test('whose path is longer than the system takes is ENAMETOOLONG', async () => {
    const file = freePath();
    await listen({ path: file });
    const error = await rejection(connect('ws://localhost/', { socketPath: file + 'x'.repeat(200) }));
    expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'connect' });
  });

  test('that does not answer is ended by openTimeout', async () => {
    const peer = await listen({ path: freePath() }, [neverAnswer()]);
    expect(await rejection(connect(peer.url, { openTimeout: MEDIUM }))).toBeInstanceOf(TimeoutError);
  });

  test.runIf(process.platform === 'linux')('may be abstract', async () => {
    const name = `\0hawser-${process.pid}-${Math.random()}`;
    const peer = await listen({ path: name });
    const scheme = peer.url.split('+')[0];
    const connection = await opened(`${scheme}://localhost/`, { socketPath: name });
    expect(connection.remoteAddress).toEqual({ address: name, port: 0, family: 'Unix' });
  });

  test.runIf(process.platform === 'linux')(
    'that is abstract and not there is ECONNREFUSED, shown with an @',
    async () => {
      const error = await rejection(connect('ws://localhost/', { socketPath: '\0hawser-nobody' }));
      expect(error.message).toBe('connect ECONNREFUSED @hawser-nobody');
    },
  );
});

describe('a local port', () => {
  test('is what the connection comes from', async () => {
    const peer = await listen({});
    const localPort = await freePort();
    expect((await opened(peer.url, { localPort })).localAddress).toMatchObject({
      address: '127.0.0.1',
      port: localPort,
    });
  });

  test('is bound to at the local address', async () => {
    const peer = await listen({});
    const localPort = await freePort('127.0.0.3');
    const connection = await opened(peer.url, { localAddress: '127.0.0.3', localPort });
    expect(connection.localAddress).toEqual({ address: '127.0.0.3', port: localPort, family: 'IPv4' });
  });

  test('that is taken is EADDRINUSE', async () => {
    const peer = await listen({});
    const other = await listen({});
    const error = await rejection(connect(peer.url, { localPort: other.port }));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.code).toBe('EADDRINUSE');
  });
});

describe('TCP keep-alive', () => {
  /** Seconds until the kernel's keep-alive timer of a connection rings; undefined where it does not run. */
  function secondsToProbe({ localAddress, remoteAddress }: Connection): number | undefined {
    const ends = [localAddress, remoteAddress].map(
      ({ port }) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
    );
    const fields = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find((line) => ends.every((end, i) => line[i + 1]?.endsWith(end)));
    const [timer, ticks = ''] = fields?.[5]?.split(':') ?? [];
    // 2 is the keep-alive timer; ticks of these files are hundredths of a second.
    return timer === '02' ? Number.parseInt(ticks, 16) / 100 : undefined;
  }

  const linux = process.platform === 'linux';

  test.runIf(linux)('is off by default', async () => {
    const peer = await listen({});
    expect(secondsToProbe(await opened(peer.url))).toBeUndefined();
  });

  test.runIf(linux)('begins after keepAliveInitialDelay', async () => {
    const peer = await listen({});
    const seconds = secondsToProbe(await opened(peer.url, { keepAlive: true, keepAliveInitialDelay: 600_000 }));
    expect(seconds).toBeGreaterThan(500);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  test.runIf(linux)('begins when the system likes where no delay is given', async () => {
    const system = Number(readFileSync('/proc/sys/net/ipv4/tcp_keepalive_time', 'utf8'));
    const peer = await listen({});
    const seconds = secondsToProbe(await opened(peer.url, { keepAlive: true }));
    expect(seconds).toBeGreaterThan(system - 100);
    expect(seconds).toBeLessThanOrEqual(system);
  });
});

describe('a host', () => {
  const hasIPv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));
  const loopback = process.platform === 'linux' ? 'lo' : 'lo0';

  /** The URL of a peer with another host. */
  function at(peer: ScriptedPeer, host: string): string {
    return peer.url.replace(/\/\/.*:/, `//${host}:`);
  }

  /** Answers with one address, and says in `asked` for which names. */
  function lookupOf(address: string) {
    const asked: string[] = [];
    const lookup: LookupFunction = (host, _options, callback) => {
      asked.push(host);
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
    };
    return { asked, lookup };
  }

  test.runIf(hasIPv6)('may be an IPv6 address, in brackets', async () => {
    const peer = await listen({ host: '::1' });
    expect((await opened(peer.url)).remoteAddress).toEqual({ address: '::1', port: peer.port, family: 'IPv6' });
    expect(await hostSent(peer)).toBe(`[::1]:${peer.port}`);
  });

  test.runIf(hasIPv6)('may be an IPv6 address with a zone, which Host does not have', async () => {
    const peer = await listen({ host: '::1' });
    const url = at(peer, `[::1%25${loopback}]`);
    expect((await opened(url)).url).toBe(url);
    expect(await hostSent(peer)).toBe(`[::1]:${peer.port}`);
  });

  const local = Object.entries(networkInterfaces())
    .flatMap(([name, addresses = []]) => addresses.map(({ address }) => ({ name, address })))
    .find(({ address }) => address.startsWith('fe80:'));

  test.runIf(local !== undefined)('that is link-local is reached in its zone, from the URL or a lookup', async () => {
    const { name, address } = local!;
    const zoned = `${address}%${name}`;
    const peer = await listen({ host: zoned, tls: null });
    const remote = { address: zoned, port: peer.port, family: 'IPv6' };
    const byUrl = await opened(`ws://[${address}%25${encodeURIComponent(name)}]:${peer.port}/`);
    expect(byUrl.remoteAddress).toEqual(remote);
    const { lookup } = lookupOf(zoned);
    const byLookup = await opened(`ws://h.example:${peer.port}/`, { lookup, localAddress: zoned });
    expect(byLookup.remoteAddress).toEqual(remote);
    expect(byLookup.localAddress.address).toBe(zoned);
  });

  test.runIf(hasIPv6)('in a zone that does not exist is not reached, and is named with it', async () => {
    const error = await rejection(connect('ws://[fe80::1%25no-such-zone]:9/'));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.message).toMatch(/^connect E[A-Z]+ \[fe80::1%no-such-zone\]:9$/);
  });

  test.each([
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['EXAMPLE.com', 'example.com'],
    ['example.com.', 'example.com.'],
    ['日本語。example', 'xn--wgv71a119e.example'],
  ])('%s is looked up and in Host as %s', async (host, ascii) => {
    const peer = await listen({});
    const { asked, lookup } = lookupOf('127.0.0.1');
    await opened(at(peer, host), { lookup, ...trusting(peer) });
    expect(asked).toEqual([ascii]);
    expect(await hostSent(peer)).toBe(`${ascii}:${peer.port}`);
  });

  test('that is localhost with a trailing dot is the same host', async () => {
    const peer = await listen({});
    const { lookup } = lookupOf('127.0.0.1');
    expect((await opened(at(peer, 'localhost.'), { lookup })).remoteAddress.port).toBe(peer.port);
  });
});

/** Where the peers speak TLS, they do so as localhost. */
function trusting(peer: ScriptedPeer): ConnectOptions {
  return peer.url.startsWith('wss') ? { tls: { checkServerIdentity: () => undefined } } : {};
}
