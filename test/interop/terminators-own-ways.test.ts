/** Terminators of TLS that choose by name, offer protocols or ask for certificates, each in its own way. */

import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateError, InvalidStatus, TlsError } from '../../lib/errors.js';
import type { TlsOptions } from '../../lib/tls/options.js';
import * as certificates from '../support/certificates.js';
import { rejection } from '../support/opened.js';
import { caddy } from './components/caddy.js';
import { haproxy } from './components/haproxy.js';
import { nginx } from './components/nginx.js';
import { Backend } from './support/backend.js';
import { Component } from './support/component.js';
import { exchange, opened } from './support/connected.js';

const { client, encryptedKey, passphrase, pfx, strangeClient } = certificates;

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.listen();
});
afterAll(() => backend?.stop());

function trusting(settings: TlsOptions = {}): TlsOptions {
  return { ca: certificates.ca().cert, ...settings };
}

/** Resolves any host to where the components listen. */
const lookup: LookupFunction = (_hostname, { all }, done) => {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

/** The ways in which a client can show who it is. */
const identities: readonly [string, () => TlsOptions][] = [
  ['a certificate', () => ({ cert: client().chain, key: client().key })],
  ['an encrypted key', () => ({ cert: client().chain, key: encryptedKey(), passphrase })],
  ['an archive', () => ({ pfx: pfx(), passphrase })],
];

describe('haproxy', () => {
  let component: Component<'tls' | 'mutual'>;
  beforeAll(async () => {
    component = await Component.start(haproxy(backend.port));
  });
  afterAll(() => component?.kill());

  test('is offered http/1.1 and takes it', async () => {
    const connection = await opened(`wss://localhost:${component.ports.tls}/`, { tls: trusting() });
    expect(connection.tls?.alpnProtocol).toBe('http/1.1');
    expect(backend.lastRequest.headers).toMatchObject({ 'x-alpn': 'http/1.1', 'x-sni': 'localhost' });
  });

  test('takes none of the protocols that it does not know', async () => {
    const tls = trusting({ ALPNProtocols: ['unheard-of'] });
    const connection = await opened(`wss://localhost:${component.ports.tls}/`, { tls });
    expect(connection.tls?.alpnProtocol).toBeUndefined();
    expect(backend.lastRequest.headers['x-alpn']).toBe('');
  });

  test('shows the certificate of the name that it is asked for', async () => {
    const url = `wss://any.hawser.test:${component.ports.tls}/`;
    const connection = await opened(url, { tls: trusting(), lookup });
    expect(connection.tls?.servername).toBe('any.hawser.test');
    expect(connection.tls?.peerCertificate?.subjectAltName).toBe('DNS:*.hawser.test');
    expect(backend.lastRequest.headers).toMatchObject({ 'x-sni': 'any.hawser.test', host: url.slice(6, -1) });
  });

  test('shows its first certificate where it is asked for another name, which is refused', async () => {
    const tls = trusting({ servername: 'other.test' });
    const error = await rejection(opened(`wss://localhost:${component.ports.tls}/`, { tls }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'other.test' });
  });

  test('is asked for no name by its address, which its certificate is for', async () => {
    const connection = await opened(`wss://127.0.0.1:${component.ports.tls}/`, { tls: trusting() });
    expect(connection.tls?.servername).toBeUndefined();
    expect(backend.lastRequest.headers['x-sni']).toBe('');
  });

  test.each(identities)('knows a client by %s', async (_what, identity) => {
    const connection = await opened(`wss://localhost:${component.ports.mutual}/`, { tls: trusting(identity()) });
    expect(backend.lastRequest.headers['x-client-name']).toBe('test client');
    expect(await exchange(connection, 'hello')).toBe('hello');
  });

  test('refuses who shows nothing with an alert', async () => {
    const error = await rejection(opened(`wss://localhost:${component.ports.mutual}/`, { tls: trusting() }));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  });

  test('refuses who shows what it does not know with an alert', async () => {
    const tls = trusting({ cert: strangeClient().chain, key: strangeClient().key });
    const error = await rejection(opened(`wss://localhost:${component.ports.mutual}/`, { tls }));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
  });
});

describe('nginx', () => {
  let component: Component<'plain' | 'tls' | 'mutual'>;
  beforeAll(async () => {
    component = await Component.start(nginx(backend.port));
  });
  afterAll(() => component?.kill());

  test.each(identities)('knows a client by %s', async (_what, identity) => {
    const connection = await opened(`wss://localhost:${component.ports.mutual}/`, { tls: trusting(identity()) });
    expect(backend.lastRequest.headers['x-client-name']).toBe('CN=test client');
    expect(await exchange(connection, 'hello')).toBe('hello');
  });

  test.each<[string, () => TlsOptions, RegExp]>([
    ['nothing', () => ({}), /No required SSL certificate was sent/],
    [
      'what it does not know',
      () => ({ cert: strangeClient().chain, key: strangeClient().key }),
      /The SSL certificate error/,
    ],
  ])('answers who shows %s with 400, behind the handshake', async (_what, identity, words) => {
    const opening = opened(`wss://localhost:${component.ports.mutual}/`, { tls: trusting(identity()) });
    const error = await rejection<InvalidStatus>(opening);
    expect(error).toBeInstanceOf(InvalidStatus);
    expect(error.response.status).toBe(400);
    expect(error.text).toMatch(words);
  });

  test('answers who speaks no TLS to its TLS with 400', async () => {
    const error = await rejection<InvalidStatus>(opened(`ws://localhost:${component.ports.tls}/`));
    expect(error).toBeInstanceOf(InvalidStatus);
    expect(error.response.status).toBe(400);
    expect(error.text).toMatch(/plain HTTP request was sent to HTTPS port/);
  });

  test('answers TLS where it speaks none with what is no TLS', async () => {
    const error = await rejection(opened(`wss://localhost:${component.ports.plain}/`, { tls: trusting() }));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toMatch(/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/);
  });
});

describe('caddy', () => {
  let component: Component<'tls'>;
  beforeAll(async () => {
    component = await Component.start(caddy(backend.port));
  });
  afterAll(() => component?.kill());

  test('is asked for an internationalised name in its ASCII form, and verified for it', async () => {
    const connection = await opened(`wss://bücher.test:${component.ports.tls}/`, { tls: trusting(), lookup });
    expect(connection.tls).toMatchObject({ servername: 'xn--bcher-kva.test', authorized: true });
    expect(backend.lastRequest.headers).toMatchObject({ 'x-sni': 'xn--bcher-kva.test' });
  });

  test('refuses names that it does not know with an alert', async () => {
    const tls = trusting({ servername: 'unknown.test' });
    const error = await rejection(opened(`wss://localhost:${component.ports.tls}/`, { tls }));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR');
  });
});
