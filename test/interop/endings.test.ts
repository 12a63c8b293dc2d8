import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedError, ConnectionClosedOK, EndOfStream, TimeoutError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { ending } from '../support/opened.js';
import { MEDIUM } from '../support/times.js';
import { compressions, peers } from './peers.js';
import { connected, exchange, ownServer } from './support/connected.js';
import { Server } from './support/server.js';

/** How the kernel ends the connections of a process that is gone: depends on whether it had yet to read something. */
const abrupt = /^(HAWSER_END_OF_STREAM|ECONNRESET)$/;
/** Who writes meanwhile may be told first. */
const abruptWhileWriting = /^(HAWSER_END_OF_STREAM|ECONNRESET|EPIPE)$/;

describe.each(peers)('$name', (peer) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(peer.start);
  });
  afterAll(() => server?.kill());

  describe.each(compressions)('with compression %s', (compression) => {
    function open(to = server, options: ConnectOptions = {}): Promise<Connection> {
      return connected(to, peer.path, { compression, ...options });
    }

    const { code, reason } = peer.answersClose;
    test(`answers a Close of 4001 and a reason with ${code} and ${reason ? 'the' : 'no'} reason`, async () => {
      // What never ends the stream is not waited for.
      const connection = await open(server, peer.endsStream ? {} : { closeTimeout: MEDIUM });
      const outcome = await connection.close(4001, 'bye');
      expect(outcome).toMatchObject({
        code,
        reason,
        wasClean: true,
        receivedFirst: false,
        received: { code, reason },
        sent: { code: 4001, reason: 'bye' },
      });
      if (peer.endsStream) expect(outcome.cause).toBeUndefined();
      else expect(outcome.cause).toBeInstanceOf(TimeoutError);
    });

    test('answers a Close of 1000 with 1000, which is the good end', async () => {
      const connection = await open(server, peer.endsStream ? {} : { closeTimeout: MEDIUM });
      const end = ending(connection);
      expect(await connection.close()).toMatchObject({ code: 1000, wasClean: true });
      expect(await end).toBeInstanceOf(ConnectionClosedOK);
    });

    const { closesWith } = peer;
    if (closesWith) {
      test(`closes with ${closesWith.code} and a reason of its own accord`, async () => {
        const connection = await open();
        await connection.send('please close');
        const error = await ending(connection);
        expect(error).toBeInstanceOf(ConnectionClosedError);
        expect(error.outcome).toEqual({
          ...closesWith,
          wasClean: true,
          receivedFirst: true,
          received: closesWith,
          sent: { code: closesWith.code, reason: '' },
        });
      });
    } else {
      test('ends the stream of its own accord, without a Close', async () => {
        const connection = await open();
        await connection.send('please close');
        const error = await ending(connection);
        expect(error).toBeInstanceOf(ConnectionClosedError);
        expect(error.outcome).toMatchObject({ code: 1006, wasClean: false });
        expect(error.cause).toBeInstanceOf(EndOfStream);
      });
    }

    test('killed while nothing happens, ends the connection with an error that says why', async () => {
      const own = await ownServer(peer.start);
      const connection = await open(own);
      expect(await exchange(connection, 'hello')).toBe('hello');
      await own.kill();
      const error = await ending(connection);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error).toMatchObject({ closeCode: 1006, cause: { code: expect.stringMatching(abrupt) } });
    });

    test('killed while messages come and go, leaves those that came, in order, and then the error', async () => {
      const own = await ownServer(peer.start);
      const connection = await open(own);
      // More than all the buffers between hold, where the server bears that.
      const count = Math.min(20_000, peer.underWay);
      for (let i = 0; i < count; i++) connection.send(numbered(i)).catch(() => {});
      let received = 0;
      let error: unknown;
      try {
        for await (const message of connection) {
          expect(message).toBe(numbered(received++));
          if (received === 10) own.kill();
        }
      } catch (caught) {
        error = caught;
      }
      expect(received).toBeGreaterThanOrEqual(10);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error).toMatchObject({ closeCode: 1006, cause: { code: expect.stringMatching(abruptWhileWriting) } });
    });
  });
});

/** A message of a KiB that says which it is. */
function numbered(i: number): string {
  return `${i}`.padEnd(1024, '.');
}
