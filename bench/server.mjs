// The other end of every measurement, the same for both clients, in a process of its own. The request's path names
// the case: it floods pre-encoded frames as fast as the socket takes them, counts bytes without parsing them, or
// echoes small frames. A raw server, so that the clients are measured and not it.

import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { caseNamed } from './cases.mjs';
import { payloadOf } from './payloads.mjs';

const CHUNK = 256 * 1024;

const server = createServer({ noDelay: true, highWaterMark: 4 * CHUNK }, (socket) => {
  socket.on('error', () => {});
  let head = '';
  socket.on('data', function readHead(bytes) {
    head += bytes.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    socket.off('data', readHead);
    const { what, payload, size } = caseNamed(/^GET \/(\S*)/.exec(head)?.[1] ?? '');
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
    );
    if (what === 'receive') flood(socket, frameOf(payload === 'binary' ? 2 : 1, payloadOf(payload, size)));
    else if (what === 'send') sink(socket);
    else echo(socket);
  });
});

server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.on('disconnect', () => process.exit());

/**
 * @param {import('node:net').Socket} socket
 * @param {Buffer} frame
 */
function flood(socket, frame) {
  const chunk = Buffer.concat(Array(Math.max(1, Math.floor(CHUNK / frame.length))).fill(frame));
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
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 6 + (pending[1] & 0x7f)) {
      const size = pending[1] & 0x7f;
      const frame = Buffer.allocUnsafe(2 + size);
      frame[0] = pending[0];
      frame[1] = size;
      for (let i = 0; i < size; i++) frame[2 + i] = pending[6 + i] ^ pending[2 + (i & 3)];
      socket.write(frame);
      pending = pending.subarray(6 + size);
    }
  });
}

/**
 * @param {number} opcode
 * @param {Buffer} payload
 */
function frameOf(opcode, payload) {
  const size = payload.length;
  const header = Buffer.alloc(size < 126 ? 2 : size < 65536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = size < 126 ? size : size < 65536 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(size, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([header, payload]);
}

/** @param {string} key */
function acceptOf(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
