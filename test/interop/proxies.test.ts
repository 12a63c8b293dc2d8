/** Through real proxies to a server with and without TLS. */

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { CertificateError, ConnectionClosedError, ProxyError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { ca, otherCa, server as serverCertificate } from '../support/certificates.js';
import { ending, rejection } from '../support/opened.js';
import { DEADLINE } from '../support/times.js';
import { dante, microsocks, credentials as microsocksCredentials } from './components/socks.js';
import { squid, credentials as squidCredentials } from './components/squid.js';
import { ssh } from './components/ssh.js';
import { stunnel } from './components/stunnel.js';
import { tinyproxy, credentials as tinyproxyCredentials } from './components/tinyproxy.js';
import { Backend } from './support/backend.js';
import { Component, type Setup } from './support/component.js';
import { exchange, opened } from './support/connected.js';
import { freePort } from './support/server.js';

const MiB = 1024 * 1024;

interface Credentials {
  readonly username: string;
  readonly password: string;
}

interface Ports {
  /** Two servers. */
  readonly plain: number;
  readonly secure: number;
  /** Another server, to whose port the proxy does not connect. */
  readonly refused: number;
  /** Where nobody listens. */
  readonly nobody: number;
}

/** What the error is to look like. */
type Refusal = Readonly<Record<string, unknown>>;

interface Proxy {
  readonly name: string;
  readonly setup: (ports: Ports) => Setup<string>;
  readonly scheme: string;
  /** Which of its ports. */
  readonly port: string;
  /** Who it wants to hear of; undefined where it does not ask. */
  readonly credentials: Credentials | undefined;
  /** What it says where it hears nothing, and where it hears something wrong. */
  readonly withoutCredentials?: Refusal;
  readonly wrongCredentials?: Refusal;
  /** undefined where it connects to all ports. */
  readonly refusedPort: Refusal | undefined;
  readonly nobody: Refusal;
}

/** `tls` is for URLs of wss: only. */
function trusting(url: string): ConnectOptions {
  return url.startsWith('wss:') ? { tls: { ca: ca().cert } } : {};
}

const refusedWith = (details: Refusal): Refusal => ({ code: 'HAWSER_PROXY', ...details });

const overSquid = {
  setup: (ports: Ports) => squid(ports.refused),
  scheme: 'http',
  refusedPort: refusedWith({ status: 403 }),
  nobody: refusedWith({ status: 503 }),
};
const overDante = {
  setup: (ports: Ports) => dante(ports.refused),
  port: 'open',
  credentials: undefined,
  refusedPort: refusedWith({ replyCode: 2 }),
  nobody: refusedWith({ replyCode: 5 }),
};

const proxies: readonly Proxy[] = [
  { ...overSquid, name: 'squid', port: 'open', credentials: undefined },
  {
    ...overSquid,
    name: 'squid that asks for credentials',
    port: 'guarded',
    credentials: squidCredentials,
    withoutCredentials: refusedWith({ status: 407 }),
    wrongCredentials: refusedWith({ status: 407 }),
  },
  {
    name: 'tinyproxy',
    setup: ({ plain, secure, nobody }) => tinyproxy(plain, secure, nobody),
    scheme: 'http',
    port: 'guarded',
    credentials: tinyproxyCredentials,
    withoutCredentials: refusedWith({ status: 407 }),
    wrongCredentials: refusedWith({ status: 401 }),
    refusedPort: refusedWith({ status: 403 }),
    nobody: refusedWith({ status: 500 }),
  },
  { ...overDante, name: 'dante over socks5:', scheme: 'socks5' },
  { ...overDante, name: 'dante over socks5h:', scheme: 'socks5h' },
  {
    ...overDante,
    name: 'dante over socks4:',
    scheme: 'socks4',
    refusedPort: refusedWith({ replyCode: 91 }),
    nobody: refusedWith({ replyCode: 91 }),
  },
  ...['socks5', 'socks5h'].map((scheme) => ({
    name: `microsocks over ${scheme}:`,
    setup: microsocks,
    scheme,
    port: 'guarded',
    credentials: microsocksCredentials,
    withoutCredentials: refusedWith({ message: expect.stringMatching(/requires authentication/) }),
    wrongCredentials: refusedWith({ message: expect.stringMatching(/rejected the credentials/) }),
    refusedPort: undefined,
    nobody: refusedWith({ replyCode: 5 }),
  })),
  // It hangs up without a reply where it can't connect.
  ...['socks4', 'socks4a', 'socks5', 'socks5h'].map((scheme) => ({
    name: `ssh over ${scheme}:`,
    setup: ssh,
    scheme,
    port: 'socks',
    credentials: undefined,
    refusedPort: undefined,
    nobody: refusedWith({}),
  })),
];

let plain: Backend;
let secure: Backend;
let refused: Backend;
let ports: Ports;
beforeAll(async () => {
  [plain, secure, refused] = await Promise.all([
    Backend.listen(),
    Backend.listen(serverCertificate()),
    Backend.listen(),
  ]);
  ports = { plain: plain.port, secure: secure.port, refused: refused.port, nobody: await freePort() };
});
afterAll(() => {
  for (const backend of [plain, secure, refused]) backend?.stop();
});

describe.each(proxies)('$name', ({ setup, scheme, port, credentials, ...expected }) => {
  let component: Component<string>;
  beforeAll(async () => {
    component = await Component.start(setup(ports));
  });
  afterAll(() => component?.kill());

  function proxyUrl(who = credentials, to = component): string {
    const user = who ? `${encodeURIComponent(who.username)}:${encodeURIComponent(who.password)}@` : '';
    return `${scheme}://${user}127.0.0.1:${to.ports[port]}`;
  }

  function open(url: string, options: ConnectOptions = {}): Promise<Connection> {
    component.explains();
    return opened(url, { proxy: proxyUrl(), ...trusting(url), ...options });
  }

  describe.each(['ws', 'wss'] as const)('to a server of %s:', (serverScheme) => {
    function url(): string {
      return `${serverScheme}://localhost:${serverScheme === 'ws' ? ports.plain : ports.secure}/`;
    }

    test('passes on text and binary', async () => {
      const connection = await open(url());
      expect(await exchange(connection, 'größe')).toBe('größe');
      const bytes = Buffer.alloc(MiB, 'bytes');
      expect(bytes.equals((await exchange(connection, bytes)) as Buffer)).toBe(true);
      expect((serverScheme === 'ws' ? plain : secure).lastRequest.headers).not.toHaveProperty('proxy-authorization');
    });

    test('passes on a thousand messages in order', async () => {
      const connection = await open(url());
      for (let i = 0; i < 1_000; i++) connection.send(`${i}`).catch(() => {});
      for (let i = 0; i < 1_000; i++) expect(await connection.recv({ timeout: DEADLINE })).toBe(`${i}`);
    });

    test('passes on Close, whoever begins', async () => {
      expect(await (await open(url())).close(4001, 'bye')).toMatchObject({ code: 4001, reason: 'bye', wasClean: true });
      const connection = await open(url());
      await connection.send('please close');
      expect(await connection.closed).toMatchObject({ code: 4001, reason: 'as you wish', wasClean: true });
    });

    test('killed, ends the connection', async () => {
      const own = await Component.start(setup(ports));
      let connection: Connection;
      try {
        connection = await open(url(), { proxy: proxyUrl(credentials, own) });
        expect(await exchange(connection, 'hello')).toBe('hello');
      } finally {
        await own.kill();
      }
      const error = await ending(connection);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.closeCode).toBe(1006);
    });
  });

  test('says nothing about TLS to the server, which is verified for its own name', async () => {
    const connection = await open(`wss://localhost:${ports.secure}/`);
    expect(connection.tls).toMatchObject({ servername: 'localhost', authorized: true });
    const error = await rejection(open(`wss://localhost:${ports.secure}/`, { tls: { ca: otherCa().cert } }));
    expect(error.code).toMatch(/^UNABLE_TO/);
  });

  test('tells that nobody listens', async () => {
    const error = await rejection(open(`ws://127.0.0.1:${ports.nobody}/`));
    expect(error).toMatchObject(expected.nobody);
  });

  if (expected.refusedPort) {
    test('refuses a port', async () => {
      const error = await rejection(open(`ws://localhost:${ports.refused}/`));
      expect(error).toBeInstanceOf(ProxyError);
      expect(error).toMatchObject({ ...expected.refusedPort, proxy: `${scheme}://127.0.0.1:${component.ports[port]}` });
    });
  }

  if (credentials) {
    test.each([
      ['no credentials', undefined, expected.withoutCredentials],
      ['a wrong password', { ...credentials, password: 'guessed' }, expected.wrongCredentials],
      ['an unknown user', { ...credentials, username: 'stowaway' }, expected.wrongCredentials],
    ])('refuses %s', async (_what, who, refusal) => {
      const proxy = who ? proxyUrl(who) : `${scheme}://127.0.0.1:${component.ports[port]}`;
      const error = await rejection(open(`ws://localhost:${ports.plain}/`, { proxy }));
      expect(error).toBeInstanceOf(ProxyError);
      expect(error).toMatchObject(refusal ?? {});
      expect(JSON.stringify([error, error.message])).not.toMatch(/guessed|stowaway/);
    });
  }
});

