// Has a connection that one side does not read, or reads slowly, and says by how much the process has grown.
// Takes one argument, its task as JSON: `{ what, url, options }` and what it needs besides.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'hawser';
import { measureGrowth } from './own-process.mjs';

const { what, url, options, ...task } = JSON.parse(process.argv[2]);

const tasks = {
  /** Receives nothing for `hold` milliseconds. */
  async 'receive nothing'(connection) {
    await sleep(task.hold);
    return { state: connection.state };
  },

  /** Receives `bytes` with pauses, so that the peer has always sent more. */
  async 'receive slowly'(connection) {
    let bytes = 0;
    for (let turn = 0; bytes < task.bytes; turn++) {
      for (const message of await connection.recvMany()) bytes += message.length;
      if (turn % 16 === 0) await sleep(1);
    }
    return { state: connection.state };
  },

  /** Receives until a text comes that says it is the end. */
  async 'receive to the end'(connection) {
    return { last: await connection.recv() };
  },

  /** Sends messages of `size` bytes until it can't. */
  async 'send messages'(connection) {
    const message = task.text ? 'x'.repeat(task.size) : Buffer.alloc(task.size);
    let sent = 0;
    try {
      for (;;) {
        await connection.send(message);
        sent += task.size;
      }
    } catch (error) {
      return { sent, ...inWords(error) };
    }
  },

  /** Sends one endless message in fragments of `size` bytes until it can't. */
  async 'send fragments'(connection) {
    let sent = 0;
    function* fragments() {
      for (;;) {
        yield Buffer.alloc(task.size);
        sent += task.size;
      }
    }
    return connection.send(fragments()).catch((error) => ({ sent, ...inWords(error) }));
  },
};

function inWords(error) {
  return { error: error.name, cause: `${error.cause?.name}: ${error.cause?.message}` };
}

const growth = measureGrowth();
const connection = await connect(url, options);
const result = await tasks[what](connection);
const grown = growth();
await connection.terminate();
console.log(JSON.stringify({ ...result, grown }));
