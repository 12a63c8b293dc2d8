#!/usr/bin/env node
// Memory of many connections that receive compressed messages at a steady rate, hawser's and then those of `ws`, each in
// a process of its own. hawser's is to be flat and below. `node bench/memory.mjs [--connections N] [--rate N]
// [--size BYTES] [--seconds N]`

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { acceptHead, compressedFramesOf, onSmallFrames } from './frames.mjs';
import { median } from './measurement.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: 'string', default: '100' },
    rate: { type: 'string', default: '20' },
    size: { type: 'string', default: '2048' },
    seconds: { type: 'string', default: '120' },
  },
});
const [connections, rate, size, seconds] = [values.connections, values.rate, values.size, values.seconds].map(Number);

/** How much the end may be above the beginning, once warm: pages come and go. */
const FLAT = 1.1;
const TICK = 50;

const PING = 0x9;
const PONG = 0xa;

const [client, port] = positionals;
if (client !== undefined) await receive(client, Number(port));
else await compare();

/** In a process of its own: opens the connections and counts. */
/**
 * @param {string} client
 * @param {number} port
 */
async function receive(client, port) {
  const url = `ws://127.0.0.1:${port}/`;
  let messages = 0;
  let characters = 0;
  /** @param {string} message */
  const count = (message) => {
    messages++;
    characters += message.length;
  };
  for (let i = 0; i < connections; i++) {
    if (client === 'hawser') {
      const { connect } = await import('hawser');
      const connection = await connect(url);
      (async () => {
        for await (const batch of connection.batches()) for (const message of batch) count(String(message));
      })();
    } else {
      const { WebSocket } = await import('ws');
      const socket = new WebSocket(url, { perMessageDeflate: true });
      await once(socket, 'open');
      socket.on('message', (data) => count(data.toString()));
    }
  }
  process.send?.('open');
  process.on('message', () => process.send?.({ messages, characters }));
}

async function compare() {
  const hawser = await measure('hawser');
  const ws = await measure('ws');
  const flat = hawser.end / hawser.begin;
  console.log(`hawser is ${flat <= FLAT ? 'flat' : 'NOT FLAT'}: the end is ${flat.toFixed(2)}x of the beginning`);
  console.log(`hawser / ws: ${(hawser.end / ws.end).toFixed(2)}x ${hawser.end < ws.end ? 'reached' : 'MISSED'}`);
  process.exitCode = flat <= FLAT && hawser.end < ws.end ? 0 : 1;
}

/**
 * The median MiB of the first and the last quarter, the first tenth left out.
 * @param {string} client
 */
async function measure(client) {
  const server = await feed();
  const args = [client, String(server.port), '--connections', values.connections];
  const child = fork(fileURLToPath(import.meta.url), args);
  await once(child, 'message');
  server.start();
  /** @type {number[]} */
  const samples = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    samples.push(residentMemory(Number(child.pid)));
  }
  server.stop();
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.send('report');
  const [{ messages }] = await once(child, 'message');
  child.kill();
  const warm = samples.slice(samples.length / 10);
  const begin = median(warm.slice(0, warm.length / 4));
  const last = median(warm.slice(-warm.length / 4));
  console.log(
    `${client}: ${connections} connections, ${messages} of ${server.sent()} messages of ${size} bytes in ${seconds} s; ` +
      `RSS ${begin.toFixed(1)} MiB, at the end ${last.toFixed(1)} MiB, at most ${Math.max(...samples).toFixed(1)} MiB`,
  );
  if (messages !== server.sent()) throw new Error(`${client} received ${messages} of ${server.sent()} messages`);
  return { begin, end: last };
}

/** A server that sends each connection `rate` messages a second, from `start` to `stop`. */
async function feed() {
  const frames = compressedFramesOf(size);
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  let sent = 0;
  let number = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      socket.write(acceptHead(bytes.toString('latin1'), true));
      sockets.add(socket);
      onSmallFrames(socket, (first, payload) => {
        if ((first & 0x0f) === PING) socket.write(Buffer.concat([Uint8Array.of(0x80 | PONG, payload.length), payload]));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let begun = 0;
  const tick = () => {
    const due = Math.floor(((performance.now() - begun) / 1000) * rate);
    for (; number < due; number++) {
      for (const socket of sockets) socket.write(/** @type {Buffer} */ (frames[number % frames.length]));
      sent += sockets.size;
    }
  };
  return {
    port: /** @type {import('node:net').AddressInfo} */ (server.address()).port,
    start() {
      begun = performance.now();
      timer = setInterval(tick, TICK);
    },
    stop() {
      clearInterval(timer);
      server.close();
      server.unref();
      setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 2000).unref();
    },
    sent: () => sent,
  };
}

/**
 * MiB of a process (Linux).
 * @param {number} pid
 */
function residentMemory(pid) {
  const kibibytes = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kibibytes) / 1024;
}
