import * as tls from 'node:tls';
import { expect, test } from 'vitest';
import { checkTls } from '../../../lib/tls/options.js';
import { defaultTrust, usesOpenSslStore } from '../../../lib/tls/trust.js';

const { getCACertificates } = tls as { getCACertificates?: (kind: 'default') => readonly string[] };

test('whom Node trusts is trusted: its bundled authorities, and those it was told of', () => {
  const { certificates, openSslPaths } = defaultTrust();
  const bundled = tls.rootCertificates.length;
  expect(bundled).toBeGreaterThan(100);
  if (getCACertificates) expect(certificates).toEqual(getCACertificates('default'));
  else expect(certificates.slice(0, bundled)).toEqual(tls.rootCertificates);
  expect(openSslPaths).toBe(false);
});

test('the same authorities are the same array, by which contexts are found', () => {
  expect(defaultTrust().certificates).toBe(defaultTrust().certificates);
});

test('no authority is asked for where ca is given', () => {
  expect(checkTls('tls', { ca: 'mine' }).ca).toHaveLength(1);
  expect(checkTls('tls').ca).toBeUndefined();
});

test.each<[string | undefined, string[], boolean]>([
  [undefined, [], false],
  ['--use-openssl-ca', [], true],
  ['--use-bundled-ca', [], false],
  // As Debian builds Node.
  [undefined, ['NODE_OPENSSL_CERT_STORE'], true],
  ['--use-bundled-ca', ['NODE_OPENSSL_CERT_STORE'], false],
])('with the flag %s and a Node built with %j OpenSSL’s store is used: %s', (flag, defines, expected) => {
  expect(usesOpenSslStore(flag, defines)).toBe(expected);
});
