// Opens connections, drops them without closing them, and waits until they are collected, ten at a time.
// Arguments: the peer's URL, and how many in all. Needs --expose-gc.

import { connect } from 'hawser';
import { check, collectUntil, descriptors, liveReaders, threads } from './own-process.mjs';

const [url, count] = process.argv.slice(2);

let collected = 0;
const registry = new FinalizationRegistry(() => collected++);

async function useAndDrop() {
  const connection = await connect(url);
  registry.register(connection);
  await connection.send('hello');
  await connection.recv();
}

async function round() {
  await Promise.all(Array.from({ length: 10 }, useAndDrop));
  await collectUntil(() => liveReaders() === 0);
}

await round();
const before = { threads: threads(), descriptors: descriptors() };
while (collected < Number(count)) {
  await round();
  await collectUntil(() => collected % 10 === 0);
}
check(threads() <= before.threads, `${threads()} threads after ${count} connections, ${before.threads} after ten`);
check(descriptors() <= before.descriptors, `${descriptors()} descriptors, ${before.descriptors} after ten`);

// The peer is asked whether it has seen every connection's end, while this process is still alive.
const question = await connect(url);
await question.send('all collected');
await question.recv();
console.log(await question.recv());
await question.terminate();
