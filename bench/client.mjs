// What both clients share: reads the order from the command line, runs what its case asks for and reports.

import { setTimeout as sleep } from 'node:timers/promises';
import { caseNamed } from './cases.mjs';
import { Measurement, quantile } from './measurement.mjs';
import { payloadOf } from './payloads.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {string | Buffer} Message
 *
 * @typedef {object} Sender
 * @property {(message: Message, last: boolean) => Promise<unknown> | undefined} send What to wait for before the next
 *   turn; only the result for a turn's last message is waited for.
 * @property {() => number} buffered Bytes that were sent and have not reached the socket.
 *
 * @typedef {object} Client
 * @property {() => Promise<() => Promise<unknown>>} open Another connection, like the first; returns what ends it.
 * @property {(order: Case, measurement: Measurement) => Promise<void>} receive Until `count` says that it is over.
 * @property {(order: Case) => Sender} sender
 * @property {(message: Message) => Promise<unknown>} echo Sends, and resolves with the answer.
 * @property {() => Promise<unknown>} close
 */

/** How many connections are being opened at a time. */
const AT_ONCE = 16;

/** The authority of the server's certificate. */
export const ca = process.env['BENCH_CA'] ?? '';

/** @param {(url: string, order: Case) => Promise<Client>} open */
export async function run(open) {
  const [name = '', port = '', warmUp = '', duration = ''] = process.argv.slice(2);
  const order = caseNamed(name);
  const client = await open(`${order.tls ? 'wss' : 'ws'}://127.0.0.1:${port}/${name}`, order);
  const measurement = new Measurement({ warmUp: Number(warmUp), duration: Number(duration) });
  const result = await measure(client, order, measurement);
  await client.close();
  process.send?.(result, () => process.disconnect());
}

/**
 * @param {Client} client
 * @param {Case} order
 * @param {Measurement} measurement
 */
async function measure(client, order, measurement) {
  const bytes = payloadOf(order.payload, order.size);
  const message = order.payload === 'binary' ? bytes : bytes.toString();
  if (order.what === 'receive') {
    await client.receive(order, measurement);
    return measurement.result();
  }
  if (order.what === 'open') {
    await Promise.all(Array.from({ length: AT_ONCE }, () => openOneAfterAnother(client, measurement)));
    return measurement.result();
  }
  if (order.what === 'send') {
    await sendTurns(client.sender(order), order, message, measurement);
    return measurement.result();
  }
  const latencies = await echoOneAtATime(client, message, measurement);
  return { ...measurement.result(), p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

/**
 * Each connection is ended as soon as it is open.
 * @param {Client} client
 * @param {Measurement} measurement
 */
async function openOneAfterAnother(client, measurement) {
  for (;;) {
    const end = await client.open();
    const over = measurement.count(1, 1);
    await end();
    if (over) return;
  }
}

/**
 * Sends a number of messages in each turn of the event loop. The window ends when the last has reached the socket.
 * @param {Sender} sender
 * @param {Case} order
 * @param {Message} message
 * @param {Measurement} measurement
 */
async function sendTurns({ send, buffered }, { perTurn = 1, fresh }, message, measurement) {
  await new Promise((resolve, reject) => {
    function turn() {
      /** @type {Promise<unknown> | undefined} */
      let accepted;
      for (let i = 1; i <= perTurn; i++) {
        accepted = send(fresh ? Buffer.allocUnsafeSlow(message.length) : message, i === perTurn);
      }
      if (measurement.count(perTurn, perTurn * message.length)) return resolve(undefined);
      if (accepted) accepted.then(() => setImmediate(turn), reject);
      else setImmediate(turn);
    }
    turn();
  });
  while (buffered() > 0) await sleep(1);
}

/**
 * @param {Client} client
 * @param {Message} message
 * @param {Measurement} measurement
 */
async function echoOneAtATime(client, message, measurement) {
  const latencies = [];
  for (;;) {
    const before = performance.now();
    await client.echo(message);
    if (measurement.started) latencies.push((performance.now() - before) * 1000);
    if (measurement.count(1, message.length)) return latencies;
  }
}
