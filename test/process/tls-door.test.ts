/** What the native door does with things of TLS that are not what it expects: an error, never a crash. */

import { expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

const prelude = `
  import { createRequire } from 'node:module';
  import 'hawser';
  const addon = createRequire(process.cwd() + '/')(process.env.HAWSER_ADDON);
  const none = { ca: [], crl: [], cert: [], key: [], pfx: [], ciphers: '', cipherSuites: '', ecdhCurve: '', sigalgs: '',
    minVersion: 0, maxVersion: 0, secureOptions: 0, defaultPaths: false, partialChains: false };
  const report = (call) => { try { call(); } catch (error) { console.log(error.name, error.message); } };
`;

test('a context without a usable OpenSSL says which is missing', async () => {
  const result = await runScript(`${prelude}
    addon.hideOpenSsl();
    report(() => new addon.SecureContext(none));
  `);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toBe('Error the runtime exports no OPENSSL_version_major\n');
});

test('what is no context is refused, though it is another object of the addon’s', async () => {
  const result = await runScript(`${prelude}
    const session = new addon.Session({ targets: [{ path: '/nowhere' }], attemptDelay: 0, localPort: 0, noDelay: true,
      keepAlive: false, keepAliveInitialDelay: 0, openTimeout: 0, closeTimeout: 0, pingInterval: 0, pingTimeout: 0,
      maxMessageSize: 1, maxFragmentSize: 1, maxFragments: 1, highMessages: 1, lowMessages: 0, highBytes: 1,
      lowBytes: 0, writeLow: 0, observation: 0 });
    const config = { servername: '', identity: '', alpn: new Uint8Array(), sessionKey: '', session: undefined,
      keylog: false };
    for (const context of [session, {}, undefined]) report(() => session.secure(context, config));
    session.secure(new addon.SecureContext(none), config);
    session.unref();
  `);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toBe('TypeError expected a SecureContext\n'.repeat(3));
});

test('a runtime whose own OpenSSL is another has none, whatever else the process has loaded', async () => {
  const result = await runScript(`${prelude}
    Object.defineProperty(process, 'versions', { value: { ...process.versions, openssl: '0.0.0' } });
    report(() => new addon.SecureContext(none));
  `);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toBe("Error the runtime has OpenSSL '0.0.0'; expected 3\n");
});
