#!/usr/bin/env node
// `npm run demo`: hawser and `ws`, one after the other, receive the same messages from an npm `ws` server and send
// some back; see how fast they are and how busy they keep this thread's event loop.

import { once } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { connect } from 'hawser';
import { WebSocket } from 'ws';

const STREAMED = 4_000_000;
const RATE = 250_000;
const SECONDS = 1.5;
const SENT = 100_000;

const require = createRequire(import.meta.url);
const number = new Intl.NumberFormat('en');
const bold = style('\x1b[1m');
const dim = style('\x1b[2m');

const server = new Worker(new URL('demo-server.mjs', import.meta.url));
const [port] = await once(server, 'message');
const at = (/** @type {string} */ path) => `ws://127.0.0.1:${port}/${path}`;

console.log(
  `${bold(`hawser ${require('hawser/package.json').version}`)} beside ws ${require('ws/package.json').version}, ` +
    `Node.js ${process.version}, ${availableParallelism()} cores`,
);

console.log(`\n${bold('Receiving')} ${number.format(STREAMED)} small messages, text and binary, as fast as they come`);
const streamed = await both((receive, show) => receive(at(`stream/${STREAMED}`), STREAMED, show), perSecond);
console.log(`  ${bold(`${(streamed.ws.seconds / streamed.hawser.seconds).toFixed(1)}x`)} as fast as ws`);

console.log(`\n${bold('Receiving')} ${number.format(RATE)} messages a second for ${SECONDS} seconds`);
const path = `paced/${RATE}/${SECONDS}`;
const paced = await both((receive, show) => receive(at(path), RATE * SECONDS, show), perSecond);
console.log(`  ${bold(`${(paced.hawser.busy / paced.ws.busy).toFixed(2)}x`)} of the event loop's time that ws takes`);

console.log(`\n${bold('Sending')} ${number.format(SENT)} messages`);
const sent = { hawser: await sendWithHawser(), ws: await sendWithWs() };
for (const [name, { seconds, counted }] of Object.entries(sent)) {
  report(name, `${perSecond(SENT, seconds)}; the server counted ${number.format(counted)}`);
}

const { code, reason, wasClean, receivedFirst } = sent.hawser.outcome;
console.log(
  `\n${bold('Closed')} with ${code} "${reason}", ${wasClean ? 'clean' : 'not clean'}, ` +
    `${receivedFirst ? 'the server' : 'hawser'} began it; the reader thread has ended`,
);
await server.terminate();

/**
 * @typedef {(received: number) => void} Show
 * @typedef {(url: string, count: number, show: Show) => Promise<void>} Receive
 */

/**
 * Runs the same with both clients and tells the rate and the event loop's utilization.
 * @param {(receive: Receive, show: Show) => Promise<void>} run
 * @param {(messages: number, seconds: number) => string} rate
 */
async function both(run, rate) {
  return { hawser: await measure('hawser', receiveWithHawser), ws: await measure('ws', receiveWithWs) };

  /** @type {(name: string, receive: Receive) => Promise<{ seconds: number, busy: number }>} */
  async function measure(name, receive) {
    const progress = showProgress(name, rate);
    const loop = performance.eventLoopUtilization();
    const start = performance.now();
    await run(receive, progress.show);
    const seconds = (performance.now() - start) / 1000;
    const busy = performance.eventLoopUtilization(loop).utilization;
    const total = progress.stop();
    report(name, `${rate(total, seconds)} ${dim(`in ${seconds.toFixed(2)} s`)}   event loop ${percent(busy)} busy`);
    return { seconds, busy };
  }
}

/** @type {Receive} */
async function receiveWithHawser(url, count, show) {
  const connection = await connect(url);
  let received = 0;
  let length = 0;
  for await (const messages of connection.batches()) {
    for (const message of messages) length += message.length;
    received += messages.length;
    show(received);
    if (received >= count) break;
  }
  if (length === 0) throw new Error('the messages were empty');
  await connection.close();
}

/** @type {Receive} */
async function receiveWithWs(url, count, show) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let received = 0;
  let length = 0;
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? /** @type {Buffer} */ (data) : data.toString();
      length += message.length;
      show(++received);
      if (received >= count) resolve(undefined);
    });
  });
  if (length === 0) throw new Error('the messages were empty');
  socket.close();
  await once(socket, 'close');
}

async function sendWithHawser() {
  const connection = await connect(at('count'));
  const start = performance.now();
  // `send()` resolves when there is room again, so that memory stays bounded.
  for (let i = 0; i < SENT; i++) await connection.send(`{"order":${i},"side":"buy"}`);
  await connection.send('count');
  const counted = Number(await connection.recv());
  const seconds = (performance.now() - start) / 1000;
  return { seconds, counted, outcome: await connection.close(1000, 'demo over') };
}

async function sendWithWs() {
  const socket = new WebSocket(at('count'), { perMessageDeflate: false });
  await once(socket, 'open');
  const start = performance.now();
  for (let i = 0; i < SENT; i++) socket.send(`{"order":${i},"side":"buy"}`);
  socket.send('count');
  const [answer] = await once(socket, 'message');
  const seconds = (performance.now() - start) / 1000;
  socket.close();
  await once(socket, 'close');
  return { seconds, counted: Number(answer) };
}

/**
 * A line that follows the count: rewritten on a terminal, else now and then a new one.
 * @param {string} name
 * @param {(messages: number, seconds: number) => string} rate
 */
function showProgress(name, rate) {
  const start = performance.now();
  let received = 0;
  const terminal = process.stdout.isTTY;
  const timer = setInterval(
    () => {
      const line = `  ${name.padEnd(8)}${dim(number.format(received).padStart(11))}`;
      const text = `${line} ${rate(received, (performance.now() - start) / 1000)}`;
      process.stdout.write(terminal ? `\r\x1b[K${text}` : `${text}\n`);
    },
    terminal ? 80 : 1000,
  );
  return {
    /** @type {Show} */
    show(count) {
      received = count;
    },
    stop() {
      clearInterval(timer);
      if (terminal) process.stdout.write('\r\x1b[K');
      return received;
    },
  };
}

/**
 * @param {string} name
 * @param {string} text
 */
function report(name, text) {
  console.log(`  ${name.padEnd(8)}${text}`);
}

/**
 * @param {number} messages
 * @param {number} seconds
 */
function perSecond(messages, seconds) {
  return `${number.format(Math.round(messages / seconds / 1000) * 1000).padStart(11)} messages/s`;
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(1)} %`.padStart(7);
}

/** @param {string} code */
function style(code) {
  return (/** @type {string} */ text) => (process.stdout.isTTY ? `${code}${text}\x1b[0m` : text);
}
