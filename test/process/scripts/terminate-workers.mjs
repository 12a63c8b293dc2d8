// Starts Workers that are busy with connections and terminates them, again and again, while the main thread has a
// connection of its own. Takes one argument, its task as JSON.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connect } from 'hawser';
import { check, liveReaders, turns, until } from './own-process.mjs';

/** `delay` is milliseconds, for which the Workers' readers wait before they return; an end takes `most` at most. */
const { rounds, activities, url, ownUrl, delay, most } = JSON.parse(process.argv[2]);

const own = await connect(ownUrl);
let received = 0;
const receiving = (async () => {
  for await (const messages of own.batches()) received += messages.length;
})();

for (let round = 0; round < rounds; round++) {
  const workers = activities.map(
    (activity) =>
      new Worker(new URL('busy-worker.mjs', import.meta.url), {
        workerData: { url, activity, delays: { 'before-return': delay } },
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  // Each round meets the readers at another moment.
  if (round % 2 === 0) await turns(round);
  else await sleep(round / 5);
  const began = performance.now();
  await Promise.all(workers.map((worker) => worker.terminate()));
  const took = performance.now() - began;
  check(liveReaders() === 1, `${liveReaders()} readers are alive after the Workers, the main thread's included`);
  check(took >= delay && took <= most, `the Workers' end took ${took} ms`);
  const before = received;
  await own.send('go on');
  await until(() => received > before);
}

await own.terminate();
await receiving.catch(() => {});
check(liveReaders() === 0, `${liveReaders()} readers are alive in the end`);
console.log('done');
