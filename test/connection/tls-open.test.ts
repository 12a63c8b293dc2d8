/** TLS of a connection that is open: alerts and damage on the wire, renegotiation, and streams that end one way first. */

import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedError, ConnectionClosedOK, ProtocolError, TlsError } from '../../lib/errors.js';
import * as certificates from '../support/certificates.js';
import { noReadersLeft } from '../support/live-readers.js';
import { ending, inWords } from '../support/opened.js';
import {
  accept,
  answerClose,
  answerPings,
  echoMessages,
  halfClose,
  neverAnswer,
  type Script,
  type ScriptedPeer,
  sendClose,
  sendRaw,
  sendText,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now } from '../support/times.js';
import { connectSecurely, tlsPeer } from '../support/tls-peers.js';

type Version = 'TLSv1.2' | 'TLSv1.3';
const versions: Version[] = ['TLSv1.2', 'TLSv1.3'];

/** Passes bytes on between a client and a peer, and damages records when told to. */
interface Relay {
  readonly port: number;
  /** The next record to the server, or to the client, is changed on its way. */
  damage(direction: 'to server' | 'to client'): void;
  /** What came from the client since a record to it was damaged. */
  readonly sentSince: readonly Buffer[];
  /** Sends bytes to the client that the server has not sent. */
  say(bytes: Uint8Array): void;
}

async function relayTo(peer: ScriptedPeer): Promise<Relay> {
  const damaged = { 'to server': false, 'to client': false };
  const sentSince: Buffer[] = [];
  let reachedClient = false;
  let client: Socket | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    client = socket;
    const onward = connectTcp({ port: peer.port, host: '127.0.0.1', allowHalfOpen: true });
    pass(socket, onward, 'to server');
    pass(onward, socket, 'to client');
  });
  const pass = (from: Socket, to: Socket, direction: keyof typeof damaged) => {
    from.on('data', (bytes: Buffer) => {
      // The last byte is of the record's authentication in every cipher of these tests.
      if (reachedClient && direction === 'to server') sentSince.push(Buffer.from(bytes));
      if (damaged[direction]) reachedClient ||= direction === 'to client';
      if (damaged[direction]) bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      damaged[direction] = false;
      to.write(bytes);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    damage: (direction) => {
      damaged[direction] = true;
    },
    sentSince,
    say: (bytes) => client?.write(bytes),
  };
}

/** A connection through a relay, on which a message has gone to and fro, so that the tickets are behind it. */
async function relayed(maxVersion: Version): Promise<{ connection: Connection; peer: ScriptedPeer; relay: Relay }> {
  onTestFinished(() => noReadersLeft());
  const peer = await tlsPeer(certificates.server(), { maxVersion }, [accept(), answerPings(), echoMessages()]);
  const relay = await relayTo(peer);
  const connection = await connect(`wss://localhost:${relay.port}/`, {
    tls: { ca: certificates.ca().cert },
    family: 4,
  });
  onTestFinished(async () => void (await connection.terminate()));
  await connection.send('hello');
  expect(await connection.recv()).toBe('hello');
  return { connection, peer, relay };
}

/** What becomes of Node's own client where the same happens to it. */
async function nodesCode(maxVersion: Version, happen: (relay: Relay, socket: tls.TLSSocket) => void): Promise<unknown> {
  const server = tls.createServer({ cert: certificates.server().chain, key: certificates.server().key, maxVersion });
  server.on('secureConnection', (socket) => socket.on('error', () => {}).pipe(socket));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const relay = await relayTo({ port: (server.address() as AddressInfo).port } as ScriptedPeer);
  const options = { port: relay.port, host: '127.0.0.1', servername: 'localhost', ca: certificates.ca().cert };
  const socket = tls.connect(options);
  socket.write('hello');
  await once(socket, 'data');
  const errored = new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve));
  happen(relay, socket);
  const { code } = await errored;
  socket.destroy();
  return code;
}

