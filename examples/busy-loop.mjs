// Three clients in one process, whose event loop is blocked for seconds, and a server that closes who does not answer
// its pings in time. hawser's reader thread answers them; the other clients have to wait for the loop. Exits with 0 if
// hawser's connection has lived.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { connect } from 'hawser';
import { WebSocket, WebSocketServer } from 'ws';

/** Milliseconds: how often the server pings, how long it waits for pongs, and for how long the loop is blocked. */
const PING_INTERVAL = 250;
const PATIENCE = 1_000;
const BLOCKED = 4_000;

if (isMainThread) await main();
else await serve();

async function main() {
  const server = new Worker(new URL(import.meta.url));
  const [port] = await once(server, 'message');
  const url = (name) => `ws://127.0.0.1:${port}/${name}`;

  const connection = await connect(url('hawser'), { pingInterval: PING_INTERVAL, pingTimeout: PATIENCE });
  const hawser = { closed: undefined, close: () => connection.close() };
  connection.closed.then(({ code, reason }) => {
    hawser.closed = `${code} ${reason}`;
  });
  const clients = { hawser, ws: await openStandard(WebSocket, url('ws')) };
  if (globalThis.WebSocket) clients['built-in'] = await openStandard(globalThis.WebSocket, url('built-in'));
  else console.log(`no built-in client: Node.js ${process.version} has no WebSocket unless --experimental-websocket`);

  console.log(
    `server: a ping every ${PING_INTERVAL} ms, patience for ${PATIENCE} ms; event loop: blocked for ${BLOCKED} ms`,
  );
  const end = performance.now() + BLOCKED;
  while (performance.now() < end);
  // Before the loop turns: it was measured meanwhile, by hawser's own pings.
  const { latency } = connection;

  // Whoever was closed hears of it now.
  await sleep(PATIENCE / 2);
  server.postMessage('how many pongs?');
  const [pongs] = await once(server, 'message');
  for (const [name, { closed }] of Object.entries(clients)) {
    const fate = closed === undefined ? 'lives' : `was closed with ${closed}`;
    console.log(`${name.padEnd(8)}  answered ${String(pongs[name]).padStart(2)} pings, ${fate}`);
  }
  console.log(`hawser's latency, as measured while the loop was blocked: ${latency.toFixed(2)} ms`);

  process.exitCode = hawser.closed === undefined ? 0 : 1;
  await Promise.all(Object.values(clients).map((client) => client.close()));
  await server.terminate();
}

/** Opens the `WebSocket` of the Web, which that of `ws` is like. */
async function openStandard(WebSocket, url) {
  const socket = new WebSocket(url);
  const client = { closed: undefined, close: () => socket.close() };
  socket.addEventListener('close', ({ code, reason }) => {
    client.closed = `${code} ${reason}`;
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  return client;
}

/** The server has a thread, and so an event loop, of its own. */
async function serve() {
  const pongs = {};
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket, { url }) => {
    const name = url.slice(1);
    let heard = performance.now();
    pongs[name] = 0;
    socket.on('pong', () => {
      heard = performance.now();
      pongs[name]++;
    });
    const timer = setInterval(() => {
      if (performance.now() - heard > PATIENCE) socket.close(4000, `no pong for ${PATIENCE} ms`);
      else socket.ping();
    }, PING_INTERVAL);
    socket.on('close', () => clearInterval(timer));
  });
  parentPort.on('message', () => parentPort.postMessage(pongs));
  await once(server, 'listening');
  parentPort.postMessage(server.address().port);
}
