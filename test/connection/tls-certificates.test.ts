/** Whom hawser takes for the server it was asked to connect to, and what it says of all others. */

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { CertificateError } from '../../lib/errors.js';
import type { TlsOptions } from '../../lib/tls/options.js';
import * as certificates from '../support/certificates.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { accept, answerClose, ScriptedPeer } from '../support/scripted-peer.js';
import { connectSecurely, tlsPeer } from '../support/tls-peers.js';

type Make = () => certificates.Certificate;

async function refused(certificate: Make, options?: TlsOptions, host?: string): Promise<CertificateError> {
  const peer = await tlsPeer(certificate());
  const error = await rejection<CertificateError>(connectSecurely(peer, options, host === undefined ? {} : { host }));
  expect(error).toBeInstanceOf(CertificateError);
  expect(liveReaders()).toBe(0);
  return error;
}

/** What Node itself says of a server; undefined where it connects. */
function nodesCode({ port }: ScriptedPeer, options: tls.ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
    const settle = (code?: string) => {
      socket.destroy();
      resolve(code);
    };
    socket.on('error', ({ code }: NodeJS.ErrnoException) => settle(code)).on('secureConnect', () => settle());
  });
}

describe('a server is who it should be', () => {
  test.each<[string, Make, string]>([
    ['by its name', certificates.server, 'localhost'],
    ['by its name in capitals', certificates.server, 'LOCALHOST'],
    ['by its name with a dot at the end', certificates.server, 'localhost.'],
    ['by its IP address', certificates.server, '127.0.0.1'],
    ['by a wildcard', certificates.wildcardServer, 'feed.hawser.test'],
    ['by an international name', certificates.idnServer, 'bücher.test'],
    ['by its common name, where it has no other', certificates.commonNameServer, 'localhost'],
    ['with an RSA key', certificates.rsaServer, 'localhost'],
    ['with a P-384 key', certificates.p384Server, 'localhost'],
    ['with an Ed25519 key', certificates.ed25519Server, 'localhost'],
  ])('%s', async (_how, certificate, host) => {
    const peer = await tlsPeer(certificate());
    const connection = await connectSecurely(peer, {}, { host });
    expect(connection.tls).toMatchObject({ authorized: true, authorizationError: undefined });
    await connection.send('hello');
    expect(await connection.recv()).toBe('hello');
  });

  test('by its IPv6 address', async () => {
    const { cert, key, chain } = certificates.server();
    await using peer = await ScriptedPeer.listen([accept(), answerClose()], { host: '::1', tls: { cert: chain, key } });
    await using connection = await connect(peer.url, { tls: { ca: certificates.ca().cert } });
    expect(connection.tls?.peerCertificate?.fingerprint256).toBe(new X509Certificate(cert).fingerprint256);
  });
});

