// A Worker that does one thing with a connection until somebody ends it, and says when it is at it.

import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { connect, reconnect } from 'hawser';
import { createDuplex } from 'hawser/streams';
import { setDelays } from './own-process.mjs';

const { url, activity, delays } = workerData;
setDelays(delays);

/** What ends while it is waited for ends unheard. */
function inBackground(promise) {
  promise.catch(() => {});
}

const activities = {
  async connecting() {
    inBackground(connect(url, { openTimeout: null }));
  },
  async closing() {
    const connection = await connect(url, { closeTimeout: null });
    inBackground(connection.close());
  },
  async terminating() {
    const connection = await connect(url);
    inBackground(connection.terminate());
  },
  async 'waiting in recv'() {
    const connection = await connect(url);
    inBackground(connection.recv());
  },
  async 'waiting in a ping'() {
    const connection = await connect(url);
    inBackground(connection.ping());
  },
  async 'receiving one by one'() {
    const connection = await connect(url);
    await connection.recv();
    inBackground(
      (async () => {
        while (true) await connection.recv();
      })(),
    );
  },
  async iterating() {
    const connection = await connect(url);
    await connection.recv();
    inBackground(
      (async () => {
        for await (const _message of connection);
      })(),
    );
  },
  async 'receiving batches'() {
    const connection = await connect(url);
    await connection.recv();
    inBackground(
      (async () => {
        for await (const _messages of connection.batches());
      })(),
    );
  },
  async 'receiving fragments'() {
    const connection = await connect(url);
    await connection.recv();
    inBackground(
      (async () => {
        while (true) for await (const _fragment of connection.recvStream());
      })(),
    );
  },
  async 'reading a stream'() {
    const stream = createDuplex(await connect(url));
    await once(stream, 'readable');
    stream.on('error', () => {}).resume();
  },
  /** The reader comes to its high-water mark and pauses. */
  async 'receiving nothing'() {
    const connection = await connect(url, { maxQueue: 1000 });
    await connection.recv();
    keep(connection);
  },
  async 'waiting on ten connections'() {
    const connections = await Promise.all(Array.from({ length: 10 }, () => connect(url)));
    for (const connection of connections) inBackground(connection.recv());
  },
  async sending() {
    const connection = await connect(url);
    const payload = Buffer.alloc(100_000);
    inBackground(
      (async () => {
        while (true) await Promise.all([connection.send('small'), connection.send(payload)]);
      })(),
    );
  },
  async 'sending in fragments'() {
    const connection = await connect(url);
    inBackground(connection.send(endless()));
  },
  async 'sending many'() {
    const connection = await connect(url);
    inBackground(connection.sendMany(endlessly('small', Buffer.alloc(100_000))));
  },
  /** From the first failure on it waits, connects and waits again. */
  async reconnecting() {
    await new Promise((failed) => {
      const options = { initialDelay: 10, maxDelay: 10, onRetry: () => failed() };
      inBackground(reconnect(url, options).next());
    });
  },
};

async function* endless() {
  for (let i = 0; ; i++) {
    yield `fragment ${i}`;
    await nextTurn();
  }
}

function* endlessly(...messages) {
  while (true) yield* messages;
}

/** Whoever waits keeps the connection; who does not, needs this. */
function keep(connection) {
  setInterval(() => connection.state, 1000);
}

await activities[activity]();
parentPort.postMessage(activity);
