// Goes on through a server's restarts: `reconnect()` waits while it is away and gives a connection whenever it is back.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionClosed, reconnect } from 'hawser';
import { WebSocketServer } from 'ws';

const RESTARTS = 3;

const first = await listen(0);
const { port } = first.address();
const restarting = restart(first);

// The defaults suit a service; these keep the example short.
const options = {
  initialDelay: 50,
  maxDelay: 200,
  stableAfter: 40,
  onRetry({ error, attempt, delay }) {
    console.log(`  ${error.message}; failure ${attempt} in a row, next attempt in ${delay} ms`);
  },
};

for await (const connection of reconnect(`ws://localhost:${port}`, options)) {
  try {
    const hello = await connection.recv();
    console.log(hello);
    // Leaving the loop closes the connection.
    if (hello === `run ${RESTARTS}`) break;
    for await (const message of connection) console.log(message);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
}
(await restarting).close();

async function listen(run) {
  const server = new WebSocketServer({ port: run === 0 ? 0 : port });
  server.on('connection', (socket) => socket.send(`run ${run}`));
  await once(server, 'listening');
  return server;
}

/** Lets the server serve for a while, go away, and come back, by turns; returns the last. */
async function restart(server) {
  let running = server;
  for (let run = 1; run <= RESTARTS; run++) {
    await once(running, 'connection');
    await sleep(50);
    // Some servers say goodbye, and some just vanish.
    for (const socket of running.clients) run % 2 === 0 ? socket.close(1001, 'restarting') : socket.terminate();
    running.close();
    await once(running, 'close');
    await sleep(100);
    running = await listen(run);
  }
  return running;
}
