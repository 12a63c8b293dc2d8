/** What `tls` can be told besides whom to trust, as the peer sees it. */

import { constants } from 'node:crypto';
import * as tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { TlsError } from '../../lib/errors.js';
import type { TlsOptions } from '../../lib/tls/options.js';
import { checkTls } from '../../lib/tls/options.js';
import { secureContext } from '../../lib/tls/secure-context.js';
import * as certificates from '../support/certificates.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { connectSecurely, type TlsDetails, tlsPeer } from '../support/tls-peers.js';

/** Node refuses the options, too, and with the same code where it gives one. */
function expectNodesCode(error: TlsError, options: TlsOptions): void {
  try {
    tls.createSecureContext(options as tls.SecureContextOptions);
  } catch (problem) {
    const { code = error.code } = problem as NodeJS.ErrnoException;
    expect(error.code).toBe(code);
    return;
  }
  expect.unreachable('Node takes these options');
}

describe('versions', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken with a server that speaks nothing else', async (version) => {
    const peer = await tlsPeer(certificates.server(), { minVersion: version, maxVersion: version });
    const connection = await connectSecurely(peer);
    await connection.send('hello');
    expect(await connection.recv()).toBe('hello');
    expect(connection.tls).toMatchObject({ protocol: version, cipher: { version } });
    expect(await peer.security()).toMatchObject({ protocol: version });
  });

  test('a maximum is kept', async () => {
    const connection = await connectSecurely(await tlsPeer(), { maxVersion: 'TLSv1.2' });
    expect(connection.tls?.protocol).toBe('TLSv1.2');
  });

  test('a minimum that the server is below fails with the alert’s code', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion: 'TLSv1.2' });
    const error = await rejection<TlsError>(connectSecurely(peer, { minVersion: 'TLSv1.3' }));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(liveReaders()).toBe(0);
  });
});

describe('ciphers', () => {
  test('of TLS 1.3 are those given', async () => {
    const connection = await connectSecurely(await tlsPeer(), { ciphers: 'TLS_CHACHA20_POLY1305_SHA256' });
    expect(connection.tls?.cipher).toEqual({
      name: 'TLS_CHACHA20_POLY1305_SHA256',
      standardName: 'TLS_CHACHA20_POLY1305_SHA256',
      version: 'TLSv1.3',
    });
  });

  test('of TLS 1.2 are those given', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion: 'TLSv1.2' });
    const connection = await connectSecurely(peer, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
    expect(connection.tls?.cipher).toMatchObject({
      name: 'ECDHE-ECDSA-AES256-GCM-SHA384',
      standardName: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    });
  });

  test('of TLS 1.2 alone say nothing of TLS 1.3', async () => {
    const peer = await tlsPeer(certificates.server(), { minVersion: 'TLSv1.3' });
    const connection = await connectSecurely(peer, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
    expect(connection.tls?.protocol).toBe('TLSv1.3');
  });

  test('that nobody knows are refused before anything is dialled', async () => {
    const peer = await tlsPeer();
    const error = await rejection<TlsError>(connectSecurely(peer, { ciphers: 'ROT13' }));
    expect(error).toMatchObject({ code: 'ERR_SSL_NO_CIPHER_MATCH' });
    expect(await peer.connectionCount()).toBe(0);
  });
});

test.each<[string, TlsOptions, TlsDetails]>([
  ['ecdhCurve', { ecdhCurve: 'P-384' }, { ecdhCurve: 'P-521' }],
  ['sigalgs', { sigalgs: 'rsa_pss_rsae_sha256' }, {}],
])('%s that the server does not share fail the handshake', async (_name, options, details) => {
  const peer = await tlsPeer(certificates.server(), details);
  const error = await rejection<TlsError>(connectSecurely(peer, options));
  expect(error).toBeInstanceOf(TlsError);
  expect(error.code).toMatch(/^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/);
});

