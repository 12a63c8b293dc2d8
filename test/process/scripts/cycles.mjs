// Opens and ends connections one after the other, and looks whether anything is left of them.
// Takes one argument, its task as JSON. Needs --expose-gc.

import { connect } from 'hawser';
import { check, descriptors, liveReaders, memoryOfValues, residentMemory, threads, turns } from './own-process.mjs';

/** `growth` has the bytes by which memory may grow between `warmUp` cycles and `cycles`. */
const { url, ending, warmUp, cycles, growth } = JSON.parse(process.argv[2]);

const endings = {
  async close() {
    const connection = await connect(url);
    await connection.send('hello');
    await connection.recv();
    await connection.close();
  },
  async terminate() {
    const connection = await connect(url);
    await connection.send('hello');
    await connection.recv();
    await connection.terminate();
  },
  async failure() {
    const failed = await connect(url).then(
      () => false,
      () => true,
    );
    check(failed, 'connect succeeded');
  },
};

/** Now and then it throws away what is unreachable, since Nodes differ in how much of that they let pile up. */
async function run(count) {
  for (let i = 0; i < count; i++) {
    await endings[ending]();
    if (i % 100 === 0) gc();
  }
}

/** What this process has when it is quiet. */
async function stock() {
  await turns(10);
  const values = memoryOfValues();
  return { readers: liveReaders(), threads: threads(), descriptors: descriptors(), values, resident: residentMemory() };
}

function checkGrowth(kind) {
  const grown = after[kind] - before[kind];
  check(grown < growth[kind], `${kind}: memory went from ${before[kind]} to ${after[kind]} bytes`);
}

await run(warmUp);
const before = await stock();
await run(cycles - warmUp);
const after = await stock();

check(after.readers === 0, `${after.readers} readers are alive`);
check(after.threads === before.threads, `threads went from ${before.threads} to ${after.threads}`);
check(after.descriptors === before.descriptors, `descriptors went from ${before.descriptors} to ${after.descriptors}`);
checkGrowth('values');
checkGrowth('resident');
console.log('flat');
