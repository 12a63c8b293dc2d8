// Ends its process, or a Worker, by process.exit() in the middle of a flood.
// Arguments: the peer's URL, the exit code, after how many messages, and from where.

import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { connect } from 'hawser';

const [url, code, after, place] = process.argv.slice(2);
const exit = () => process.exit(Number(code));

const places = {
  async 'a recv'() {
    const connection = await connect(url);
    for (let i = 0; i < Number(after); i++) await connection.recv();
    exit();
  },
  async 'a loop over batches'() {
    const connection = await connect(url);
    let count = 0;
    for await (const messages of connection.batches()) {
      count += messages.length;
      if (count > Number(after)) exit();
    }
  },
  async 'a loop over fragments'() {
    const connection = await connect(url);
    for (let count = 0; ; ) {
      for await (const _fragment of connection.recvStream()) if (++count > Number(after)) exit();
    }
  },
  /** What it has given is staged or on its way. */
  async 'a generator whose items are being sent'() {
    const connection = await connect(url);
    await connection.send(
      (async function* () {
        for (let i = 0; ; i++) {
          if (i > Number(after) / 10) exit();
          yield await connection.recv();
        }
      })(),
    );
  },
  async 'a generator whose messages are being sent'() {
    const connection = await connect(url);
    await connection.sendMany(
      (function* () {
        for (let i = 0; ; i++) {
          if (i > Number(after)) exit();
          yield 'x'.repeat(i);
        }
      })(),
    );
  },
  /** With one reader that delivers, one that has paused, one that is dialling and one that closes. */
  async 'a timer'() {
    const connections = await Promise.all([connect(url), connect(url), connect(url)]);
    (async () => {
      for await (const _message of connections[0]);
    })();
    connections[1].close();
    connect(url);
    setTimeout(exit, Number(after) / 100);
  },
  async 'an exit handler'() {
    const connection = await connect(url);
    process.once('exit', () => {
      connection.tryRecv();
      exit();
    });
    await connection.recv();
    process.exit(0);
  },
  async 'a Worker'() {
    if (!isMainThread) return places['a recv']();
    const worker = new Worker(new URL(import.meta.url), { argv: [url, '70', after, place] });
    const [workersCode] = await once(worker, 'exit');
    if (workersCode === 70) exit();
  },
};

await places[place]();
