// Starts Workers that are busy with connections and terminates them, again and again, while the main thread has a
// connection of its own under a flood. Arguments: one JSON object.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connect } from 'hawser';
import { check, liveReaders, turns, until } from './own-process.mjs';

/** `before` is milliseconds, of the reader's test delay before it returns; `margin` what an end may take beyond. */
const { rounds, url, activities, floodUrl, before = 0, margin } = JSON.parse(process.argv[2]);

const own = await connect(floodUrl);
let received = 0;
const receiving = (async () => {
  for await (const messages of own.batches()) received += messages.length;
})();

for (let round = 0; round < rounds; round++) {
  const workers = activities.map(
    (activity) =>
      new Worker(new URL('busy-worker.mjs', import.meta.url), {
        workerData: { url, activity, delays: { 'before-return': before } },
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  // Each round meets the readers at another moment.
  if (round % 2 === 0) await turns(round);
  else await sleep(round / 10);
  const began = performance.now();
  await Promise.all(workers.map((worker) => worker.terminate()));
  const took = performance.now() - began;
  check(liveReaders() === 1, `${liveReaders()} readers are alive after the workers' end, the main thread's included`);
  check(took < before + margin, `the workers' end took ${took} ms`);
  const before_ = received;
  await until(() => received > before_);
}

await own.terminate();
await receiving.catch(() => {});
check(liveReaders() === 0, `${liveReaders()} readers are alive in the end`);
console.log('done');
