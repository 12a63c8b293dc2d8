// Starts many Workers at once, each of which loads the addon and exchanges messages; every other one then ends by itself,
// and the rest are terminated with their connections open. The main thread loads the addon afterwards, or never.
// Arguments: the peer's URL, how many Workers, how many times, and `never` or `later`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

async function exchange(connection) {
  for (let i = 0; i < 50; i++) connection.send(`message ${i}`);
  for (let i = 0; i < 50; i++) assert.equal(await connection.recv(), `message ${i}`);
}

/** Resolves with the exit code. */
async function runWorker(url, stays) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, stays } });
  const exit = once(worker, 'exit');
  if (stays) {
    await once(worker, 'message');
    await worker.terminate();
  }
  return (await exit)[0];
}

if (isMainThread) {
  const [url, count, times, loads] = process.argv.slice(2);
  for (let time = 0; time < times; time++) {
    const workers = Array.from({ length: count }, (_, i) => runWorker(url, i % 2 === 1));
    assert.deepEqual(
      await Promise.all(workers),
      workers.map((_, i) => i % 2),
    );
  }
  if (loads === 'later') {
    const { connect } = await import('hawser');
    const connection = await connect(url);
    await exchange(connection);
    assert.equal(await runWorker(url, false), 0);
    await exchange(connection);
    await connection.terminate();
  }
  console.log('done');
} else {
  const { connect } = await import('hawser');
  const connection = await connect(workerData.url);
  await exchange(connection);
  if (workerData.stays) parentPort.postMessage('busy');
  else await connection.terminate();
}
