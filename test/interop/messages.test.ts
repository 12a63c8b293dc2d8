import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import type { ConnectOptions } from '../../lib/options.js';
import { randomNumbers } from '../support/random.js';
import { DEADLINE, UNIT, until, withDeadline } from '../support/times.js';
import { compressions, peers } from './peers.js';
import { connected, exchange, next } from './support/connected.js';
import { Server } from './support/server.js';

const MiB = 1024 * 1024;
/** Around where the length's form changes (RFC 6455 §5.2), and what takes many reads. */
const sizes = [1, 124, 125, 126, 127, 65_535, 65_536, 65_537, MiB - 1, MiB];

describe.each(peers)('$name', (peer) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(peer.start);
  });
  afterAll(() => server?.kill());

  describe.each(compressions)('with compression %s', (compression) => {
    function open(options: ConnectOptions = {}): Promise<Connection> {
      return connected(server, peer.path, { compression, ...options });
    }

    const extension = compression && peer.deflates ? /^permessage-deflate\b/ : /^$/;
    test(`agrees to extensions that look like ${extension}`, async () => {
      expect((await open()).extensions).toMatch(extension);
    });

    test('returns text', async () => {
      const connection = await open();
      for (const text of ['hello', 'größe', '日本語', '😀', 'a\tb', 'hello']) {
        expect(await exchange(connection, text)).toBe(text);
      }
    });

    test('returns empty messages', async () => {
      const connection = await open();
      for (const message of ['', peer.binary ? Buffer.alloc(0) : '', '']) {
        expect(await exchange(connection, message)).toEqual(message);
      }
    });

    test.each(sizes)('returns a text of %i bytes', async (size) => {
      const connection = await open();
      const text = textOf(size);
      // Not toBe, which would print both.
      expect((await exchange(connection, text)) === text).toBe(true);
      expect(await exchange(connection, 'and then?')).toBe('and then?');
    });

    if (peer.binary) {
      test.each(sizes)('returns %i bytes as binary', async (size) => {
        const connection = await open();
        const bytes = bytesOf(size);
        const returned = await exchange(connection, bytes);
        expect(Buffer.isBuffer(returned) && returned.equals(bytes)).toBe(true);
        expect(await exchange(connection, 'and then?')).toBe('and then?');
      });
    }

    test('returns a thousand messages in order', async () => {
      const connection = await open();
      const messages = Array.from({ length: 1_000 }, (_, i) => (peer.binary && i % 3 === 0 ? bytesOf(i) : textOf(i)));
      while (messages.length > 0) {
        const sent = messages.splice(0, peer.underWay);
        for (const message of sent) connection.send(message).catch(() => {});
        for (const message of sent) expect(await next(connection)).toEqual(message);
      }
    });

    test('answers pings while messages come and go', async () => {
      const connection = await open();
      const returned = exchange(connection, textOf(MiB));
      const latency = await withDeadline(connection.ping('still there?'), DEADLINE, 'the pong');
      expect(latency).toBeGreaterThan(0);
      expect(connection.latency).toBe(latency);
      await returned;
    });

    if (peer.pongsBinary) {
      test('answers pings of any payload', async () => {
        const connection = await open();
        for (const payload of [Buffer.alloc(0), Buffer.from([0xff]), Buffer.alloc(125, 0x80)]) {
          expect(await withDeadline(connection.ping(payload), DEADLINE, 'the pong')).toBeGreaterThan(0);
        }
      });

      test('keeps up keepalive', async () => {
        const connection = await open({ pingInterval: UNIT, pingTimeout: DEADLINE });
        await until(() => connection.latency > 0, DEADLINE, 'the pong');
        expect(await exchange(connection, 'hello')).toBe('hello');
      });
    } else {
      test('answers a ping that is not UTF-8 with another payload, which settles nothing', async () => {
        const connection = await open();
        const pinged = connection.ping(Buffer.from([0xff]));
        // Behind the pong, since the server answers in order.
        expect(await exchange(connection, 'hello')).toBe('hello');
        expect(connection.latency).toBe(0);
        // A later pong tells that the earlier ping has arrived.
        await withDeadline(connection.ping('text'), DEADLINE, 'the pong');
        expect(await pinged).toBeGreaterThan(0);
      });
    }

    if (peer.pings) {
      test('has its pings answered', async () => {
        const connection = await open();
        expect(await exchange(connection, 'please ping')).toBe('pong: are you there?');
      });
    }

    test(`chooses ${peer.subprotocols ? 'the second' : 'none'} of two subprotocols`, async () => {
      const connection = await open({ subprotocols: ['other', 'echo'] });
      expect(connection.subprotocol).toBe(peer.subprotocols ? 'echo' : undefined);
      expect(await exchange(connection, 'hello')).toBe('hello');
    });

    test('keeps twenty connections apart', async () => {
      const connections = await Promise.all(Array.from({ length: 20 }, () => open()));
      const returned = await Promise.all(connections.map((connection, i) => exchange(connection, `${i}`)));
      expect(returned).toEqual(connections.map((_, i) => `${i}`));
    });
  });
});

/** Text of so many bytes that compresses well, a part of it beyond ASCII. */
function textOf(size: number): string {
  const pattern = 'price: 12,5 €; ';
  const repeated = pattern.repeat(Math.floor(size / Buffer.byteLength(pattern)));
  return repeated + '.'.repeat(size - Buffer.byteLength(repeated));
}

/** Bytes that do not compress. */
function bytesOf(size: number): Buffer {
  const random = randomNumbers(size);
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = random(256);
  return bytes;
}
