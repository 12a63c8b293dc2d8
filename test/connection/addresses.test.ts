import { once } from 'node:events';
import { createServer, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { HawserError, TimeoutError, TransportError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { FullListener } from '../support/full-listener.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { accept, answerClose, ScriptedPeer } from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT, sleep } from '../support/times.js';
import { tlsEverywhere } from '../support/tls-everywhere.js';

/** What the peers speak. */
const scheme = tlsEverywhere() === undefined ? 'ws' : 'wss';

afterEach(() => expect(liveReaders()).toBe(0));

async function listen(host?: string): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen([accept(), answerClose()], host === undefined ? {} : { host });
  onTestFinished(() => peer.stop());
  return peer;
}

async function listenFull(host: string, port: number, target = port): Promise<FullListener> {
  const full = await FullListener.listen(host, port, target);
  onTestFinished(() => full[Symbol.asyncDispose]());
  return full;
}

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Answers with these addresses, and says in `asked` for what it was asked. */
function lookupOf(...addresses: string[]): LookupFunction & { asked: unknown[] } {
  const asked: unknown[] = [];
  const lookup: LookupFunction = (host, options, callback) => {
    asked.push({ host, ...options });
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    callback(null, found);
  };
  return Object.assign(lookup, { asked });
}

async function connected(
  port: number,
  options: ConnectOptions,
  use: (connection: Connection, took: number) => void,
): Promise<void> {
  const began = now();
  const connection = await connect(`${scheme}://h.example:${port}/`, options);
  try {
    use(connection, now() - began);
  } finally {
    await connection.close();
  }
}

describe('dialling', () => {
  const loopbacks = Object.values(networkInterfaces())
    .flat()
    .filter((each) => each?.internal)
    .map((each) => each!.address);

  test.each(loopbacks)('reaches %s as a literal in the URL', async (host) => {
    const peer = await listen(host);
    await using connection = await connect(peer.url);
    const family = host.includes(':') ? 'IPv6' : 'IPv4';
    expect(connection.remoteAddress).toEqual({ address: host, port: peer.port, family });
    expect(connection.localAddress).toMatchObject({ address: host, family });
    expect(connection.localAddress.port).toBeGreaterThan(0);
  });

  test('asks the system for a name', async () => {
    const peer = await listen();
    await using connection = await connect(`${scheme}://localhost:${peer.port}/`, { family: 4 });
    expect(connection.remoteAddress.address).toBe('127.0.0.1');
    expect((await peer.request()).headers['host']).toBe(`localhost:${peer.port}`);
  });

  test('asks the lookup it is given for all addresses of the family wanted', async () => {
    const peer = await listen();
    const lookup = lookupOf('127.0.0.1');
    await connected(peer.port, { lookup, family: 4 }, ({ remoteAddress }) => {
      expect(remoteAddress.address).toBe('127.0.0.1');
    });
    expect(lookup.asked).toMatchObject([{ host: 'h.example', all: true, family: 4 }]);
  });

  test('passes over addresses of a family that is not wanted', async () => {
    const peer = await listen();
    await connected(peer.port, { lookup: lookupOf('::1', '127.0.0.1'), family: 4 }, ({ remoteAddress }) => {
      expect(remoteAddress.family).toBe('IPv4');
    });
  });

  test('tries the next address at once where one refuses', async () => {
    const peer = await listen();
    const lookup = lookupOf('127.0.0.2', '127.0.0.3', '127.0.0.1');
    await connected(peer.port, { lookup, attemptDelay: 10 * LONG }, ({ remoteAddress }, took) => {
      expect(remoteAddress.address).toBe('127.0.0.1');
      expect(took).toBeLessThan(5 * LONG);
    });
  });

  test('tries the next address after attemptDelay where one does not answer', async () => {
    const peer = await listen();
    await listenFull('127.0.0.2', peer.port);
    const lookup = lookupOf('127.0.0.2', '127.0.0.1');
    await connected(peer.port, { lookup, attemptDelay: MEDIUM }, ({ remoteAddress }, took) => {
      expect(remoteAddress.address).toBe('127.0.0.1');
      expect(took).toBeGreaterThanOrEqual(MEDIUM - 2);
      expect(took).toBeLessThan(MEDIUM + LONG);
    });
  });

  test('tries one address after the other, a delay apart, as long as none answers', async () => {
    const peer = await listen();
    const full = ['127.0.0.2', '127.0.0.3'];
    for (const host of full) await listenFull(host, peer.port);
    const lookup = lookupOf(...full, '127.0.0.1');
    await connected(peer.port, { lookup, attemptDelay: MEDIUM }, ({ remoteAddress }, took) => {
      expect(remoteAddress.address).toBe('127.0.0.1');
      expect(took).toBeGreaterThanOrEqual(2 * MEDIUM - 2);
    });
  });

  const hasIPv6 = loopbacks.includes('::1');

  test.runIf(hasIPv6).each([
    ['IPv6', ['::1'], '127.0.0.1'],
    ['IPv4', ['127.0.0.2'], '::1'],
    // The families take turns, so this is one delay as well.
    ['IPv4 with several addresses', ['127.0.0.2', '127.0.0.3', '127.0.0.4'], '::1'],
  ])(
    'loses one attemptDelay where all packets to %s, the first family, are dropped',
    async (_family, dropping, good) => {
      const peer = await listen(good);
      for (const host of dropping) await listenFull(host, peer.port);
      const lookup = lookupOf(...dropping, good);
      // Nothing but the second attempt ends the waiting for the first, which the kernel goes on with for minutes.
      await connected(peer.port, { lookup, attemptDelay: LONG, openTimeout: null }, ({ remoteAddress }, took) => {
        expect(remoteAddress.address).toBe(good);
        expect(took).toBeGreaterThanOrEqual(LONG - 2);
        expect(took).toBeLessThan(2 * LONG);
      });
    },
  );

  test('lets an attempt run on while others are tried: the first to answer wins', async () => {
    const peer = await listen();
    const slow = await listenFull('127.0.0.2', peer.port);
    await listenFull('127.0.0.3', peer.port);
    const lookup = lookupOf('127.0.0.2', '127.0.0.3');
    setTimeout(() => slow.open(), 2 * MEDIUM);
    await connected(peer.port, { lookup, attemptDelay: SHORT }, ({ remoteAddress }) => {
      expect(remoteAddress.address).toBe('127.0.0.2');
    });
  });

  test('binds to the local address', async () => {
    const peer = await listen();
    await using connection = await connect(peer.url, { localAddress: '127.0.0.3' });
    expect(connection.localAddress.address).toBe('127.0.0.3');
  });
});

describe('failing', () => {
  test('where nobody listens is ECONNREFUSED, with where that was', async () => {
    const port = await closedPort();
    const error = await rejection(connect(`ws://127.0.0.1:${port}/`));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toBeInstanceOf(HawserError);
    expect(error.message).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port });
  });

  test('at every address names all that were tried', async () => {
    const port = await closedPort();
    const lookup = lookupOf('127.0.0.1', '127.0.0.2');
    const error = await rejection(connect(`ws://h.example:${port}/`, { lookup }));
    expect(error.message).toBe(`connect ECONNREFUSED h.example:${port} (tried 127.0.0.1, 127.0.0.2)`);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', hostname: 'h.example', port });
  });

  test('from a local address that this machine does not have is EADDRNOTAVAIL', async () => {
    const peer = await listen();
    const error = await rejection(connect(peer.url, { localAddress: '192.0.2.1' }));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.code).toBe('EADDRNOTAVAIL');
  });

  test('to get an answer within openTimeout is a TimeoutError that says so', async () => {
    const peer = await listen();
    await listenFull('127.0.0.2', peer.port);
    const began = now();
    const error = await rejection(connect(`ws://127.0.0.2:${peer.port}/`, { openTimeout: 2 * MEDIUM }));
    expect(now() - began).toBeGreaterThanOrEqual(2 * MEDIUM - 2);
    expect(now() - began).toBeLessThan(2 * MEDIUM + LONG);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe(`timed out while connecting to 127.0.0.2:${peer.port}; openTimeout is ${2 * MEDIUM} ms`);
  });

  test('by abort while dialling rejects with the signal’s reason, at once', async () => {
    const peer = await listen();
    await listenFull('127.0.0.2', peer.port);
    const abort = new AbortController();
    const reason = new Error('changed my mind');
    const connecting = rejection(connect(`ws://127.0.0.2:${peer.port}/`, { signal: abort.signal }));
    await sleep(MEDIUM);
    const began = now();
    abort.abort(reason);
    expect(await connecting).toBe(reason);
    expect(now() - began).toBeLessThan(LONG);
  });
});

