import { expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { Connection } from '../../lib/connection.js';
import { HeaderList } from '../../lib/handshake/headers.js';
import { open, openRaw } from '../support/opened.js';
import { accept, answerClose, sendClose, sendText, waitForEnd } from '../support/scripted-peer.js';
import { LONG, until } from '../support/times.js';

test('connect resolves with an open Connection', async () => {
  const { connection } = await open();
  expect(connection).toBeInstanceOf(Connection);
  expect(connection.state).toBe('OPEN');
});

test('the id is a UUID of the connection’s own, and stays', async () => {
  const [{ connection: one }, { connection: two }] = [await open(), await open()];
  expect(one.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(one.id).toBe(one.id);
  expect(one.id).not.toBe(two.id);
});

test('the addresses are the socket’s own and the peer’s', async () => {
  const { connection, peer } = await open();
  expect(connection.remoteAddress).toEqual({ address: '127.0.0.1', port: peer.port, family: 'IPv4' });
  expect(connection.localAddress).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
  expect(connection.localAddress.port).not.toBe(peer.port);
});

test('the request is the one that was sent', async () => {
  const { connection, peer } = await open();
  const { requestLine, headers } = await peer.request();
  const { method, target } = connection.request;
  expect(requestLine).toBe(`${method} ${target} HTTP/1.1`);
  expect(connection.request.headers).toBeInstanceOf(HeaderList);
  expect(connection.request.headers.toJSON()).toEqual(headers);
});

test('the response is the one that came', async () => {
  const { connection } = await openRaw([
    accept({ statusLine: 'HTTP/1.1 101 Welcome', headers: { Server: 'scripted', 'X-Empty': '' } }),
  ]);
  const { status, statusText, headers } = connection.response;
  expect([status, statusText]).toEqual([101, 'Welcome']);
  expect(headers.get('SERVER')).toBe('scripted');
  expect(headers.get('x-empty')).toBe('');
  expect(headers.get('x-other')).toBeUndefined();
});

test('there is no subprotocol, no extension and no closing where there was none', async () => {
  const { connection } = await open();
  expect(connection.subprotocol).toBeUndefined();
  expect(connection.extensions).toBe('');
  expect(connection.closeCode).toBeUndefined();
  expect(connection.closeReason).toBeUndefined();
  expect(connection.latency).toBe(0);
  expect(connection.bufferedAmount).toBe(0);
});

test('the extensions are the header’s value', async () => {
  const extensions = 'permessage-deflate; server_max_window_bits="15"';
  const { connection } = await openRaw([accept({ headers: { 'Sec-WebSocket-Extensions': extensions } })]);
  expect(connection.extensions).toBe(extensions);
});

test('the url is the one that was connected to', async () => {
  const { peer } = await openRaw([accept(), waitForEnd()]);
  const connection = await connect(new URL(`/path%20x?q=1&r=2`, peer.url));
  expect(connection.url).toBe(`${peer.url}path%20x?q=1&r=2`);
  expect((await peer.request()).requestLine).toBe('GET /path%20x?q=1&r=2 HTTP/1.1');
  await connection.terminate();
});

test('the state goes from OPEN over CLOSING to CLOSED', async () => {
  const { connection, peer } = await open();
  expect(connection.state).toBe('OPEN');
  const closed = connection.close(1000, 'done');
  expect(connection.state).toBe('CLOSING');
  expect([connection.closeCode, connection.closeReason]).toEqual([undefined, undefined]);
  await peer.do(answerClose());
  await closed;
  expect(connection.state).toBe('CLOSED');
  expect([connection.closeCode, connection.closeReason]).toEqual([1000, 'done']);
});

test('closed resolves with the outcome, whoever closes, and is one promise', async () => {
  const { connection, peer } = await open([sendText('x')]);
  const { closed } = connection;
  expect(connection.closed).toBe(closed);
  await peer.do(sendClose(3001, 'bye'));
  await peer.expectFrame('close');
  const outcome = await connection.terminate();
  expect(await closed).toBe(outcome);
  expect(Object.isFrozen(outcome)).toBe(true);
  expect(outcome).toMatchObject({ code: 3001, reason: 'bye' });
});

test('bufferedAmount counts what has not reached the socket', async () => {
  const { connection, peer } = await open();
  connection.send('héllo');
  connection.send(Buffer.alloc(10));
  connection.ping().catch(() => {});
  expect(connection.bufferedAmount).toBe(16);
  await peer.expectFrame('binary');
  await until(() => connection.bufferedAmount === 0, LONG, 'the reader to count it as written');
});

test('ref and unref return the connection, also after the end', async () => {
  const { connection } = await open([answerClose()]);
  expect(connection.unref()).toBe(connection);
  expect(connection.ref()).toBe(connection);
  await connection.close();
  expect(connection.unref().ref()).toBe(connection);
});
