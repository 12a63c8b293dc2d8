import { expect, test } from 'vitest';
import { CertificateError, TlsError } from '../../lib/errors.js';
import { certificateMismatch, certificateRefused, tlsFailure, tlsOptionsFailure } from '../../lib/failures.js';

test.each([
  ['error:0A000418:SSL routines::tlsv1 alert unknown ca', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
  ['error:0A00010B:SSL routines::wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ['error:0A000410:SSL routines::ssl/tls alert handshake failure', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
  ['error:1C800066:Provider routines::cipher operation failed', 'ERR_SSL_CIPHER_OPERATION_FAILED'],
])('of a connection, OpenSSL’s %j has Node’s code %s', (words, code) => {
  const error = tlsFailure(words);
  expect(error).toBeInstanceOf(TlsError);
  expect(error.code).toBe(code);
  expect(error.message).toContain(words);
});

test.each([
  ['error:0A0000B9:SSL routines::no cipher match', 'ERR_SSL_NO_CIPHER_MATCH'],
  ['error:0480006C:PEM routines::no start line', 'ERR_OSSL_PEM_NO_START_LINE'],
  ['error:05800074:x509 certificate routines::key values mismatch', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'],
  ['error:1C800064:Provider routines::bad decrypt', 'ERR_OSSL_BAD_DECRYPT'],
  ['error:11800071:PKCS12 routines::mac verify failure', 'ERR_OSSL_PKCS12_MAC_VERIFY_FAILURE'],
])('of options, OpenSSL’s %j has Node’s code %s', (words, code) => {
  const error = tlsOptionsFailure(words);
  expect(error).toBeInstanceOf(TlsError);
  expect(error.code).toBe(code);
  expect(error.message).toContain(words);
});

test('OpenSSL’s words come in parts as well', () => {
  const error = tlsFailure('error:0A000418:SSL routines::tlsv1 alert unknown ca');
  expect(error).toMatchObject({ library: 'SSL routines', reason: 'tlsv1 alert unknown ca' });
});

test('words that are not OpenSSL’s are a TlsError, too', () => {
  const message = 'out of luck';
  expect(tlsFailure(message)).toMatchObject({ message, code: 'ERR_SSL_FAILURE' });
  expect(tlsOptionsFailure(message)).toMatchObject({ message, code: 'ERR_CRYPTO_OPERATION_FAILED' });
});

test('a server that answers TLS with something else may not speak it', () => {
  expect(tlsFailure('error:0A00010B:SSL routines::wrong version number').message).toContain(
    'the server may not speak TLS here',
  );
});

test('a refused certificate has OpenSSL’s verdict and Node’s code', () => {
  const error = certificateRefused('CERT_HAS_EXPIRED', 'certificate has expired');
  expect(error).toBeInstanceOf(CertificateError);
  expect(error).toMatchObject({
    code: 'CERT_HAS_EXPIRED',
    message: 'server certificate is refused: certificate has expired',
  });
});

test('an error of a check of one’s own stays as it is', () => {
  const own = new Error('pinned to another key');
  expect(certificateMismatch(own)).toBe(own);
});
