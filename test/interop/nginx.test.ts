/** What nginx says to an opening handshake besides yes: redirects, and refusals with their explanation. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { CertificateError, InvalidStatus, SecurityError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { ca } from '../support/certificates.js';
import { rejection } from '../support/opened.js';
import { credentials, nginx } from './components/nginx.js';
import { Backend } from './support/backend.js';
import { Component } from './support/component.js';
import { exchange, opened } from './support/connected.js';

let backend: Backend;
let component: Component<'plain' | 'tls' | 'mutual'>;
beforeAll(async () => {
  backend = await Backend.listen();
  component = await Component.start(nginx(backend.port));
});
afterAll(async () => {
  await component?.kill();
  backend?.stop();
});

describe.each(['ws', 'wss'] as const)('over %s:', (scheme) => {
  const trusting: ConnectOptions = scheme === 'wss' ? { tls: { ca: ca().cert } } : {};

  function url(path: string): string {
    return `${scheme}://localhost:${component.ports[scheme === 'ws' ? 'plain' : 'tls']}${path}`;
  }

  function open(path: string, options: ConnectOptions = {}): Promise<Connection> {
    component.explains();
    return opened(url(path), { ...trusting, ...options });
  }

  function refusal(path: string, options?: ConnectOptions): Promise<InvalidStatus> {
    return rejection<InvalidStatus>(open(path, options));
  }

  test.each([
    ['/moved', '/'],
    ['/found', '/elsewhere?by=302'],
    ['/relative', '/elsewhere/'],
    ['/temporary', '/'],
    ['/permanent', '/'],
  ])('%s leads to %s', async (path, expected) => {
    const connection = await open(path);
    expect(connection.url).toBe(url(expected));
    expect(backend.lastRequest.url).toBe(expected);
    expect(await exchange(connection, 'hello')).toBe('hello');
  });

  test('a redirect keeps what is said to its origin', async () => {
    await open('/moved', { headers: { Cookie: 'a=b' }, auth: { username: 'pilot', password: 'secret' } });
    expect(backend.lastRequest.headers).toMatchObject({
      cookie: 'a=b',
      authorization: expect.stringMatching(/^Basic /),
    });
  });

  test('a redirect is a refusal where none is to be followed', async () => {
    const error = await refusal('/moved', { maxRedirects: 0 });
    expect(error).toBeInstanceOf(InvalidStatus);
    expect(error.response.status).toBe(301);
  });

  test('redirects without end are given up', async () => {
    const error = await refusal('/loop', { maxRedirects: 5 });
    expect(error.message).toMatch(/redirect/);
  });

  test('credentials are asked for, and let in', async () => {
    const connection = await open('/guarded', { auth: credentials });
    expect(backend.lastRequest.url).toBe('/guarded');
    expect(await exchange(connection, 'hello')).toBe('hello');
    const { username, password } = credentials;
    const inUrl = url('/guarded').replace('//', `//${username}:${encodeURIComponent(password)}@`);
    const second = await opened(inUrl, trusting);
    expect(second.url).not.toContain(username);
    expect(await exchange(second, 'hello')).toBe('hello');
  });

  test.each([
    ['none', {}],
    ['wrong ones', { auth: { username: 'pilot', password: 'secret' } }],
  ])('credentials are asked for, and %s are refused', async (_what, options) => {
    const error = await refusal('/guarded', options);
    expect(error).toBeInstanceOf(InvalidStatus);
    expect(error.response.status).toBe(401);
    expect(error.response.headers.get('WWW-Authenticate')).toBe('Basic realm="the bridge"');
    expect(error.text).toMatch(/401 Authorization Required/);
    expect(error.message).not.toContain('secret');
  });

  test.each([
    ['/forbidden', 403, /^not you\n$/],
    ['/missing', 404, /404 Not Found/],
    ['/upgrade-needed', 426, /^$/],
    ['/too-many', 429, /^too many of you\n$/],
    ['/busy', 503, /^try again in a while\n$/],
    ['/page', 200, /^no WebSocket here\n$/],
  ])('%s is refused with %i and what the server says to it', async (path, status, words) => {
    const error = await refusal(path);
    expect(error).toBeInstanceOf(InvalidStatus);
    expect(error.response.status).toBe(status);
    expect(error.text).toMatch(words);
  });

  test('what the server says is decompressed', async () => {
    const error = await refusal('/zipped', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(error.response.headers.get('Content-Encoding')).toBe('gzip');
    expect(error.text).toMatch(/^(zipped ?){40}$/);
  });

  test('when to come again is told in milliseconds, be it a delay or a date', async () => {
    expect(await refusal('/busy')).toMatchObject({ retryAfter: 7_000 });
    const { retryAfter } = await refusal('/too-many');
    expect(retryAfter).toBeGreaterThan(7 * 86_400_000);
  });

  test('a server that is gone is a 502', async () => {
    const gone = await Backend.listen();
    gone.stop();
    const own = await Component.start(nginx(gone.port));
    try {
      const port = own.ports[scheme === 'ws' ? 'plain' : 'tls'];
      const error = await rejection<InvalidStatus>(opened(`${scheme}://localhost:${port}/`, trusting));
      expect(error.response.status).toBe(502);
    } finally {
      await own.kill();
    }
  });
});

describe('across origins', () => {
  const secrets = { headers: { Cookie: 'a=b', 'X-Token': 'secret' }, auth: { username: 'pilot', password: 'secret' } };

  test.each(['/to-tls', '/to-tls-by-wss'])(
    '%s leads from ws: to wss:, whose authority Node would have to trust',
    async (path) => {
      const error = await rejection<CertificateError>(opened(`ws://localhost:${component.ports.plain}${path}`));
      expect(error).toBeInstanceOf(CertificateError);
      expect(error).toMatchObject({ url: `wss://localhost:${component.ports.tls}/` });
    },
  );

  test('none leads from wss: to ws:', async () => {
    const url = `wss://localhost:${component.ports.tls}/to-plain`;
    const error = await rejection(opened(url, { tls: { ca: ca().cert } }));
    expect(error).toBeInstanceOf(SecurityError);
  });

  test('secrets stay behind', async () => {
    const url = `wss://localhost:${component.ports.tls}/other-host`;
    const connection = await opened(url, { tls: { ca: ca().cert }, userAgent: 'tests', ...secrets });
    expect(connection.url).toBe(`wss://127.0.0.1:${component.ports.tls}/elsewhere`);
    const { headers } = backend.lastRequest;
    expect(headers).toMatchObject({ 'user-agent': 'tests', host: `127.0.0.1:${component.ports.tls}` });
    expect(JSON.stringify(headers)).not.toMatch(/a=b|secret|authorization/i);
  });
});