test.each<[string, TlsOptions, TlsDetails]>([
  ['ecdhCurve', { ecdhCurve: 'P-521:P-384' }, { ecdhCurve: 'P-384' }],
  ['sigalgs', { sigalgs: 'ecdsa_secp256r1_sha256' }, {}],
])('%s that the server shares are used', async (_name, options, details) => {
  const connection = await connectSecurely(await tlsPeer(certificates.server(), details), options);
  expect(connection.tls?.authorized).toBe(true);
});

test('secureOptions are OpenSSL’s', async () => {
  const connection = await connectSecurely(await tlsPeer(), { secureOptions: constants.SSL_OP_NO_TLSv1_3 });
  expect(connection.tls?.protocol).toBe('TLSv1.2');
});

test.each<[string, TlsOptions]>([
  ['groups', { ecdhCurve: 'no-such-curve' }],
  ['signature algorithms', { sigalgs: 'no-such-algorithm' }],
  ['ciphers', { ciphers: 'no-such-cipher' }],
  ['a revocation list', { crl: 'junk' }],
])('%s that OpenSSL refuses are refused before anything is dialled', async (_what, options) => {
  const peer = await tlsPeer();
  const error = await rejection<TlsError>(connectSecurely(peer, options));
  expect(error).toBeInstanceOf(TlsError);
  expectNodesCode(error, options);
  expect(await peer.connectionCount()).toBe(0);
});

describe('the server’s name', () => {
  test.each<[string, string, TlsOptions, string]>([
    ['is the URL’s host', 'localhost', {}, 'localhost'],
    ['has no dot at its end', 'localhost.', {}, 'localhost'],
    ['is in the form of the DNS', 'bücher.test', { rejectUnauthorized: false }, 'xn--bcher-kva.test'],
    ['is not asked for where it is an address', '127.0.0.1', {}, ''],
    ['is servername where that is given', '127.0.0.1', { servername: 'localhost' }, 'localhost'],
    ['is not asked for where servername is empty', 'localhost', { servername: '' }, ''],
  ])('%s', async (_how, host, options, expected) => {
    const peer = await tlsPeer();
    const connection = await connectSecurely(peer, options, { host });
    expect((await peer.security()).servername).toBe(expected);
    expect(connection.tls?.servername ?? '').toBe(expected);
  });

  test('that servername gives is the one that is verified', async () => {
    const peer = await tlsPeer(certificates.otherNameServer());
    expect((await connectSecurely(peer, { servername: 'other.test' })).tls?.authorized).toBe(true);
    const error = await rejection(connectSecurely(await tlsPeer(), { servername: 'other.test' }));
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'other.test' });
  });
});

describe('protocols', () => {
  test('http/1.1 is offered by default', async () => {
    const peer = await tlsPeer(certificates.server(), { ALPNProtocols: ['h2', 'http/1.1'] });
    expect((await connectSecurely(peer)).tls?.alpnProtocol).toBe('http/1.1');
    expect((await peer.security()).alpn).toBe('http/1.1');
  });

  test('others are offered where they are given', async () => {
    const peer = await tlsPeer(certificates.server(), { ALPNProtocols: ['feed/2', 'feed/1'] });
    const connection = await connectSecurely(peer, { ALPNProtocols: ['feed/1', 'feed/2'] });
    expect(connection.tls?.alpnProtocol).toBe('feed/2');
  });

  test('a server that knows none of them fails the handshake', async () => {
    const peer = await tlsPeer(certificates.server(), { ALPNProtocols: ['h2'] });
    const error = await rejection(connectSecurely(peer));
    expect(error).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
  });

  test('a server that chooses none is accepted', async () => {
    expect((await connectSecurely(await tlsPeer())).tls?.alpnProtocol).toBeUndefined();
  });
});

