/**
 * A TCP address that keeps who dials it waiting: it listens, and its thread takes no connections until told, so the
 * kernel's queue is full and drops every SYN. Once it is open it passes connections on to another port.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { MEDIUM } from './times.js';

const source = `
  const { createServer, connect } = require('node:net');
  const { parentPort, workerData: { host, port, target, gate } } = require('node:worker_threads');
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    for (const [from, to] of [[socket, onward], [onward, socket]]) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  server.on('error', (error) => parentPort.postMessage(error.message));
  server.listen({ host, port, backlog: 1 }, () => {
    parentPort.postMessage('listening');
    setImmediate(() => Atomics.wait(new Int32Array(gate), 0, 0));
  });
`;

export class FullListener implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #gate: Int32Array;
  readonly #fillers: ReturnType<typeof connect>[] = [];

  private constructor(worker: Worker, gate: Int32Array) {
    this.#worker = worker;
    this.#gate = gate;
  }

  /** `target` is the port of this machine that connections are passed on to, once the listener is open. */
  static async listen(host: string, port: number, target = port): Promise<FullListener> {
    const gate = new SharedArrayBuffer(4);
    const worker = new Worker(source, { eval: true, workerData: { host, port, target, gate } });
    const [message] = await once(worker, 'message');
    if (message !== 'listening') throw new Error(`full listener: ${message}`);
    const listener = new FullListener(worker, new Int32Array(gate));
    await listener.#fill(host, port);
    return listener;
  }

  /** Lets in who waits and who comes. Whoever was dropped tries again within a second or so: that is TCP's choice. */
  open(): void {
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
    for (const socket of this.#fillers) socket.destroy();
    await this.#worker.terminate();
  }

  /** Connects until a connection takes longer than the kernel's own answer would. */
  async #fill(host: string, port: number): Promise<void> {
    for (let i = 0; i < 16; i++) {
      const socket = connect(port, host);
      socket.on('error', () => {});
      this.#fillers.push(socket);
      const timeout = AbortSignal.timeout(2 * MEDIUM);
      const full = await once(socket, 'connect', { signal: timeout }).then(
        () => false,
        () => true,
      );
      if (full) return;
    }
    throw new Error('full listener: the kernel goes on accepting');
  }
}
