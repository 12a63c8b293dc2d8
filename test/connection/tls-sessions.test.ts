/** Sessions that are resumed: by the next connection with equal options, or where one is given. */

import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { reconnect } from '../../lib/reconnect.js';
import * as certificates from '../support/certificates.js';
import { rejection } from '../support/opened.js';
import {
  accept,
  echoMessages,
  halfClose,
  respond,
  ScriptedPeer,
  sendClose,
  sendText,
  waitForClose,
} from '../support/scripted-peer.js';
import { UNIT } from '../support/times.js';
import { connectSecurely, tlsPeer } from '../support/tls-peers.js';

/** Connects, waits for a message, behind which tickets have come, and closes. */
async function visit(
  peer: ScriptedPeer,
  ...options: Parameters<typeof connectSecurely> extends [unknown, ...infer R] ? R : never
) {
  const connection = await connectSecurely(peer, ...options);
  await connection.send('hello');
  expect(await connection.recv()).toBe('hello');
  const { resumed } = connection.tls!;
  const session = connection.tls!.session();
  await connection.terminate();
  return { resumed, session };
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('with %s', (maxVersion) => {
  test('the second connection resumes the session of the first', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion });
    expect((await visit(peer)).resumed).toBe(false);
    expect((await visit(peer)).resumed).toBe(true);
    expect(await peer.security()).toMatchObject({ resumed: true });
  });

  test('many connections one after the other resume', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion });
    await visit(peer);
    for (let i = 0; i < 5; i++) expect((await visit(peer)).resumed).toBe(true);
  });

  test('a session that is given is resumed by other settings, too', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion });
    const { session } = await visit(peer);
    expect(session).toBeInstanceOf(Buffer);
    const other = await visit(peer, { sigalgs: 'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384', session: session! });
    expect(other.resumed).toBe(true);
  });

  test('a session is not resumed by other options', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion });
    await visit(peer);
    const ca = [certificates.ca().cert, certificates.otherCa().cert];
    expect((await visit(peer, { ca })).resumed).toBe(false);
  });

  test('a session does not vouch for another name', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion });
    const { session } = await visit(peer);
    const error = await rejection(connectSecurely(peer, { session: session!, servername: 'other.test' }));
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('a session of a server that was not authorised does not vouch for it', async () => {
    const peer = await tlsPeer(certificates.selfSignedServer(), { maxVersion });
    const { session } = await visit(peer, { rejectUnauthorized: false });
    expect(await rejection(connectSecurely(peer))).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    if (session === undefined) return;
    const error = await rejection(connectSecurely(peer, { session }));
    expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  test('the certificate is known of a session that was resumed', async () => {
    const peer = await tlsPeer(certificates.server(), { maxVersion });
    await visit(peer);
    const connection = await connectSecurely(peer);
    expect(connection.tls).toMatchObject({ resumed: true, authorized: true });
    expect(connection.tls?.peerCertificate?.subject).toBe('CN=localhost');
  });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)('reconnect() resumes, with %s', async (maxVersion) => {
  const script = [accept(), sendText('here'), sendClose(1001), waitForClose(), halfClose()];
  const peer = await tlsPeer(certificates.server(), { maxVersion }, script);
  const resumed: unknown[] = [];
  const options = { tls: { ca: certificates.ca().cert }, initialDelay: UNIT, maxDelay: UNIT };
  for await (const connection of reconnect(`wss://localhost:${peer.port}/`, options)) {
    expect(await connection.recv()).toBe('here');
    resumed.push(connection.tls?.resumed);
    if (resumed.length === 3) break;
  }
  expect(resumed).toEqual([false, true, true]);
});

test('reconnect() gives up where the server can’t be verified, unless told otherwise', async () => {
  const peer = await tlsPeer(certificates.selfSignedServer());
  const connections = reconnect(`wss://localhost:${peer.port}/`, { initialDelay: UNIT, maxDelay: UNIT });
  expect(await rejection(connections.next())).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(await peer.connectionCount()).toBe(1);
});

test('a redirect within the origin resumes', async () => {
  const tls = { cert: certificates.server().chain, key: certificates.server().key };
  const redirect = respond({ status: 307, headers: { Location: '/b' } });
  const peer = await ScriptedPeer.listen([redirect], { tls, laterScripts: [[accept(), echoMessages()]] });
  onTestFinished(() => peer.stop());
  expect((await visit(peer)).resumed).toBe(true);
});

test('a session of Node’s own can’t tell whom it was verified by, and is left alone', async () => {
  const peer = await tlsPeer();
  const socket = tls.connect({
    host: '127.0.0.1',
    port: peer.port,
    servername: 'localhost',
    ca: certificates.ca().cert,
  });
  const session = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.destroy();
  expect((await visit(peer, { session })).resumed).toBe(false);
});

test('a session that is junk is left alone', async () => {
  const peer = await tlsPeer();
  expect((await visit(peer, { session: Buffer.from('junk') })).resumed).toBe(false);
});

test('a session of another server is no reason to fail', async () => {
  const { session } = await visit(await tlsPeer());
  expect((await visit(await tlsPeer(), { session: session! })).resumed).toBe(false);
});
