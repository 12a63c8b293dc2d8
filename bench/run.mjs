#!/usr/bin/env node
// Measures hawser against `ws` with bufferutil: A B A B, each measurement in a fresh process, against one server in
// a process of its own. `node bench/run.mjs [CASE...] [--runs N] [--duration MS] [--warm-up MS] [--list]`

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { caseNamed, cases } from './cases.mjs';
import { makeCertificates } from './certificates.mjs';
import { payloadOf } from './payloads.mjs';
import { printCase, printHead } from './table.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./measurement.mjs').Result} Result
 */

const require = createRequire(import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    duration: { type: 'string', default: '1500' },
    'warm-up': { type: 'string', default: '500' },
    list: { type: 'boolean', default: false },
  },
});

if (values.list) {
  for (const { name } of cases) console.log(name);
  process.exit();
}
const chosen = positionals.length > 0 ? positionals.map(caseNamed) : cases;
const runs = Number(values.runs);

const { cert, key, ca } = await makeCertificates();
const server = fork(file('server.mjs'), { env: { ...process.env, BENCH_CERT: cert, BENCH_KEY: key } });
/** @type {[import('./server.mjs').Ports]} */
const [ports] = await once(server, 'message');
console.log(
  `Node.js ${process.version}, ${os.cpus().length} x ${os.cpus()[0]?.model.trim()}; ` +
    `ws ${versionOf('ws')}, bufferutil ${versionOf('bufferutil')}; ` +
    `medians (least..most) of ${runs} runs of ${values.duration} ms\n`,
);
printHead();
let missed = 0;
for (const order of chosen) {
  const pairs = [];
  for (let run = 0; run < runs; run++) {
    showProgress(`${order.name}: run ${run + 1} of ${runs}`);
    const hawser = await measure('client-hawser.mjs', order);
    pairs.push({ hawser, ws: await measure('client-ws.mjs', order) });
  }
  showProgress('');
  if (!printCase(order, pairs)) missed++;
}
console.log(missed === 0 ? '\nall targets reached' : `\ntargets missed in ${missed} of ${chosen.length} cases`);
server.disconnect();

/**
 * @param {string} client
 * @param {Case} order
 * @returns {Promise<Result>}
 */
async function measure(client, order) {
  const counted = order.what === 'send' ? once(server, 'message') : undefined;
  const args = [order.name, String(portFor(order)), values['warm-up'], values.duration];
  const child = fork(file(client), args, { env: { ...process.env, BENCH_CA: ca } });
  const result = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code, signal) => reject(new Error(`${client} ended with ${signal ?? code}`)));
  });
  if (counted) checkBytes(client, order, result, (await counted)[0].bytes);
  return result;
}

/** @param {Case} order */
function portFor({ what, tls, resumable }) {
  if (!tls) return ports.plain;
  if (what === 'receive') return ports.ahead;
  return resumable === false ? ports.notResumable : ports.tls;
}

/**
 * A rate counts only what has arrived.
 * @param {string} client
 * @param {Case} order
 * @param {Result} result
 * @param {number} bytes
 */
function checkBytes(client, { payload, size }, { allMessages }, bytes) {
  const payloadSize = payloadOf(payload, size).length;
  const header = (payloadSize < 126 ? 2 : payloadSize < 65536 ? 4 : 10) + 4;
  const sent = allMessages * (header + payloadSize);
  if (bytes !== sent) throw new Error(`${client} sent ${sent} bytes; ${bytes} arrived`);
}

/** @param {string} text */
function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** @param {string} name */
function file(name) {
  return path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), name);
}

/** @param {string} name */
function versionOf(name) {
  return require(`${name}/package.json`).version;
}
