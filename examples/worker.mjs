// A connection in a Worker: it receives and parses there, and only results come to the main thread.

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect } from 'hawser';

if (isMainThread) await main();
else await work();

async function main() {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ port: 0 });
  server.on('connection', (socket) => {
    for (let i = 1; i <= 1000; i++) socket.send(JSON.stringify({ amount: i }));
    socket.close(1000, 'that is all');
  });
  await once(server, 'listening');

  const worker = new Worker(new URL(import.meta.url), { workerData: `ws://localhost:${server.address().port}` });
  worker.on('message', (result) => console.log(result));
  await once(worker, 'exit');
  server.close();
}

async function work() {
  const connection = await connect(workerData);
  let sum = 0;
  for await (const message of connection) sum += JSON.parse(message).amount;
  const { code, reason } = await connection.closed;
  parentPort.postMessage({ sum, code, reason });
}
