// Exchanges messages with an echoing peer, in the main thread and in Workers at once, each with its own connection.
// Takes one argument, its task as JSON.

import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { connect } from 'hawser';
import { check } from './own-process.mjs';

/** `addons` are the files that the Workers load, one each. */
const { url, count, addons } = JSON.parse(process.argv[2]);

/** Binary, ASCII, other text; of all lengths up to a few hundred bytes, now and then a large one. */
function message(i) {
  const length = i % 1000 === 0 ? 100_000 : (i * 31) % 300;
  const text = `${i} `.padEnd(length, i % 3 === 1 ? 'a' : 'é');
  return i % 3 === 0 ? Buffer.from(text) : text;
}

function equal(a, b) {
  return typeof a === 'string' ? a === b : Buffer.isBuffer(b) && a.equals(b);
}

async function exchange() {
  const connection = await connect(url);
  const sending = (async () => {
    for (let i = 0; i < count; i++) await connection.send(message(i));
  })();
  for (let i = 0; i < count; i++)
    check(equal(message(i), await connection.recv()), `message ${i} is not what was sent`);
  await sending;
  await connection.terminate();
}

if (isMainThread) {
  const workers = addons.map(
    (addon) =>
      new Worker(new URL(import.meta.url), { argv: [process.argv[2]], env: { ...process.env, HAWSER_ADDON: addon } }),
  );
  const codes = workers.map(async (worker) => (await once(worker, 'exit'))[0]);
  await exchange();
  console.log('exit codes of the Workers:', ...(await Promise.all(codes)));
} else {
  await exchange();
}
