/** How TLS begins to fail and how it ends: each its own error, within its time, and no reader left. */

import { createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';
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

type Answer = Uint8Array | 'nothing' | 'end' | 'reset';

/** A server that does not speak TLS: it answers whatever comes with these bytes. */
async function plainServer(answer: Answer, allowHalfOpen = false): Promise<string> {
  return `wss://127.0.0.1:${await plainPort(answer, allowHalfOpen)}/`;
}

async function plainPort(answer: Answer, allowHalfOpen = false): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (answer === 'nothing') return void socket.resume();
    socket.once('data', () => {
      if (answer === 'end') socket.end();
      else if (answer === 'reset') socket.resetAndDestroy();
      else socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return (server.address() as { port: number }).port;
}

/** What Node's own client says of a server. */
function nodesError(port: number, options: tls.ConnectionOptions = {}): Promise<NodeJS.ErrnoException> {
  const socket = tls.connect({ host: '127.0.0.1', port, ca: certificates.ca().cert, ...options });
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve) => socket.on('error', resolve));
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
    const url = await plainServer(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), true);
    const began = now();
    const error = await rejection<TlsError>(connect(url));
    // Though the server keeps its end open.
    expect(now() - began).toBeLessThan(LONG / 2);
    expect(error).toBeInstanceOf(TlsError);
    expect(error.message).toContain('the server may not speak TLS here');
    expect(liveReaders()).toBe(0);
  });

  test.each<[string, number]>([
    ['unexpected_message', 10],
    ['handshake_failure', 40],
    ['bad_certificate', 42],
    ['certificate_expired', 45],
    ['unknown_ca', 48],
    ['decode_error', 50],
    ['protocol_version', 70],
    ['internal_error', 80],
    ['missing_extension', 109],
    ['unrecognized_name', 112],
    ['certificate_required', 116],
    ['no_application_protocol', 120],
  ])('that is answered by the alert %s has Node’s code and words for it', async (name, description) => {
    const port = await plainPort(Buffer.from([21, 3, 3, 0, 2, 2, description]));
    const node = (await nodesError(port)) as NodeJS.ErrnoException & { library?: string; reason?: string };
    const error = await rejection<TlsError>(connect(`wss://127.0.0.1:${port}/`));
    expect(error).toBeInstanceOf(TlsError);
    expect(error).toMatchObject({ code: node.code, library: node.library, reason: node.reason });
    expect(error.code?.toLowerCase()).toContain(name === 'no_application_protocol' ? name : name.split('_').at(-1));
    expect(liveReaders()).toBe(0);
  });

  test.each<[string, Uint8Array]>([
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n')],
    ['noise', Buffer.alloc(100, 0xff)],
    ['zeros', Buffer.alloc(100)],
    ['a record that is too long', Buffer.from([22, 3, 1, 0xff, 0xff])],
    ['data that is not encrypted', Buffer.from([23, 3, 3, 0, 2, 1, 0])],
    ['an empty ServerHello', Buffer.from([22, 3, 3, 0, 4, 2, 0, 0, 0])],
  ])('that is answered by %s has Node’s code for it', async (_what, answer) => {
    const port = await plainPort(answer);
    const node = await nodesError(port);
    const error = await rejection<TlsError>(connect(`wss://127.0.0.1:${port}/`));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe(node.code);
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
    ['TLSv1.2', /ALERT_HANDSHAKE_FAILURE$/],
    ['TLSv1.3', /ALERT_CERTIFICATE_REQUIRED$/],
  ] as const)('of %s in which the server misses our certificate fails with its alert', async (maxVersion, words) => {
    const details = { ca: certificates.ca().cert, requestCert: true, rejectUnauthorized: true, maxVersion } as const;
    const peer = await tlsPeer(certificates.server(), details);
    const node = await nodesError(peer.port);
    const error = await rejection<TlsError>(connectSecurely(peer));
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toBe(node.code);
    expect(error.code).toMatch(words);
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