describe('squid of the environment', () => {
  let component: Component<'open' | 'guarded'>;
  beforeAll(async () => {
    component = await Component.start(squid(ports.refused));
  });
  afterAll(() => component?.kill());
  afterEach(() => void vi.unstubAllEnvs());

  test('is asked, as its refusal shows, and not where no_proxy has the host', async () => {
    vi.stubEnv('ws_proxy', `http://127.0.0.1:${component.ports.open}`);
    const url = `ws://localhost:${ports.refused}/`;
    expect(await rejection(opened(url, { proxy: true }))).toMatchObject(refusedWith({ status: 403 }));
    vi.stubEnv('no_proxy', 'localhost');
    expect(await exchange(await opened(url, { proxy: true }), 'hello')).toBe('hello');
  });
});

describe('squid behind stunnel, an HTTPS proxy', () => {
  let inner: Component<'open' | 'guarded'>;
  let outer: Component<'tls13' | 'tls12'>;
  beforeAll(async () => {
    inner = await Component.start(squid(ports.refused));
    outer = await Component.start(stunnel(inner.ports.guarded));
  });
  afterAll(async () => {
    await outer?.kill();
    await inner?.kill();
  });

  function through(port: number, who = squidCredentials): string {
    return `https://${who.username}:${encodeURIComponent(who.password)}@localhost:${port}`;
  }

  const versions = ['tls13', 'tls12'] as const;

  test.each(versions.flatMap((version) => (['ws', 'wss'] as const).map((scheme) => [version, scheme] as const)))(
    'passes on, over %s, a connection of %s:',
    async (version, scheme) => {
      outer.explains();
      const url = `${scheme}://localhost:${scheme === 'ws' ? ports.plain : ports.secure}/`;
      const proxy = through(outer.ports[version]);
      const connection = await opened(url, { proxy, proxyTls: { ca: ca().cert }, ...trusting(url) });
      expect(await exchange(connection, 'größe')).toBe('größe');
      const bytes = Buffer.alloc(4 * MiB, 'bytes');
      expect(bytes.equals((await exchange(connection, bytes)) as Buffer)).toBe(true);
      expect(await connection.close(4001, 'bye')).toMatchObject({ code: 4001, reason: 'bye', wasClean: true });
    },
  );

  test('is verified as a proxy, whatever is trusted behind it', async () => {
    const url = `wss://localhost:${ports.secure}/`;
    const proxy = through(outer.ports.tls13);
    const error = await rejection(opened(url, { proxy, proxyTls: { ca: otherCa().cert }, ...trusting(url) }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error.code).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
    expect(error.message).toContain(`https://localhost:${outer.ports.tls13}`);
  });

  test('refuses in its own words, through TLS', async () => {
    const proxy = through(outer.ports.tls13, { ...squidCredentials, password: 'guessed' });
    const error = await rejection(opened(`ws://localhost:${ports.plain}/`, { proxy, proxyTls: { ca: ca().cert } }));
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ status: 407, proxy: `https://localhost:${outer.ports.tls13}` });
    expect(error.message).not.toContain('guessed');
  });
});
