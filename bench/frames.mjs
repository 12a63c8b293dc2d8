// What the benchmarks' servers send: the answer to a handshake, and frames that were encoded beforehand.

import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { jsonOf, payloadOf } from './payloads.mjs';

/** RSV1 of a frame (RFC 7692 section 6). */
const COMPRESSED = 0x40;

/**
 * The response to a request head.
 * @param {string} request
 * @param {boolean} [compressed] Whether permessage-deflate is chosen.
 */
export function acceptHead(request, compressed = false) {
  const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n` +
    `${compressed ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : ''}\r\n`
  );
}

/**
 * @param {import('./cases.mjs').Case['payload']} payload
 * @param {number} size
 */
export function framesOf(payload, size) {
  if (payload === 'binary') return frameOf(2, payloadOf('binary', size));
  if (payload !== 'alternating') return frameOf(1, payloadOf(payload, size));
  return Buffer.concat([frameOf(1, payloadOf('ascii', size)), frameOf(2, payloadOf('binary', size))]);
}

/**
 * Messages each of which refers to those before it, as a server sends them that keeps its window. The first refers to
 * none, so that they may be sent again and again.
 * @param {number} size
 * @returns {Buffer[]}
 */
export function compressedFramesOf(size) {
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
  return frames;
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

/**
 * Reads a client's frames of at most 125 bytes.
 * @param {import('node:net').Socket} socket
 * @param {(first: number, payload: Buffer) => void} onFrame With the header's first byte and the payload unmasked.
 */
export function onSmallFrames(socket, onFrame) {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 6 + sizeOf(pending)) {
      const size = sizeOf(pending);
      const key = pending.subarray(2, 6);
      onFrame(
        pending.readUInt8(0),
        pending.subarray(6, 6 + size).map((byte, i) => byte ^ key.readUInt8(i & 3)),
      );
      pending = pending.subarray(6 + size);
    }
  });
}

/** @param {Buffer} frame */
function sizeOf(frame) {
  return frame.readUInt8(1) & 0x7f;
}
