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
