// Opens connections, drops them without closing them, and waits until they are collected, ten at a time.
// Arguments: the peer's URL, how many in all, and the URL of who looks at the peer. Needs --expose-gc.

import { connect } from 'hawser';
import { check, collectUntil, descriptors, liveReaders, threads } from './own-process.mjs';

const [url, count, observerUrl] = process.argv.slice(2);

let opened = 0;
let collected = 0;
const registry = new FinalizationRegistry(() => collected++);

async function useAndDrop() {
  const connection = await connect(url);
  registry.register(connection);
  await connection.recv();
}

async function round() {
  opened += 10;
  await Promise.all(Array.from({ length: 10 }, useAndDrop));
  await collectUntil(() => collected === opened && liveReaders() === 0);
}

await round();
const before = { threads: threads(), descriptors: descriptors() };
while (opened < Number(count)) await round();
check(threads() <= before.threads, `${threads()} threads after ${count} connections, ${before.threads} after ten`);
check(descriptors() <= before.descriptors, `${descriptors()} descriptors, ${before.descriptors} after ten`);

// This process lives on until the peer has seen the end of each.
const observer = await connect(observerUrl);
await observer.send('all are collected');
console.log(await observer.recv());
await observer.terminate();
