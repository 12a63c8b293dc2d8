/** That the tests' certificates are what their names say, in the eyes of Node's own TLS. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as certificates from '../support/certificates.js';

/** Node's verdict on a server: 'trusted', or a code. */
async function verdict(
  { chain, key }: { chain: string; key: string },
  { server = {}, ...options }: tls.ConnectionOptions & { server?: tls.TlsOptions } = {},
): Promise<string> {
  const listener = tls.createServer({ cert: chain, key, ...server }, (socket) => socket.end('hello'));
  listener.on('tlsClientError', () => {});
  onTestFinished(() => void listener.close());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const client = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: certificates.ca().cert,
    ...options,
  });
  return new Promise((resolve) => {
    client.once('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
    client.once('close', () => resolve('closed'));
    client.once('data', () => {
      resolve('trusted');
      client.destroy();
    });
  });
}

test.each([
  ['a server by an intermediate', 'trusted', certificates.server],
  ['a server by the root', 'trusted', certificates.directServer],
  ['a server with an RSA key', 'trusted', certificates.rsaServer],
  ['a server with a P-384 key', 'trusted', certificates.p384Server],
  ['a server with an Ed25519 key', 'trusted', certificates.ed25519Server],
  ['one without alternative names', 'trusted', certificates.commonNameServer],
  ['a revoked one, where no list is looked at,', 'trusted', certificates.revokedServer],
  ['a server of another name', 'ERR_TLS_CERT_ALTNAME_INVALID', certificates.otherNameServer],
  ['a server of a wildcard', 'ERR_TLS_CERT_ALTNAME_INVALID', certificates.wildcardServer],
  ['an expired one', 'CERT_HAS_EXPIRED', certificates.expiredServer],
  ['one of the future', 'CERT_NOT_YET_VALID', certificates.futureServer],
  ['one that signs itself', 'DEPTH_ZERO_SELF_SIGNED_CERT', certificates.selfSignedServer],
  ['one by a root that nobody knows', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', certificates.strangeServer],
  ['one for clients', 'INVALID_PURPOSE', certificates.misusedServer],
] as const)('%s is %s', async (_what, expected, server) => {
  expect(await verdict(server())).toBe(expected);
});

test('a server is trusted by its addresses', async () => {
  for (const servername of ['127.0.0.1', '::1']) {
    const { cert } = certificates.server();
    expect(new X509Certificate(cert).checkIP(servername)).toBe(servername);
  }
});

test.each([
  ['a wildcard', certificates.wildcardServer, 'any.hawser.test'],
  ['an IDN', certificates.idnServer, 'xn--bcher-kva.test'],
] as const)('%s is trusted as a host of its', async (_what, server, servername) => {
  expect(await verdict(server(), { servername })).toBe('trusted');
});

test('a weak key is refused by security level 2', async () => {
  const server = { ciphers: 'DEFAULT@SECLEVEL=0' };
  const weak = certificates.weakServer();
  expect(await verdict(weak, { server, ciphers: 'DEFAULT@SECLEVEL=1' })).toBe('trusted');
  expect(await verdict(weak, { server, ciphers: 'DEFAULT@SECLEVEL=2' })).toMatch(/^(EE_KEY_TOO_SMALL|UNSPECIFIED)$/);
});

test('the revocation lists name the revoked server and no other', async () => {
  const crl = [certificates.crl(), certificates.rootCrl()];
  expect(await verdict(certificates.revokedServer(), { crl })).toBe('CERT_REVOKED');
  expect(await verdict(certificates.server(), { crl })).toBe('trusted');
});

describe('a server that asks for certificates', () => {
  const server = { requestCert: true, rejectUnauthorized: true, ca: certificates.ca().cert };

  test.each<[string, () => tls.ConnectionOptions]>([
    ['in PEM', () => ({ cert: certificates.client().chain, key: certificates.client().key })],
    [
      'with an encrypted key',
      () => ({
        cert: certificates.client().chain,
        key: certificates.encryptedKey(),
        passphrase: certificates.passphrase,
      }),
    ],
    ['in PKCS #12', () => ({ pfx: certificates.pfx(), passphrase: certificates.passphrase })],
  ])('takes the client %s', async (_what, options) => {
    expect(await verdict(certificates.server(), { server, ...options() })).toBe('trusted');
  });

  test('refuses one that nobody knows, and none', async () => {
    const { chain: cert, key } = certificates.strangeClient();
    expect(await verdict(certificates.server(), { server, cert, key })).not.toBe('trusted');
    expect(await verdict(certificates.server(), { server })).not.toBe('trusted');
  });
});

test('an encrypted key and a PFX open with their passphrase only', () => {
  const { client, encryptedKey, passphrase, pfx } = certificates;
  const open = (word: string) => [
    () => tls.createSecureContext({ cert: client().cert, key: encryptedKey(), passphrase: word }),
    () => tls.createSecureContext({ pfx: pfx(), passphrase: word }),
  ];
  for (const attempt of open(passphrase)) expect(attempt).not.toThrow();
  for (const attempt of open('wrong')) expect(attempt).toThrow(/bad decrypt|mac verify failure|unsupported/i);
});
