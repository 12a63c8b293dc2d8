/** What terminates TLS in front of a server: all are asked the same, and each has ways of its own. */

import * as tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { CertificateError, ConnectionClosedError, EndOfStream } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import type { TlsOptions } from '../../lib/tls/options.js';
import { ca, otherCa } from '../support/certificates.js';
import { ending, rejection } from '../support/opened.js';
import { DEADLINE, withDeadline } from '../support/times.js';
import { caddy } from './components/caddy.js';
import { haproxy } from './components/haproxy.js';
import { nginx } from './components/nginx.js';
import { stunnel } from './components/stunnel.js';
import { Backend } from './support/backend.js';
import { Component, type Setup } from './support/component.js';
import { exchange, opened } from './support/connected.js';

const MiB = 1024 * 1024;
/** Around what fits into one record of TLS. */
const sizes = [1, 16_383, 16_384, 16_385, MiB, 8 * MiB];

interface Terminator {
  readonly name: string;
  readonly setup: (backend: number) => Setup<string>;
  readonly port: string;
  /** Which versions of TLS it takes. */
  readonly versions: readonly tls.SecureVersion[];
}

const terminators: readonly Terminator[] = [
  { name: 'nginx', setup: nginx, port: 'tls', versions: ['TLSv1.2', 'TLSv1.3'] },
  { name: 'haproxy', setup: haproxy, port: 'tls', versions: ['TLSv1.2', 'TLSv1.3'] },
  { name: 'caddy', setup: caddy, port: 'tls', versions: ['TLSv1.3'] },
  { name: 'stunnel with TLS 1.3', setup: stunnel, port: 'tls13', versions: ['TLSv1.3'] },
  { name: 'stunnel with TLS 1.2', setup: stunnel, port: 'tls12', versions: ['TLSv1.2'] },
];

describe.each(terminators)('$name', ({ setup, port, versions }) => {
  let backend: Backend;
  let terminator: Component<string>;
  beforeAll(async () => {
    backend = await Backend.listen();
    terminator = await Component.start(setup(backend.port));
  });
  afterAll(async () => {
    await terminator?.kill();
    backend?.stop();
  });

  function open(
    settings: TlsOptions = {},
    { to = terminator, ...options }: ConnectOptions & { to?: typeof terminator } = {},
  ) {
    to.explains();
    return opened(`wss://localhost:${to.ports[port]}/`, { tls: { ca: ca().cert, ...settings }, ...options });
  }

  test.each(versions)('speaks %s, and is trusted', async (version) => {
    const connection = await open({ minVersion: version, maxVersion: version });
    expect(connection.tls).toMatchObject({ protocol: version, authorized: true, authorizationError: undefined });
    expect(connection.tls?.peerCertificate?.subject).toBe('CN=localhost');
    expect(await exchange(connection, 'hello')).toBe('hello');
  });

  const refused = (['TLSv1.2', 'TLSv1.3'] as const).filter((version) => !versions.includes(version));
  test.each(refused)('refuses %s with an alert', async (version) => {
    const error = await rejection(open({ minVersion: version, maxVersion: version }));
    expect(error).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  test.each<[string, () => string | undefined]>([
    ['another authority is trusted', () => otherCa().cert],
    ['none but the public ones are', () => undefined],
  ])('is refused with the code that Node has for it where %s', async (_what, trusted) => {
    const error = await rejection(open({ ca: trusted() }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error.code).toBe(await nodesVerdict(terminator.ports[port]!, trusted()));
    expect(error.code).toMatch(/^UNABLE_TO/);
  });

  test('may be connected to all the same, which is known then', async () => {
    const connection = await open({ ca: otherCa().cert, rejectUnauthorized: false });
    expect(connection.tls).toMatchObject({
      authorized: false,
      authorizationError: { code: expect.stringMatching(/^UNABLE_TO/) },
    });
    expect(await exchange(connection, 'hello')).toBe('hello');
  });

  test.each([false, true])('passes on messages of all sizes, with compression %s', async (compression) => {
    const connection = await open({}, { compression });
    for (const size of sizes) {
      const text = 'price: 12.5; '.repeat(size / 13 + 1).slice(0, size);
      // Not toBe, which would print both.
      expect((await exchange(connection, text)) === text).toBe(true);
      const bytes = Buffer.alloc(size, text);
      expect(bytes.equals((await exchange(connection, bytes)) as Buffer)).toBe(true);
    }
  });

  test('passes on thousands of messages in order, both ways at once', async () => {
    const connection = await open();
    const count = 5_000;
    for (let i = 0; i < count; i++) connection.send(numbered(i)).catch(() => {});
    for (let i = 0; i < count; i++) expect(await connection.recv({ timeout: DEADLINE })).toBe(numbered(i));
  });

  test('keeps thirty connections apart', async () => {
    const connections = await Promise.all(Array.from({ length: 30 }, () => open()));
    const returned = await Promise.all(connections.map((connection, i) => exchange(connection, `${i}`)));
    expect(returned).toEqual(connections.map((_, i) => `${i}`));
  });

  test.each(versions)('resumes a session of %s', async (version) => {
    const settings = { minVersion: version, maxVersion: version };
    const first = await open(settings);
    // In TLS 1.3 the ticket comes behind the handshake, and before what is answered after it.
    await exchange(first, 'hello');
    await first.close();
    const second = await open(settings);
    expect(second.tls).toMatchObject({ resumed: true, authorized: true });
    expect(await exchange(second, 'hello')).toBe('hello');
  });

  test('closes in good order, whoever begins', async () => {
    const ours = await (await open()).close(4001, 'bye');
    expect(ours).toMatchObject({ code: 4001, reason: 'bye', wasClean: true, receivedFirst: false });
    expect(ours.cause).toBeUndefined();
    const connection = await open();
    await connection.send('please close');
    const theirs = await connection.closed;
    expect(theirs).toMatchObject({ code: 4001, reason: 'as you wish', wasClean: true, receivedFirst: true });
    expect(theirs.cause).toBeUndefined();
  });

  test('says close_notify where the server hangs up, so that nothing was cut off', async () => {
    const connection = await open();
    await connection.send('please hang up');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, cause: { truncated: false } });
    expect(error.cause).toBeInstanceOf(EndOfStream);
  });

  test('killed, says nothing, so that something may have been cut off', async () => {
    const own = await Component.start(setup(backend.port));
    let connection: Connection;
    try {
      connection = await open({}, { to: own });
      expect(await exchange(connection, 'hello')).toBe('hello');
    } finally {
      await own.kill();
    }
    const error = await withDeadline(ending(connection), DEADLINE, 'the end');
    expect(error).toMatchObject({ closeCode: 1006, cause: { truncated: true } });
    expect(error.cause).toBeInstanceOf(EndOfStream);
  });
});

function numbered(i: number): string {
  return `${i}`.padEnd(i % 1_000, '.');
}

/** The code with which `tls.connect` refuses the same server. */
function nodesVerdict(port: number, trusted: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = trusted === undefined ? {} : { ca: trusted };
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
    socket.once('secureConnect', () => {
      socket.destroy();
      reject(new Error('Node trusts it'));
    });
  });
}