describe.each(versions)('with %s, an open connection', (version) => {
  test('whose peer sends an alert ends with the alert as its cause, at once', async () => {
    const { connection, relay } = await relayed(version);
    relay.damage('to server');
    await connection.send('damaged');
    const began = now();
    const error = await ending(connection);
    expect(now() - began).toBeLessThan(LONG);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.closeCode).toBe(1006);
    expect(error.cause).toBeInstanceOf(TlsError);
    const { code } = error.cause as TlsError;
    expect(code).toMatch(/ALERT_BAD_RECORD_MAC$/);
    const node = await nodesCode(version, (nodes, socket) => {
      nodes.damage('to server');
      socket.write('damaged');
    });
    expect(code).toBe(node);
  });

  test('that gets what was damaged on its way ends with Node’s code for it, and tells the peer by an alert', async () => {
    const { connection, peer, relay } = await relayed(version);
    relay.damage('to client');
    await connection.send('again');
    const error = await ending(connection);
    expect(error.closeCode).toBe(1006);
    expect(error.cause).toBeInstanceOf(TlsError);
    const node = await nodesCode(version, (nodes, socket) => {
      nodes.damage('to client');
      socket.write('again');
    });
    expect((error.cause as TlsError).code).toBe(node);
    await peer.ended();
    // TLS 1.3 shows no type of a record: two bytes of alert, one of type and the authentication.
    const [alert] = relay.sentSince;
    expect(alert?.length).toBe(version === 'TLSv1.3' ? 5 + 19 : 5 + 26);
    if (version === 'TLSv1.2') expect(alert?.[0]).toBe(21);
  });

  test('that gets bytes of no TLS ends with a TlsError', async () => {
    const { connection, relay } = await relayed(version);
    const began = now();
    relay.say(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const error = await ending(connection);
    expect(now() - began).toBeLessThan(LONG / 2);
    expect(error.cause).toBeInstanceOf(TlsError);
    const node = await nodesCode(version, (nodes) => nodes.say(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect((error.cause as TlsError).code).toBe(node);
  });

  test('that gets an alert nobody has encrypted ends with a TlsError', async () => {
    const { connection, relay } = await relayed(version);
    relay.say(Buffer.from([21, 3, 3, 0, 2, 2, 40]));
    const { cause } = await ending(connection);
    expect(cause).toBeInstanceOf(TlsError);
  });

  test('delivers what came before it was damaged', async () => {
    const { connection, relay, peer } = await relayed(version);
    await peer.do(sendText('one'), sendText('two'));
    // A pong is behind them.
    await connection.ping();
    relay.damage('to client');
    await connection.send('three');
    await connection.closed;
    expect(await connection.recv()).toBe('one');
    expect(await connection.recv()).toBe('two');
    expect((await ending(connection)).cause).toBeInstanceOf(TlsError);
  });
});

test('a server that asks for renegotiation is refused', async () => {
  const server = tls.createServer({
    cert: certificates.server().chain,
    key: certificates.server().key,
    maxVersion: 'TLSv1.2',
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const secured = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>;
  const url = `wss://localhost:${(server.address() as AddressInfo).port}/`;
  const connecting = connect(url, { tls: { ca: certificates.ca().cert }, family: 4, openTimeout: LONG }).catch(
    (error: unknown) => error,
  );
  const [socket] = await secured;
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve));
  socket.once('data', () => socket.renegotiate({ rejectUnauthorized: false }, () => {}));
  // The client says no_renegotiation, which this server takes for the end.
  expect((await failed).code).toBe('ERR_SSL_NO_RENEGOTIATION');
  expect(await connecting).toBeInstanceOf(Error);
  await noReadersLeft();
});

describe('half-close', () => {
  async function opened(script: Script, options = {}) {
    onTestFinished(() => noReadersLeft());
    const peer = await tlsPeer(certificates.server(), {}, [accept(), ...script]);
    return { peer, connection: await connectSecurely(peer, {}, options) };
  }

  test('a Close is answered though the peer has ended its own stream by close_notify', async () => {
    const { connection, peer } = await opened([sendText('last'), sendClose(1001, 'bye'), halfClose()]);
    expect(await connection.recv()).toBe('last');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.closeCode).toBe(1001);
    expect(error.cause).toBeUndefined();
    expect(await peer.expectFrame('close')).toMatchObject({ code: 1001 });
    expect((await peer.ended()).how).toBe('fin');
  });

  test('a peer that broke the protocol sees our Close and close_notify, and may send until it ends', async () => {
    const { connection, peer } = await opened([sendRaw('\xff\xff'), waitForClose(), sendText('ignored'), halfClose()]);
    const error = await ending(connection);
    expect(error.cause).toBeInstanceOf(ProtocolError);
    expect(await peer.frames('close')).toMatchObject([{ code: 1002 }]);
    expect((await peer.ended()).how).toBe('fin');
  });

  test('what was sent before close() arrives, whatever its size, and then close_notify', async () => {
    const { connection, peer } = await opened([answerClose()]);
    const message = 'x'.repeat(3_000_000);
    void connection.send(message, { compress: false });
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000, received 1000');
    expect((await peer.frames('text')).map(({ payload }) => payload.length)).toEqual([message.length]);
    expect(await peer.ended()).toMatchObject({ how: 'fin', incomplete: 0 });
  });

  test('a peer that sends close_notify and nothing else, and reads on, is not waited for', async () => {
    const { connection } = await opened([halfClose(), neverAnswer()], { closeTimeout: 10 * LONG });
    const began = now();
    await connection.closed;
    expect(now() - began).toBeLessThan(LONG + MEDIUM);
  });
});
