/** Redirects to, between and from servers that speak TLS: what of `tls` comes along, and what is never followed. */

import { expect, onTestFinished, test } from 'vitest';
import { CertificateError, SecurityError } from '../../lib/errors.js';
import type { TlsOptions } from '../../lib/tls/options.js';
import * as certificates from '../support/certificates.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { refusedBy } from '../support/refused.js';
import { accept, neverAnswer, respond, type Script, ScriptedPeer, type Step } from '../support/scripted-peer.js';
import { connectSecurely, tlsPeer } from '../support/tls-peers.js';

const redirect = (location: string): Step => respond({ status: 308, headers: { Location: location } });
const asking = { requestCert: true, rejectUnauthorized: false, ca: certificates.ca().cert };
const { client, server } = certificates;
const identity: TlsOptions = { cert: client().chain, key: client().key };

/** A peer that speaks TLS and asks for a client's certificate. */
async function listen(...[first = [], ...laterScripts]: Script[]): Promise<ScriptedPeer> {
  const tls = { cert: server().chain, key: server().key, ...asking };
  const peer = await ScriptedPeer.listen(first, { laterScripts, tls });
  onTestFinished(() => peer.stop());
  return peer;
}

/** A peer that does not, whatever others do. */
async function listenPlainly(script: Script): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(script);
  onTestFinished(() => peer.stop());
  return peer;
}

test('a client’s certificate is offered again within the origin', async () => {
  const peer = await listen([redirect('/b')], [accept()]);
  const connection = await connectSecurely(peer, identity);
  expect(connection.url).toBe(`wss://localhost:${peer.port}/b`);
  for (const index of [0, 1]) {
    expect(await (await peer.connection(index)).security()).toMatchObject({ client: 'test client' });
  }
});

test.each<[string, () => TlsOptions]>([
  ['with its key', () => identity],
  ['in an archive', () => ({ pfx: certificates.pfx(), passphrase: certificates.passphrase })],
])('a client’s certificate %s is not offered to another origin', async (_how, tls) => {
  const there = await listen([accept()]);
  const here = await listen([redirect(`https://localhost:${there.port}/`)]);
  const connection = await connectSecurely(here, tls());
  expect(connection.tls?.authorized).toBe(true);
  expect((await here.security()).client).toBe('test client');
  expect((await there.security()).client).toBe('');
});

test('the name that was set is not asked another origin for', async () => {
  const there = await listen([accept()]);
  const here = await listen([redirect(`wss://127.0.0.1:${there.port}/`)]);
  await connectSecurely(here, { servername: 'localhost' }, { host: '127.0.0.1' });
  expect((await here.security()).servername).toBe('localhost');
  expect((await there.security()).servername).toBe('');
});

test('the certificate of another origin has to be for that one', async () => {
  const there = await tlsPeer(certificates.otherNameServer());
  const here = await tlsPeer(certificates.otherNameServer(), {}, [redirect(`wss://localhost:${there.port}/`)]);
  const error = await rejection<CertificateError>(connectSecurely(here, { servername: 'other.test' }));
  expect(error).toBeInstanceOf(CertificateError);
  expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', url: `wss://localhost:${there.port}/` });
  expect(liveReaders()).toBe(0);
});

test.each(['ws', 'http'])('from TLS to %s: is not followed', async (scheme) => {
  const there = await listenPlainly([accept()]);
  const here = await listen([redirect(`${scheme}://localhost:${there.port}/`), neverAnswer()]);
  const error = await rejection(connectSecurely(here));
  expect(error).toBeInstanceOf(SecurityError);
  expect(error.message).toBe(`redirect leads from 'wss:' to '${scheme}:'; expected 'wss:' or 'https:'`);
  expect(await there.connectionCount()).toBe(0);
  expect(liveReaders()).toBe(0);
});

test.each(['wss', 'https'])('from ws: to %s: is, and the server is verified', async (scheme) => {
  const there = await tlsPeer(certificates.selfSignedServer());
  const here = await listenPlainly([redirect(`${scheme}://localhost:${there.port}/`)]);
  const error = await refusedBy(here.url);
  expect(error).toBeInstanceOf(CertificateError);
  expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', url: `wss://localhost:${there.port}/` });
});