describe('a server is refused with Node’s code', () => {
  test.each<[string, Make, string, string]>([
    ['for another name', certificates.otherNameServer, 'localhost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['for another IP address', certificates.otherNameServer, '127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'for a name two levels below its wildcard',
      certificates.wildcardServer,
      'a.b.hawser.test',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    ['for the name above its wildcard', certificates.wildcardServer, 'hawser.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', certificates.expiredServer, 'localhost', 'CERT_HAS_EXPIRED'],
    ['that is not valid yet', certificates.futureServer, 'localhost', 'CERT_NOT_YET_VALID'],
    ['that it has signed itself', certificates.selfSignedServer, 'localhost', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['whose issuer nobody knows', certificates.strangeServer, 'localhost', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['whose certificate is for clients', certificates.misusedServer, 'localhost', 'INVALID_PURPOSE'],
  ])('one %s', async (_what, certificate, host, code) => {
    expect(await refused(certificate, {}, host)).toMatchObject({ code });
  });

  test('one whose chain ends at a root that is not trusted, which it sends', async () => {
    const { chain, key } = certificates.server();
    const peer = await tlsPeer({ ...certificates.server(), chain: chain + certificates.ca().cert, key });
    const error = await rejection(connectSecurely(peer, { ca: certificates.otherCa().cert }));
    expect(error).toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });

  test('one that was revoked', async () => {
    const crl = [certificates.crl(), certificates.rootCrl()];
    expect(await refused(certificates.revokedServer, { crl })).toMatchObject({ code: 'CERT_REVOKED' });
  });

  test('one that a list of revocations does not name is accepted', async () => {
    const crl = [certificates.crl(), certificates.rootCrl()];
    const connection = await connectSecurely(await tlsPeer(), { crl });
    expect(connection.tls?.authorized).toBe(true);
  });

  test('one of whose authorities there is no list of revocations', async () => {
    const peer = await tlsPeer();
    const ca = certificates.ca().cert;
    const node = await nodesCode(peer, { ca, crl: certificates.crl() });
    const error = await rejection(connectSecurely(peer, { crl: certificates.crl() }));
    expect(error).toMatchObject({ code: 'UNABLE_TO_GET_CRL' });
    expect(error.code).toBe(node);
  });

  test.each([
    ['expired', certificates.expiredServer],
    ['not valid yet', certificates.futureServer],
    ['self-signed', certificates.selfSignedServer],
    ['strange', certificates.strangeServer],
    ['for clients', certificates.misusedServer],
    ['for another name', certificates.otherNameServer],
  ])('the same as Node’s: %s', async (_what, certificate) => {
    const peer = await tlsPeer(certificate());
    const error = await rejection(connectSecurely(peer));
    expect(error.code).toBe(await nodesCode(peer, { ca: certificates.ca().cert }));
  });

  test.each([
    ['*.test', 'a.test'],
    ['*', 'localhost'],
    ['f*.hawser.test', 'feed.hawser.test'],
    ['*d.hawser.test', 'feed.hawser.test'],
    ['*.*.test', 'a.b.test'],
    ['a.*.test', 'a.b.test'],
    ['xn--*.hawser.test', 'xn--bcher-kva.hawser.test'],
    ['*.hawser.test', 'xn--bcher-kva.hawser.test'],
    ['LOCALHOST', 'localhost'],
    ['localhost.', 'localhost'],
    ['a_b.test', 'a_b.test'],
    ['hawser.test', 'feed.hawser.test'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.2', '127.0.0.1'],
  ])('the same as Node’s, of a certificate for %s: one that is called %s', async (name, host) => {
    const peer = await tlsPeer(certificates.issue(certificates.intermediate(), { name: 'odd', names: [name] }));
    const code = await connectSecurely(peer, {}, { host }).then(
      () => undefined,
      (error) => error.code,
    );
    const asked = isIP(host) === 0 ? { servername: host } : { servername: '', host };
    expect(code).toBe(await nodesCode(peer, { ca: certificates.ca().cert, ...asked }));
  });

  test('one that is for another name carries what Node’s error carries', async () => {
    const error = await refused(certificates.otherNameServer);
    expect(error.host).toBe('localhost');
    expect(error.reason).toContain("localhost. is not in the cert's altnames: DNS:other.test");
    expect(error.cert?.subjectaltname).toBe('DNS:other.test');
  });
});

test('no byte of the request is written to a server that is refused', async () => {
  const peer = await tlsPeer(certificates.otherNameServer());
  await rejection(connectSecurely(peer));
  await peer.ended();
  await expect(peer.request()).rejects.toThrow('connection ended (fin) while waiting for the request');
});

test('rejectUnauthorized: false connects, and says what is wrong', async () => {
  const peer = await tlsPeer(certificates.selfSignedServer());
  const connection = await connectSecurely(peer, { rejectUnauthorized: false });
  expect(connection.tls?.authorized).toBe(false);
  expect(connection.tls?.authorizationError).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});

test('a name that begins with a dot stands for no subdomain, as in Node', async () => {
  const error = await refused(certificates.otherNameServer, { servername: '.test' });
  expect(error.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
});

describe('checkServerIdentity', () => {
  test('is asked with the host and the certificate with its issuers', async () => {
    const asked: unknown[] = [];
    const checkServerIdentity = (host: string, cert: tls.PeerCertificate): undefined => {
      const { subject, issuerCertificate } = cert as tls.DetailedPeerCertificate;
      asked.push(host, subject.CN, issuerCertificate.subject.CN, issuerCertificate.issuerCertificate.subject.CN);
    };
    await connectSecurely(await tlsPeer(), { checkServerIdentity });
    expect(asked).toEqual(['localhost', 'localhost', 'hawser test intermediate', 'hawser test root']);
  });

  test('can refuse with an error of its own', async () => {
    const error = new Error('pinned to another key');
    const connecting = connectSecurely(await tlsPeer(), { checkServerIdentity: () => error });
    expect(await rejection(connecting)).toBe(error);
    expect(liveReaders()).toBe(0);
  });

  test('can accept what Node would not', async () => {
    const peer = await tlsPeer(certificates.otherNameServer());
    const connection = await connectSecurely(peer, { checkServerIdentity: () => undefined });
    expect(connection.tls?.authorized).toBe(true);
  });

  test.each([null, undefined])('accepts with %s, as in Node', async (verdict) => {
    const peer = await tlsPeer(certificates.otherNameServer());
    const connection = await connectSecurely(peer, { checkServerIdentity: () => verdict as undefined });
    expect(connection.tls?.authorized).toBe(true);
  });

  test.each<[string, unknown]>([
    ['a promise', Promise.resolve()],
    ['true', true],
    ['false', false],
    ['words', 'no'],
  ])('that returns %s refuses with a TypeError, also where servers need not be authorised', async (_what, verdict) => {
    const peer = await tlsPeer();
    const checkServerIdentity = () => verdict as undefined;
    const error = await rejection(connectSecurely(peer, { checkServerIdentity, rejectUnauthorized: false }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^checkServerIdentity returned .*; expected an Error, or undefined$/);
    expect(liveReaders()).toBe(0);
  });

  test('that throws refuses with what it throws', async () => {
    const error = new Error('no');
    const checkServerIdentity = () => {
      throw error;
    };
    expect(await rejection(connectSecurely(await tlsPeer(), { checkServerIdentity }))).toBe(error);
    expect(liveReaders()).toBe(0);
  });

  test('is not asked about a chain that is not trusted', async () => {
    const peer = await tlsPeer(certificates.strangeServer());
    const checkServerIdentity = () => expect.unreachable();
    expect(await rejection(connectSecurely(peer, { checkServerIdentity }))).toBeInstanceOf(CertificateError);
  });
});

test('allowPartialTrustChain trusts an intermediate by itself', async () => {
  const ca = certificates.intermediate().cert;
  const peer = await tlsPeer();
  expect(await rejection(connectSecurely(peer, { ca }))).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT' });
  const connection = await connectSecurely(peer, { ca, allowPartialTrustChain: true });
  expect(connection.tls?.authorized).toBe(true);
});

test('whom a client’s archive vouches for is trusted as Node trusts them', async () => {
  const peer = await tlsPeer(certificates.server());
  const pfx = certificates.pkcs12(certificates.client(), [certificates.intermediate(), certificates.ca()], 'secret');
  const options = { pfx, passphrase: 'secret' };
  const node = await nodesCode(peer, options);
  const outcome = connectSecurely(peer, { ca: undefined, ...options }).then(
    () => undefined,
    (error) => error.code,
  );
  expect(await outcome).toBe(node);
});

test('several authorities are all trusted', async () => {
  const ca = [certificates.otherCa().cert, Buffer.from(certificates.ca().cert)];
  expect((await connectSecurely(await tlsPeer(), { ca })).tls?.authorized).toBe(true);
  expect((await connectSecurely(await tlsPeer(certificates.strangeServer()), { ca })).tls?.authorized).toBe(true);
});

test('the chain that was verified can be looked at', async () => {
  const connection = await connectSecurely(await tlsPeer());
  const names = connection.tls?.peerCertificates.map(({ subject }) => subject);
  expect(names).toEqual(['CN=localhost', 'CN=hawser test intermediate', 'CN=hawser test root']);
});
