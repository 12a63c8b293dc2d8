// Waits on a connection that nobody refers to, collects garbage meanwhile, and drops it when it has what it waited for.
// Arguments: the peer's URL, what is waited for, and the URL of who hears that garbage was collected. Needs --expose-gc.

import { connect } from 'hawser';
import { collectUntil, liveReaders } from './own-process.mjs';

const [url, wait, observerUrl] = process.argv.slice(2);

const waits = {
  connect: () => 'late',
  recv: (connection) => connection.recv(),
  'recv with a timeout': (connection) => connection.recv({ timeout: 60_000 }),
  recvMany: async (connection) => (await connection.recvMany())[0],
  iteration: async (connection) => {
    for await (const message of connection) return message;
  },
  batches: async (connection) => {
    for await (const [message] of connection.batches()) return message;
  },
  ping: async (connection) => typeof (await connection.ping()),
  send: async (connection) => `${await connection.send(Buffer.alloc(32 << 20))}`,
  closed: async (connection) => (await connection.closed).reason,
  close: async (connection) => (await connection.close()).reason,
};

async function waitUnreferenced() {
  console.log(await waits[wait](await connect(url)));
}

const waited = waitUnreferenced();
const observer = await connect(observerUrl);

let collections = 0;
await collectUntil(() => ++collections > 20);
await observer.send('garbage was collected');
await waited;
// Nobody waits any more.
await collectUntil(() => liveReaders() === 1);
await observer.terminate();
