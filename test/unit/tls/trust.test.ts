import * as tls from 'node:tls';
import { expect, test } from 'vitest';
import { checkTls } from '../../../lib/tls/options.js';
import { defaultTrust } from '../../../lib/tls/trust.js';

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
