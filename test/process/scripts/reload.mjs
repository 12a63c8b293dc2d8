// Loads the package again and again as a test runner does that gives each file modules of its own: what was required is
// forgotten and required anew, in one process. All copies have a connection and use it side by side; then they end.
// Arguments: the peer's URL, how many copies, and `addon` where the addon is forgotten as well.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { check, liveReaders } from './own-process.mjs';

const [url, count, what] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const forgotten = what === 'addon' ? [`${sep}dist${sep}`, '.node'] : [`${sep}dist${sep}`];

function load() {
  for (const file of Object.keys(require.cache)) {
    if (forgotten.some((part) => file.includes(part))) delete require.cache[file];
  }
  return require('hawser');
}

const copies = Array.from({ length: Number(count) }, load);
assert.equal(new Set(copies.map(({ connect }) => connect)).size, copies.length);

const connections = await Promise.all(copies.map(({ connect }) => connect(url)));
assert.equal(liveReaders(), copies.length);
for (let i = 0; i < 100; i++) {
  for (const [at, connection] of connections.entries()) connection.send(`${at} ${i}`);
  const answers = await Promise.all(connections.map((connection) => connection.recv()));
  assert.deepEqual(
    answers,
    connections.map((_, at) => `${at} ${i}`),
  );
}

// An error is of the classes of its own copy; its name and code are the same in all of them.
for (const [at, connection] of connections.entries()) {
  await connection.terminate();
  const error = await connection.recv().catch((error) => error);
  assert.equal(error.code, 'HAWSER_CONNECTION_CLOSED_ERROR');
  assert.equal(error.name, 'ConnectionClosedError');
  const of = copies.map(({ HawserError }) => error instanceof HawserError);
  assert.deepEqual(
    of,
    copies.map((_, i) => i === at),
  );
}
check(liveReaders() === 0, `${liveReaders()} readers are alive in the end`);
console.log('done');
