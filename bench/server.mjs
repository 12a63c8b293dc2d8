// The other end of every measurement, the same for both clients, in a process of its own. The request's path names
// the case: it floods pre-encoded frames as fast as the socket takes them, counts bytes without parsing them, or
// echoes small frames. A raw server, so that the clients are measured and not it.

import { constants } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import * as tls from 'node:tls';
import { caseNamed } from './cases.mjs';
import { createServerAhead, EncryptedAhead } from './encrypted-ahead.mjs';
import { acceptHead, compressedFramesOf, framesOf, onSmallFrames } from './frames.mjs';

/**
 * Where it listens: without TLS, with TLS, with TLS whose sessions can't be resumed, and where what it floods with is
 * encrypted beforehand.
 * @typedef {{ plain: number, tls: number, notResumable: number, ahead: number }} Ports
 */

const CHUNK = 256 * 1024;
/** What is encrypted beforehand: enough for a window of a second. What goes beyond is encrypted when it is sent. */
const AHEAD = 3 * 1024 ** 3;

const { BENCH_CERT: cert, BENCH_KEY: key } = process.env;
const options = { noDelay: true, highWaterMark: 4 * CHUNK };
// The cheapest cipher, so that the server's share is small.
const secure = { ...options, cert, key, ciphers: 'TLS_AES_128_GCM_SHA256', honorCipherOrder: true };

/** @param {import('node:net').Socket} socket */
function serve(socket) {
  socket.on('error', () => {});
  let head = '';
  socket.on('data', function readHead(bytes) {
    head += bytes.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    socket.off('data', readHead);
    const { what, payload, size, compressed } = caseNamed(/^GET \/(\S*)/.exec(head)?.[1] ?? '');
    socket.write(acceptHead(head, compressed));
    if (what === 'open') socket.resume();
    else if (what === 'receive')
      flood(socket, compressed ? Buffer.concat(compressedFramesOf(size)) : framesOf(payload, size));
    else if (what === 'send') sink(socket);
    else echo(socket);
  });
}

const [plain, resumable, notResumable, ahead] = await Promise.all(
  [
    createServer(options, serve),
    tls.createServer(secure, serve),
    tls.createServer({ ...secure, secureOptions: constants.SSL_OP_NO_TICKET }, serve),
    createServerAhead(secure, serve),
  ].map(async (server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  }),
);
process.send?.({ plain, tls: resumable, notResumable, ahead });
process.on('disconnect', () => process.exit());

/**
 * @param {import('node:net').Socket} socket
 * @param {Buffer} frames
 */
async function flood(socket, frames) {
  const chunk = Buffer.concat(Array(Math.max(1, Math.floor(CHUNK / frames.length))).fill(frames));
  function write() {
    while (socket.writable && socket.write(chunk));
  }
  socket.resume();
  // The client may have gone.
  if (socket instanceof EncryptedAhead) await socket.flood(chunk, AHEAD).catch(() => {});
  socket.on('drain', write);
  write();
}

/** @param {import('node:net').Socket} socket */
function sink(socket) {
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.on('close', () => process.send?.({ bytes }));
}

/**
 * Sends frames of at most 125 bytes back, unmasked.
 * @param {import('node:net').Socket} socket
 */
function echo(socket) {
  onSmallFrames(socket, (first, payload) => {
    socket.write(Buffer.concat([Uint8Array.of(first, payload.length), payload]));
  });
}
