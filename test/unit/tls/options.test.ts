import { Buffer } from 'node:buffer';
import * as tls from 'node:tls';
import { expect, test } from 'vitest';
import { checkTls, type TlsOptions } from '../../../lib/tls/options.js';

function check(options: unknown) {
  return checkTls('tls', options);
}

function invalid(message: string): object {
  return expect.objectContaining({ code: 'HAWSER_INVALID_ARGUMENT', message });
}

test('the defaults are Node’s', () => {
  const { ciphers, cipherSuites, ...others } = check(undefined);
  expect([cipherSuites, ciphers].join(':')).toBe(tls.DEFAULT_CIPHERS);
  expect(others).toEqual({
    ca: undefined,
    cert: [],
    key: [],
    pfx: [],
    crl: [],
    ecdhCurve: tls.DEFAULT_ECDH_CURVE,
    sigalgs: '',
    minVersion: 0x0303,
    maxVersion: 0x0304,
    secureOptions: 0,
    allowPartialTrustChain: false,
    servername: undefined,
    rejectUnauthorized: undefined,
    checkServerIdentity: undefined,
    alpn: Buffer.from('\x08http/1.1'),
    session: undefined,
  });
});

test('PEM may be a string, a Buffer or several of them', () => {
  const bytes = Buffer.from('two');
  expect(check({ ca: 'one' }).ca).toEqual([Buffer.from('one')]);
  expect(check({ ca: ['one', bytes] }).ca).toEqual([Buffer.from('one'), bytes]);
  expect(check({ cert: bytes, crl: ['three'] })).toMatchObject({ cert: [bytes], crl: [Buffer.from('three')] });
});

test('what is falsy is not given, as in Node', () => {
  expect(check({ ca: '', cert: undefined, key: '' })).toMatchObject({ ca: undefined, cert: [], key: [] });
});

test('an empty array of authorities trusts none', () => {
  expect(check({ ca: [] }).ca).toEqual([]);
});

test('a key has a passphrase of its own, or the shared one', () => {
  const key = ['one', { pem: 'two', passphrase: 'own' }, { pem: Buffer.from('three') }];
  expect(check({ key, passphrase: 'shared' }).key).toEqual([
    { pem: Buffer.from('one'), passphrase: 'shared' },
    { pem: Buffer.from('two'), passphrase: 'own' },
    { pem: Buffer.from('three'), passphrase: 'shared' },
  ]);
});

test('an archive has a passphrase of its own, or the shared one', () => {
  const one = Buffer.from('one');
  expect(check({ pfx: [one, { buf: one, passphrase: 'own' }], passphrase: 'shared' }).pfx).toEqual([
    { der: one, passphrase: 'shared' },
    { der: one, passphrase: 'own' },
  ]);
});

test('ciphers of TLS 1.3 are told by their names', () => {
  const settings = check({ ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:!MD5' });
  expect(settings).toMatchObject({
    cipherSuites: 'TLS_AES_128_GCM_SHA256',
    ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:!MD5',
  });
});

test('ciphers of TLS 1.3 alone leave no other version, as in Node', () => {
  expect(check({ ciphers: 'TLS_AES_128_GCM_SHA256' })).toMatchObject({ minVersion: 0x0304, maxVersion: 0x0304 });
});

test('ciphers of TLS 1.2 alone leave TLS 1.3 as it is, as in Node', () => {
  const settings = check({ ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
  expect(settings).toMatchObject({ cipherSuites: '', minVersion: 0x0303, maxVersion: 0x0304 });
});

test('protocols are offered behind their lengths', () => {
  expect(check({ ALPNProtocols: ['h2', Buffer.from('http/1.1')] }).alpn).toEqual(Buffer.from('\x02h2\x08http/1.1'));
  expect(check({ ALPNProtocols: Buffer.from('\x02h2') }).alpn).toEqual(Buffer.from('\x02h2'));
  expect(check({ ALPNProtocols: [] }).alpn).toEqual(Buffer.alloc(0));
});

test.each([
  ['bücher.example', 'xn--bcher-kva.example'],
  ['Feed.Example.', 'feed.example'],
  ['under_score.example', 'under_score.example'],
  ['', ''],
])('the server name %j is asked for as %j', (servername, expected) => {
  expect(check({ servername }).servername).toBe(expected);
});

test.each<[TlsOptions, string]>([
  [{ ca: 1 as never }, 'tls.ca is of type number; expected PEM as a string or a Buffer, or an array of these'],
  [
    { key: [{ passphrase: 'secret' } as never] },
    'tls.key is of type object; expected PEM as a string or a Buffer, { pem, passphrase }, or an array of these',
  ],
  [{ pfx: 'x' as never }, 'tls.pfx is of type string; expected a Buffer, { buf, passphrase }, or an array'],
  [{ passphrase: Buffer.from('secret') as never }, 'tls.passphrase is of type object; expected a string'],
  [
    { key: { pem: 'one', passphrase: ['secret'] as never } },
    "tls.key's passphrase is of type array; expected a string",
  ],
  [{ minVersion: 'SSLv3' as never }, "tls.minVersion is 'SSLv3'; expected one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"],
  [{ servername: '::1' }, "tls.servername is '::1'; expected a host name: an IP address is none (RFC 6066 section 3)"],
  [{ servername: 'a b' }, "tls.servername is 'a b'; expected a host name"],
  [{ rejectUnauthorized: 0 as never }, 'tls.rejectUnauthorized is 0; expected true or false'],
  [{ checkServerIdentity: true as never }, 'tls.checkServerIdentity is true; expected a function'],
  [{ ALPNProtocols: 'h2' as never }, "tls.ALPNProtocols is 'h2'; expected an array of names, or a Buffer"],
  [{ session: 'x' as never }, 'tls.session is of type string; expected a Buffer'],
  [{ cer: 'x' } as never, 'unknown option tls.cer; did you mean tls.cert?'],
  [
    { secureProtocol: 'TLSv1_method' } as never,
    'unknown option tls.secureProtocol; expected minVersion and maxVersion',
  ],
  [5 as never, 'tls is 5; expected an object'],
])('a wrong option is a TypeError that says what is expected: %o', (options, message) => {
  expect(() => check(options)).toThrow(TypeError);
  expect(() => check(options)).toThrow(invalid(message));
});

test.each<[TlsOptions, string]>([
  [{ ciphers: ':' }, 'tls.ciphers has none; expected one at least'],
  [
    { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' },
    'tls.minVersion is above tls.maxVersion, or above what tls.ciphers allows',
  ],
  [{ ALPNProtocols: [''] }, 'an entry of tls.ALPNProtocols has 0 bytes; expected 1 to 255'],
  [
    { ALPNProtocols: Buffer.from('\x05h2') },
    'tls.ALPNProtocols is no list of names, each behind its length in a byte (RFC 7301 section 3.1)',
  ],
])('what can’t be is a RangeError: %o', (options, message) => {
  expect(() => check(options)).toThrow(RangeError);
  expect(() => check(options)).toThrow(invalid(message));
});

test('no key is shown in a message', () => {
  expect(() => check({ key: [['-----BEGIN PRIVATE KEY-----']] })).toThrow(expect.not.stringContaining('PRIVATE'));
});
