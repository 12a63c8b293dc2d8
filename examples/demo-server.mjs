// The demo's other end: an npm `ws` server in a Worker, so that its work is not on the thread that is measured.
//
//   /stream/COUNT          sends COUNT small messages as fast as the socket takes them
//   /paced/RATE/SECONDS    sends RATE messages a second for so long
//   /count                 answers the text `count` with the number of messages before it

import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { WebSocketServer } from 'ws';

/** Frames of a block: text and binary by turns, as one piece of memory. */
const BLOCK = 1000;
const frames = Array.from({ length: BLOCK }, (_, i) => frame(i % 2 === 0 ? 1 : 2, payload(i)));
const block = Buffer.concat(frames);

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket, request) => {
  const [what, ...numbers] = (request.url ?? '').slice(1).split('/');
  if (what === 'stream') stream(request.socket, Number(numbers[0]));
  if (what === 'paced') pace(request.socket, Number(numbers[0]), Number(numbers[1]));
  if (what === 'count') count(socket);
});
server.on('listening', () => parentPort?.postMessage(/** @type {any} */ (server.address()).port));

// Both write whole frames, encoded beforehand, to the accepted connection's socket, past ws' own `send`: that one
// makes about a million messages a second at best, and would be what the demo measures.

/**
 * @param {import('node:net').Socket} socket
 * @param {number} count
 */
async function stream(socket, count) {
  for (let sent = 0; sent < count && socket.writable; sent += BLOCK) {
    if (!socket.write(block)) await drained(socket);
  }
}

/**
 * @param {import('node:net').Socket} socket
 * @param {number} rate
 * @param {number} seconds
 */
async function pace(socket, rate, seconds) {
  const start = performance.now();
  for (let sent = 0; sent < rate * seconds && socket.writable; ) {
    const due = Math.min(rate * seconds, ((performance.now() - start) / 1000) * rate);
    for (; sent < due; sent += BLOCK) socket.write(block);
    await sleep(1);
  }
}

/** @param {import('node:net').Socket} socket */
function drained(socket) {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve(undefined);
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** @param {import('ws').WebSocket} socket */
function count(socket) {
  let messages = 0;
  socket.on('message', (data, isBinary) => {
    if (!isBinary && data.toString() === 'count') socket.send(String(messages));
    else messages++;
  });
}

/** @param {number} i */
function payload(i) {
  const price = (64_000 + i / 8).toFixed(3);
  if (i % 2 === 0) return Buffer.from(`{"s":"BTCUSDT","p":"${price}","q":"0.00420","t":${1_700_000_000_000 + i}}`);
  const tick = Buffer.alloc(32);
  tick.writeDoubleBE(Number(price));
  return tick;
}

/**
 * A small frame from a server: final and unmasked.
 * @param {number} opcode
 * @param {Buffer} payload
 */
function frame(opcode, payload) {
  return Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
}