describe('resolving', () => {
  test('a name that does not exist is ENOTFOUND, with the resolver’s error as its cause', async () => {
    const problem = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND', errno: -3008 });
    const lookup: LookupFunction = (_host, _options, callback) => callback(problem, []);
    const error = await rejection(connect('ws://h.example/', { lookup }));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo', hostname: 'h.example' });
    expect(error.cause).toBe(problem);
  });

  test('a name without addresses is ENOTFOUND', async () => {
    const error = await rejection(connect('ws://h.example/', { lookup: lookupOf() }));
    expect(error).toMatchObject({ code: 'ENOTFOUND', hostname: 'h.example' });
  });

  test('a name without an address of the family wanted is ENOTFOUND', async () => {
    const error = await rejection(connect('ws://h.example/', { lookup: lookupOf('127.0.0.1'), family: 6 }));
    expect(error).toMatchObject({
      code: 'ENOTFOUND',
      cause: { message: 'the host has no IPv6 address to connect to' },
    });
  });

  test('a lookup that gives something else than addresses is told so', async () => {
    const error = await rejection(connect('ws://h.example/', { lookup: lookupOf('not an address') }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe("lookup gave 'not an address'; expected an IP address");
  });

  test('a lookup that throws has failed, with what it threw as the cause', async () => {
    const problem = new Error('lookup is broken');
    const lookup = () => {
      throw problem;
    };
    const error = await rejection(connect('ws://h.example/', { lookup }));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: 'h.example' });
    expect(error.cause).toBe(problem);
  });

  test('a lookup that never answers is ended by openTimeout', async () => {
    const began = now();
    const error = await rejection(connect('ws://h.example/', { lookup: () => {}, openTimeout: MEDIUM }));
    expect(now() - began).toBeGreaterThanOrEqual(MEDIUM - 2);
    expect(now() - began).toBeLessThan(MEDIUM + LONG);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe(`timed out while resolving h.example; openTimeout is ${MEDIUM} ms`);
  });

  test('a lookup that never answers is ended by the signal', async () => {
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const connecting = rejection(connect('ws://h.example/', { lookup: () => {}, signal: abort.signal }));
    await sleep(SHORT);
    abort.abort(reason);
    expect(await connecting).toBe(reason);
  });

  test('takes its part of openTimeout: the rest is for the handshake', async () => {
    const peer = await ScriptedPeer.listen([]);
    onTestFinished(() => peer.stop());
    const lookup: LookupFunction = (_host, _options, callback) => {
      setTimeout(() => callback(null, [{ address: '127.0.0.1', family: 4 }]), 5 * MEDIUM);
    };
    const began = now();
    const openTimeout = 7 * MEDIUM;
    const error = await rejection(connect(`${scheme}://h.example:${peer.port}/`, { lookup, openTimeout }));
    expect(error.message).toMatch(/^timed out while waiting for handshake response/);
    // Not twelve times.
    expect(now() - began).toBeLessThan(10 * MEDIUM);
  });
});
