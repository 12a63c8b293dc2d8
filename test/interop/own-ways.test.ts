/** Servers that speak first, push unasked or break the protocol. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedError, ConnectionClosedOK, InvalidMessage, ProtocolError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { ending, rejection } from '../support/opened.js';
import { compressions, engineIo, libwebsockets, websocketd } from './peers.js';
import { connected, exchange, next } from './support/connected.js';
import { Server } from './support/server.js';

/** What an error looks like where the server's text was none. */
const invalidText = { sent: { code: 1007 }, cause: { closeCode: 1007, message: 'text is not valid UTF-8' } };

describe.each(compressions)('engine.io with compression %s', (compression) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(engineIo);
  });
  afterAll(() => server?.kill());

  function open(): Promise<Connection> {
    const path = '/engine.io/?EIO=4&transport=websocket';
    return connected(server, path, { compression });
  }

  /** The next packet that is no ping; those are answered, as an engine.io client has to. */
  async function packet(connection: Connection): Promise<string | Buffer> {
    for (;;) {
      const message = await next(connection);
      if (message !== '2') return message;
      await connection.send('3');
    }
  }

  test('agrees to permessage-deflate', async () => {
    const { extensions } = await open();
    if (compression) expect(extensions).toMatch(/^permessage-deflate\b/);
    else expect(extensions).toBe('');
  });

  test('speaks first', async () => {
    const greeting = `${await next(await open())}`;
    expect(greeting[0]).toBe('0');
    expect(JSON.parse(greeting.slice(1))).toMatchObject({ sid: expect.any(String), pingInterval: 100 });
  });

  test('returns text and binary', async () => {
    const connection = await open();
    await packet(connection);
    await connection.send('4größe');
    expect(await packet(connection)).toBe('4größe');
    await connection.send(Buffer.from([0, 0xff]));
    expect(await packet(connection)).toEqual(Buffer.from([0, 0xff]));
  });

  test('goes on pinging in its own protocol as long as it is answered', async () => {
    const connection = await open();
    expect(`${await next(connection)}`).toMatch(/^0/);
    for (let i = 0; i < 5; i++) expect(await exchange(connection, '3')).toBe('2');
  });

  test('closes without a code', async () => {
    const connection = await open();
    await packet(connection);
    await connection.send('4please close');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.outcome).toMatchObject({ code: 1005, receivedFirst: true });
  });
});

describe.each(compressions)('libwebsockets with compression %s', (compression) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(libwebsockets);
  });
  afterAll(() => server?.kill());

  function open(subprotocol?: string): Promise<Connection> {
    const options: ConnectOptions = subprotocol === undefined ? {} : { subprotocols: [subprotocol] };
    return connected(server, '/', { compression, ...options });
  }

  test('agrees to no extension, and to the subprotocol', async () => {
    const connection = await open('dumb-increment-protocol');
    expect(connection.extensions).toBe('');
    expect(connection.subprotocol).toBe('dumb-increment-protocol');
  });

  test('hangs up without a word where a subprotocol is offered that it does not have', async () => {
    const error = await rejection(open('echo'));
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error.message).toMatch(/connection closed/);
  });

  test('pushes numbers unasked, in order', async () => {
    const connection = await open('dumb-increment-protocol');
    for (let i = 0; i < 10; i++) expect(await next(connection)).toBe(`${i}`);
  });

  test('begins anew when it is told to', async () => {
    const connection = await open('dumb-increment-protocol');
    for (const expected of ['0', '1', '2']) expect(await next(connection)).toBe(expected);
    await connection.send('reset\n');
    let message = await next(connection);
    while (message !== '0') message = await next(connection);
    expect(await next(connection)).toBe('1');
  });

  test('answers pings and Close, code and reason', async () => {
    const connection = await open('dumb-increment-protocol');
    expect(await connection.ping()).toBeGreaterThan(0);
    const outcome = await connection.close(4001, 'bye');
    expect(outcome).toMatchObject({ code: 4001, reason: 'bye', receivedFirst: false });
    expect(outcome.cause).toBeUndefined();
  });

  test('closes with 1001 when it is told to', async () => {
    const connection = await open('dumb-increment-protocol');
    await connection.send('closeme\n');
    expect(await connection.closed).toEqual({
      code: 1001,
      reason: 'seeya',
      wasClean: true,
      receivedFirst: true,
      received: { code: 1001, reason: 'seeya' },
      sent: { code: 1001, reason: '' },
    });
  });

  test('mirrors text', async () => {
    const connection = await open('lws-mirror-protocol');
    expect(await exchange(connection, 'größe')).toBe('größe');
  });

  test('mirrors binary as text, which fails with 1007', async () => {
    const connection = await open('lws-mirror-protocol');
    await connection.send(Buffer.from([0xff]));
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject(invalidText);
  });
});

describe.each(compressions)('websocketd with compression %s', (compression) => {
  /** Writes two lines without having been asked, the second of them Latin-1. */
  const program = ['printf', 'first\\ngr\\366\\337e\\n'] as const;
  let server: Server;
  beforeAll(async () => {
    server = await Server.start((port) => websocketd(port, ...program));
  });
  afterAll(() => server?.kill());

  test('passes on what its program writes as text, which fails with 1007 where it is not', async () => {
    const connection = await connected(server, '/', { compression });
    expect(await next(connection)).toBe('first');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject(invalidText);
  });
});
