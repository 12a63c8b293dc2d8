// What a binary has to do on its platform, a line for each behaviour; the first that fails ends it with 1. Plain
// JavaScript on what is built, since it is run by Node.js versions that run nothing else, under emulators too.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { binaryAt, burst, textAt } from './payloads.mjs';

const { plain, secure } = JSON.parse(process.env.SMOKE_PORTS ?? '');
const ca = process.env.SMOKE_CA;
const started = performance.now();
const require = createRequire(import.meta.url);
/** @type {typeof import('../../lib/index.js')} */
const hawser = require('../../dist/index.js');
const { connect } = hawser;

/** @param {string} path */
const url = (path) => `ws://127.0.0.1:${plain}${path}`;

/**
 * @param {string} name
 * @param {() => Promise<unknown>} behaviour
 */
async function shows(name, behaviour) {
  try {
    await behaviour();
    console.log(`  ok: ${name}`);
  } catch (error) {
    console.error(`  FAILED: ${name}`, error);
    process.exit(1);
  }
}

/** @param {import('../../lib/index.js').Connection} connection */
async function echoes(connection) {
  const large = Buffer.alloc(300_000, 'compressible ');
  for (const sent of ['', textAt(7), Buffer.from([0, 1, 255]), large]) {
    await connection.send(sent);
    assert.deepEqual(await connection.recv(), sent);
  }
  return large.length;
}

const target = process.env.SMOKE_TARGET;
if (target) {
  await shows(`is the binary of ${target}`, async () => {
    const loaded = Object.keys(require.cache).filter((file) => file.endsWith('.node'));
    assert.deepEqual(loaded, [fileURLToPath(new URL(`../../prebuilds/${target}/hawser.node`, import.meta.url))]);
  });
}

await shows('loads and connects', async () => {
  const connection = await connect(url('/hold'), { compression: false });
  assert.equal(connection.state, 'OPEN');
  assert.equal((await connection.close()).code, 1000);
});

await shows('receives text and binary in batches, complete and in order', async () => {
  const connection = await connect(url('/burst'), { compression: false });
  let next = 0;
  let largest = 0;
  for await (const batch of connection.batches()) {
    for (const message of batch) {
      assert.deepEqual(message, next % 2 === 0 ? textAt(next) : binaryAt(next));
      next++;
    }
    largest = Math.max(largest, batch.length);
  }
  assert.equal(next, burst);
  assert.ok(largest > 1, `the largest batch had ${largest} message`);
  const { code, reason, wasClean } = await connection.closed;
  assert.deepEqual({ code, reason, wasClean }, { code: 1000, reason: 'that is all', wasClean: true });
});

await shows('sends text and binary', async () => {
  const connection = await connect(url('/echo'), { compression: false });
  const size = await echoes(connection);
  assert.ok(connection.stats().sent.wireBytes > size);
  await connection.close();
});

await shows('deflates and inflates', async () => {
  const connection = await connect(url('/echo'));
  const size = await echoes(connection);
  const { sent, received } = connection.stats();
  assert.ok(sent.wireBytes < size / 10, `sent ${sent.wireBytes} bytes`);
  assert.ok(received.wireBytes < size / 10, `received ${received.wireBytes} bytes`);
  await connection.close();
});

await shows('speaks TLS with a verified certificate', async () => {
  const connection = await connect(`wss://localhost:${secure}/echo`, { tls: { ca } });
  assert.match(connection.tls?.protocol ?? '', /^TLSv1\.[23]$/);
  await echoes(connection);
  assert.equal((await connection.close(1000)).wasClean, true);
});

await shows('refuses a certificate that nobody vouches for', async () => {
  await assert.rejects(connect(`wss://localhost:${secure}/echo`), hawser.CertificateError);
});

await shows('pings by itself and when told to', async () => {
  const connection = await connect(url('/count-pings'), { pingInterval: 50 });
  assert.equal(await connection.recv(), 'three pings');
  assert.ok((await connection.ping()) >= 0);
  await connection.close();
});

await shows("closes with a code and a reason, its own and the peer's", async () => {
  const own = await (await connect(url('/hold'))).close(4000, 'enough');
  assert.deepEqual(own.sent, { code: 4000, reason: 'enough' });
  assert.deepEqual(own.received, own.sent);
  const connection = await connect(url('/close'));
  await connection.send('close, please');
  const { code, reason, wasClean } = await connection.closed;
  assert.deepEqual({ code, reason, wasClean }, { code: 4001, reason: 'as you wish', wasClean: true });
});

await shows('says why when its peer vanishes', async () => {
  const connection = await connect(url('/vanish'));
  await connection.send('vanish, please');
  const { code, cause } = await connection.closed;
  assert.equal(code, 1006);
  assert.match(String(/** @type {NodeJS.ErrnoException} */ (cause).code), /^ECONN(RESET|ABORTED)$/);
});

await shows('works in a Worker, which may end while it is connected', async () => {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: url('/echo') });
  const [message] = await once(worker, 'message');
  assert.equal(message, 'from a Worker');
  await worker.terminate();
  const own = await connect(url('/echo'));
  await echoes(own);
  await own.close();
});

const { node, uv, openssl, zlib } = process.versions;
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`  Node.js ${node}, libuv ${uv}, OpenSSL ${openssl}, zlib ${zlib}: all in ${seconds} s`);
// With a connection open and its thread alive: the exit has to end it, and its code is what the runner looks at.
await connect(url('/hold'));
process.exit(0);