describe('a client’s certificate', () => {
  const details = (): TlsDetails => ({ ca: certificates.ca().cert, requestCert: true, rejectUnauthorized: true });
  const { client, encryptedKey, passphrase, pfx } = certificates;

  test.each<[string, () => TlsOptions]>([
    ['with its key', () => ({ cert: client().chain, key: client().key })],
    ['with its key in an array', () => ({ cert: [client().chain], key: [Buffer.from(client().key)] })],
    ['with an encrypted key', () => ({ cert: client().chain, key: encryptedKey(), passphrase })],
    ['with a key that has its passphrase', () => ({ cert: client().chain, key: { pem: encryptedKey(), passphrase } })],
    ['in an archive', () => ({ pfx: pfx(), passphrase })],
    ['in an archive that has its passphrase', () => ({ pfx: [{ buf: pfx(), passphrase }] })],
  ])('%s is shown to a server that asks', async (_how, options) => {
    const peer = await tlsPeer(certificates.server(), details());
    const connection = await connectSecurely(peer, options());
    await connection.send('hello');
    expect(await connection.recv()).toBe('hello');
    expect(await peer.security()).toMatchObject({ client: 'test client', clientAuthorized: true });
  });

  test('is not shown to a server that does not ask', async () => {
    const peer = await tlsPeer();
    await connectSecurely(peer, { cert: client().chain, key: client().key });
    expect((await peer.security()).client).toBe('');
  });

  test.each<[string, () => TlsOptions, string]>([
    ['that is no PEM', () => ({ cert: 'junk' }), 'ERR_OSSL_PEM_NO_START_LINE'],
    ['whose key is no PEM', () => ({ cert: client().chain, key: 'junk' }), 'ERR_OSSL_UNSUPPORTED'],
    [
      'whose key is another’s',
      () => ({ cert: client().chain, key: certificates.server().key }),
      'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
    ],
    [
      'whose key has another passphrase',
      () => ({ cert: client().chain, key: encryptedKey(), passphrase: 'wrong' }),
      'ERR_OSSL_BAD_DECRYPT',
    ],
    [
      'whose archive has another passphrase',
      () => ({ pfx: pfx(), passphrase: 'wrong' }),
      'ERR_OSSL_PKCS12_MAC_VERIFY_FAILURE',
    ],
  ])('%s is refused before anything is dialled', async (_what, options, code) => {
    const peer = await tlsPeer();
    const error = await rejection<TlsError>(connectSecurely(peer, options()));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe(code);
    expectNodesCode(error, options());
    expect(await peer.connectionCount()).toBe(0);
    expect(liveReaders()).toBe(0);
  });

  test('an encrypted key without a passphrase is refused, and nobody is asked for one', async () => {
    const options = { cert: client().chain, key: encryptedKey() };
    const error = await rejection<TlsError>(connectSecurely(await tlsPeer(), options));
    expect(error).toBeInstanceOf(TlsError);
  });
});

describe('contexts', () => {
  const settings = (options?: TlsOptions) => checkTls('tls', options);

  test('are shared by equal settings', () => {
    const options = () => ({
      ca: certificates.ca().cert,
      cert: certificates.client().chain,
      key: certificates.client().key,
    });
    expect(secureContext(settings(options()))).toBe(secureContext(settings(options())));
    expect(secureContext(settings())).toBe(secureContext(settings({})));
  });

  test('do not depend on what is said to one server only', () => {
    const context = secureContext(settings());
    expect(secureContext(settings({ servername: 'a.test', rejectUnauthorized: false }))).toBe(context);
    expect(secureContext(settings({ ALPNProtocols: [] }))).toBe(context);
  });

  test.each<[string, TlsOptions]>([
    ['authorities', { ca: certificates.ca().cert }],
    ['no authority', { ca: [] }],
    ['a certificate', { cert: certificates.client().chain }],
    ['ciphers', { ciphers: 'TLS_AES_128_GCM_SHA256' }],
    ['versions', { minVersion: 'TLSv1.3' }],
    ['groups', { ecdhCurve: 'P-256' }],
    ['options of OpenSSL', { secureOptions: 4 }],
    ['partial chains', { allowPartialTrustChain: true }],
  ])('are others with other settings: %s', (_what, options) => {
    expect(secureContext(settings(options))).not.toBe(secureContext(settings()));
  });
});

test('tls with a ws: URL is a mistake', async () => {
  const error = await rejection<TypeError>(connect('ws://localhost/', { tls: {} }));
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toBe("tls is given and url has scheme 'ws:'; expected 'wss:', or no tls");
});
