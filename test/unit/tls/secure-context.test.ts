import { syncBuiltinESMExports } from 'node:module';
import tlsModule, * as tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { checkTls } from '../../../lib/tls/options.js';
import { secureContext } from '../../../lib/tls/secure-context.js';
import { ca, otherCa } from '../../support/certificates.js';

test('equal options share one context', () => {
  expect(secureContext(checkTls('tls', { ca: ca().cert }))).toBe(secureContext(checkTls('tls', { ca: ca().cert })));
  expect(secureContext(checkTls('tls'))).toBe(secureContext(checkTls('proxyTls', {})));
});

test('other options have another context', () => {
  const contexts = [
    {},
    { ca: [] },
    { ca: ca().cert },
    { ca: otherCa().cert },
    { crl: [], ca: ca().cert, allowPartialTrustChain: true },
    { ca: ca().cert, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
    { ca: ca().cert, minVersion: 'TLSv1.3' as const },
    { ca: ca().cert, secureOptions: 1 },
  ].map((options) => secureContext(checkTls('tls', options)));
  expect(new Set(contexts).size).toBe(contexts.length);
});

test('what Node’s defaults are set to counts from the next connection on', () => {
  const before = secureContext(checkTls('tls'));
  const original = tls.DEFAULT_MIN_VERSION;
  onTestFinished(() => setDefaultMinVersion(original));
  setDefaultMinVersion('TLSv1.3');
  expect(checkTls('tls').minVersion).toBe(0x0304);
  expect(secureContext(checkTls('tls'))).not.toBe(before);
});

function setDefaultMinVersion(version: tls.SecureVersion): void {
  tlsModule.DEFAULT_MIN_VERSION = version;
  syncBuiltinESMExports();
}
