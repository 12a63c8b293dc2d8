// Uses two copies of the package at once in one environment. Arguments: the peer's URL, the other copy's entry, and which
// addon that copy loads, if it is another one.

import assert from 'node:assert/strict';
import { connect } from 'hawser';

const [url, entry, addon] = process.argv.slice(2);
if (addon !== undefined) process.env.HAWSER_ADDON = addon;
const other = await import(entry);
assert.notEqual(other.connect, connect);

const connections = await Promise.all([connect(url), other.connect(url), connect(url), other.connect(url)]);
for (let i = 0; i < 300; i++) {
  for (const [at, connection] of connections.entries()) connection.send(`${at} ${i}`);
  const answers = await Promise.all(connections.map((connection) => connection.recv()));
  assert.deepEqual(
    answers,
    connections.map((_, at) => `${at} ${i}`),
  );
}
await Promise.all(connections.map((connection) => connection.terminate()));
console.log('done');
