import { expect, test } from 'vitest';
import { usesOpenSslStore } from '../../../lib/tls/trust.js';

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
