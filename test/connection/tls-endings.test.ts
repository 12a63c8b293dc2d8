/** How TLS begins to fail and how it ends: each its own error, within its time, and no reader left. */

import { createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { type EndOfStream, TimeoutError, TlsError, TransportError } from '../../lib/errors.js';
import * as certificates from '../support/certificates.js';
import { liveReaders } from '../support/live-readers.js';
import { ending, inWords, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  destroy,
  halfClose,
  neverAnswer,
  reset,
  type Script,
  sendText,
  truncate,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, now, SHORT } from '../support/times.js';
import { connectSecurely, tlsPeer } from '../support/tls-peers.js';

async function opened(script: Script) {
  const peer = await tlsPeer(certificates.server(), {}, [accept(), ...script]);
  return { peer, connection: await connectSecurely(peer) };
}

/** A server that does not speak TLS: it answers whatever comes with these bytes. */
async function plainServer(answer: Uint8Array | 'nothing' | 'end' | 'reset'): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    if (answer === 'nothing') return void socket.resume();
    socket.once('data', () => {
      if (answer === 'end') socket.end();
      else if (answer === 'reset') socket.resetAndDestroy();
      else socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return `wss://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

describe('an open connection', () => {
  test('that both sides close ends in good order, with close_notify', async () => {
    const { connection, peer } = await opened([answerClose()]);
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000, received 1000');
    expect(outcome.cause).toBeUndefined();
    expect(await peer.ended()).toMatchObject({ how: 'fin' });
  });

  test('whose peer answers the Close and then cuts TLS off has still closed in good order', async () => {
    const { connection } = await opened([waitForClose(), answerWithoutEnd(), truncate()]);
    const outcome = await connection.close();
    expect(inWords(outcome)).toBe('sent 1000, received 1000');
    expect(outcome.cause).toBeUndefined();
  });

  test('whose peer says close_notify and no Close ends with an end of stream that is not truncated', async () => {
    const { connection } = await opened([sendText('last'), halfClose()]);
    expect(await connection.recv()).toBe('last');
    const { cause } = await ending(connection);
    expect(cause).toMatchObject({ code: 'HAWSER_END_OF_STREAM', truncated: false } satisfies Partial<EndOfStream>);
  });

  test('whose TLS is cut off ends with an end of stream that is truncated', async () => {
    const { connection } = await opened([sendText('last'), truncate()]);
    expect(await connection.recv()).toBe('last');
    const { cause } = await ending(connection);
    expect(cause).toMatchObject({ code: 'HAWSER_END_OF_STREAM', truncated: true } satisfies Partial<EndOfStream>);
    expect((cause as Error).message).toContain('close_notify');
  });

  test('that is reset ends with ECONNRESET', async () => {
    const { connection } = await opened([reset()]);
    expect((await ending(connection)).cause).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a handshake', () => {
  test('with a server that speaks HTTP fails at once, and says what is likely', async () => {
    const url = await plainServer(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const error = await rejection<TlsError>(connect(url));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toMatch(/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/);
    expect(error.message).toContain('the server may not speak TLS here');
    expect(liveReaders()).toBe(0);
  });

  test('that is answered by junk fails', async () => {
    const error = await rejection<TlsError>(connect(await plainServer(Buffer.alloc(100, 0xff))));
    expect(error).toBeInstanceOf(TlsError);
    expect(liveReaders()).toBe(0);
  });

  test('that is answered by an alert has its code', async () => {
    const alert = Buffer.from([21, 3, 3, 0, 2, 2, 40]);
    const error = await rejection<TlsError>(connect(await plainServer(alert)));
    expect(error.code).toMatch(/^ERR_SSL_.*HANDSHAKE_FAILURE$/);
    expect(liveReaders()).toBe(0);
  });

  test('that the server ends is a disconnection, as in Node', async () => {
    const error = await rejection<TransportError>(connect(await plainServer('end')));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.code).toBe('ECONNRESET');
    expect(error.message).toContain('before secure TLS connection was established');
    expect(liveReaders()).toBe(0);
  });

  test('that the server resets is ECONNRESET', async () => {
    const error = await rejection<TransportError>(connect(await plainServer('reset')));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.code).toBe('ECONNRESET');
    expect(liveReaders()).toBe(0);
  });

  test('with a silent server ends at the deadline, which names the stage', async () => {
    const began = now();
    const error = await rejection(connect(await plainServer('nothing'), { openTimeout: SHORT }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(/^timed out while shaking hands with 127\.0\.0\.1:[0-9]+ for TLS; openTimeout is /);
    expect(now() - began).toBeLessThan(LONG);
    expect(liveReaders()).toBe(0);
  });

  test('ends when the signal aborts', async () => {
    const url = await plainServer('nothing');
    const reason = new Error('no longer');
    const abort = new AbortController();
    const connecting = rejection(connect(url, { signal: abort.signal }));
    setImmediate(() => abort.abort(reason));
    expect(await connecting).toBe(reason);
    expect(liveReaders()).toBe(0);
  });

  test.each([
    ['TLSv1.2', /^ERR_SSL_SSL(V3|\/TLS)_ALERT_HANDSHAKE_FAILURE$/],
    ['TLSv1.3', /^ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/],
  ] as const)('of %s in which the server misses our certificate fails with its alert', async (maxVersion, code) => {
    const details = { ca: certificates.ca().cert, requestCert: true, rejectUnauthorized: true, maxVersion } as const;
    const error = await rejection<TlsError>(connectSecurely(await tlsPeer(certificates.server(), details)));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toMatch(code);
    expect(liveReaders()).toBe(0);
  });
});

test('a peer that never closes keeps close() no longer than closeTimeout', async () => {
  const peer = await tlsPeer(certificates.server(), {}, [accept(), neverAnswer()]);
  const connection = await connectSecurely(peer, {}, { closeTimeout: SHORT });
  const outcome = await connection.close();
  expect(inWords(outcome)).toBe('sent 1000');
  expect(outcome.cause).toBeInstanceOf(TimeoutError);
});

test('a connection that is destroyed at once leaves nothing behind', async () => {
  const { connection } = await opened([destroy()]);
  await connection.closed;
  expect(liveReaders()).toBe(0);
});

function answerWithoutEnd() {
  return { do: 'sendRaw', bytes: Buffer.from([0x88, 0x02, 0x03, 0xe8]) } as const;
}
