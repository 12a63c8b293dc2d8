// The other end of every measurement, the same for both clients, in a process of its own. The request's path names
// the case: it floods pre-encoded frames as fast as the socket takes them, counts bytes without parsing them, or
// echoes small frames. A raw server, so that the clients are measured and not it.

import { createServer } from 'node:net';
import { caseNamed } from './cases.mjs';
import { acceptHead, compressedFramesOf, framesOf, onSmallFrames } from './frames.mjs';

const CHUNK = 256 * 1024;

const server = createServer({ noDelay: true, highWaterMark: 4 * CHUNK }, (socket) => {
  socket.on('error', () => {});
  let head = '';
  socket.on('data', function readHead(bytes) {
    head += bytes.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    socket.off('data', readHead);
    const { what, payload, size, compressed } = caseNamed(/^GET \/(\S*)/.exec(head)?.[1] ?? '');
    socket.write(acceptHead(head, compressed));
    if (what === 'receive')
      flood(socket, compressed ? Buffer.concat(compressedFramesOf(size)) : framesOf(payload, size));
    else if (what === 'send') sink(socket);
    else echo(socket);
  });
});

server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.on('disconnect', () => process.exit());

/**
 * @param {import('node:net').Socket} socket
 * @param {Buffer} frames
 */
function flood(socket, frames) {
  const chunk = Buffer.concat(Array(Math.max(1, Math.floor(CHUNK / frames.length))).fill(frames));
  function write() {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', write);
  socket.resume();
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
