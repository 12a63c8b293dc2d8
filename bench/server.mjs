// The other end of every measurement, the same for both clients, in a process of its own. The request's path names
// the case: it floods pre-encoded frames as fast as the socket takes them, counts bytes without parsing them, or
// echoes small frames. A raw server, so that the clients are measured and not it.

import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import * as zlib from 'node:zlib';
import { caseNamed } from './cases.mjs';
import { jsonOf, payloadOf } from './payloads.mjs';

const CHUNK = 256 * 1024;

/** RSV1 of a frame (RFC 7692 section 6). */
const COMPRESSED = 0x40;

const server = createServer({ noDelay: true, highWaterMark: 4 * CHUNK }, (socket) => {
  socket.on('error', () => {});
  let head = '';
  socket.on('data', function readHead(bytes) {
    head += bytes.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    socket.off('data', readHead);
    const { what, payload, size, compressed } = caseNamed(/^GET \/(\S*)/.exec(head)?.[1] ?? '');
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n` +
        `${compressed ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : ''}\r\n`,
    );
    if (what === 'receive') flood(socket, compressed ? compressedFramesOf(size) : framesOf(payload, size));
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
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 6 + sizeOf(pending)) {
      const size = sizeOf(pending);
      const key = pending.subarray(2, 6);
      const payload = pending.subarray(6, 6 + size).map((byte, i) => byte ^ key.readUInt8(i & 3));
      const frame = Buffer.concat([Uint8Array.of(pending.readUInt8(0), size), payload]);
      socket.write(frame);
      pending = pending.subarray(6 + size);
    }
  });
}

/** @param {Buffer} frame */
function sizeOf(frame) {
  return frame.readUInt8(1) & 0x7f;
}

/**
 * @param {import('./cases.mjs').Case['payload']} payload
 * @param {number} size
 */
function framesOf(payload, size) {
  if (payload === 'binary') return frameOf(2, payloadOf('binary', size));
  if (payload !== 'alternating') return frameOf(1, payloadOf(payload, size));
  return Buffer.concat([frameOf(1, payloadOf('ascii', size)), frameOf(2, payloadOf('binary', size))]);
}

/**
 * Messages each of which refers to those before it, as a server sends them that keeps its window. The first refers to
 * none, so that they may be sent again and again.
 * @param {number} size
 */
function compressedFramesOf(size) {
  const { Z_SYNC_FLUSH } = zlib.constants;
  let sent = Buffer.alloc(0);
  const frames = [];
  for (let number = 0; number < 512; number++) {
    const payload = jsonOf(number, size);
    const dictionary = sent.subarray(-32768);
    const deflated = zlib.deflateRawSync(payload, {
      finishFlush: Z_SYNC_FLUSH,
      ...(dictionary.length > 0 ? { dictionary } : {}),
    });
    frames.push(frameOf(1, deflated.subarray(0, -4), COMPRESSED));
    sent = Buffer.concat([sent.subarray(-32768), payload]);
  }
  return Buffer.concat(frames);
}

/**
 * @param {number} opcode
 * @param {Buffer} payload
 * @param {number} [flags] Reserved bits.
 */
function frameOf(opcode, payload, flags = 0) {
  const size = payload.length;
  const header = Buffer.alloc(size < 126 ? 2 : size < 65536 ? 4 : 10);
  header[0] = 0x80 | flags | opcode;
  header[1] = size < 126 ? size : size < 65536 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(size, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([header, payload]);
}

/** @param {string} key */
function acceptOf(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
