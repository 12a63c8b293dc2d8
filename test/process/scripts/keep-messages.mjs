// Receives many small messages, keeps some, and shows how much memory each of those holds.
// Takes one argument, its task as JSON. Needs --expose-gc.

import assert from 'node:assert/strict';
import { connect } from 'hawser';
import { memoryOfValues } from './own-process.mjs';

/** `warmUpUrl` and `url` lead to peers that send `warmUp` and `count` messages, which start with their number. */
const { style, warmUpUrl, warmUp, url, count, every } = JSON.parse(process.argv[2]);

const styles = {
  async recv(connection, visit) {
    for (let i = 0; ; i++) if (!visit(i, await connection.recv())) return;
  },
  async recvMany(connection, visit) {
    for (let i = 0; ; ) for (const message of await connection.recvMany()) if (!visit(i++, message)) return;
  },
  async batches(connection, visit) {
    let i = 0;
    for await (const batch of connection.batches()) for (const message of batch) if (!visit(i++, message)) return;
  },
};

async function receive(from, total) {
  const connection = await connect(from);
  const kept = [];
  await styles[style](connection, (i, message) => {
    if (i % every === 0) kept.push(message);
    return i + 1 < total;
  });
  await connection.terminate();
  return kept;
}

await receive(warmUpUrl, warmUp);
const before = memoryOfValues();
const kept = await receive(url, count);
const held = memoryOfValues() - before;

for (const [i, message] of kept.entries()) assert.equal(Number.parseInt(message, 10), i * every);
console.log(JSON.stringify({ kept: kept.length, bytesEach: Math.round(held / kept.length) }));
