/**
 * The conformance server as tests hold it: a thread of its own, so that it does not share the client's event loop.
 *
 * ```ts
 * await using server = await ConformanceServer.start('quick');
 * const verdict = await server.judge('1.1.1', (url) => echoWithHawser(url));
 * ```
 */

import { once } from 'node:events';
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { DEADLINE, MEDIUM, withDeadline } from '../../support/times.js';
import type { Mode } from '../cases/scenario.js';
import type { Judged } from './case-connection.js';
import type { Started } from './conformance-worker.js';

export class ConformanceServer implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #port: number;
  readonly #waiting = new Map<number, (verdict: string) => void>();
  #runs = 0;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.#port = port;
    worker.on('message', ({ run, verdict }: Judged) => this.#waiting.get(run)?.(verdict));
  }

  static async start(mode: Mode): Promise<ConformanceServer> {
    // Bundled by vitest's set-up, since Node 20 cannot run TypeScript in a Worker.
    const worker = new Worker(path.join(__dirname, '../../../build/test-conformance/conformance-worker.mjs'), {
      workerData: { mode },
    });
    const [started] = (await once(worker, 'message')) as [Started];
    return new ConformanceServer(worker, started.port);
  }

  /** The verdict on a client that connects to the URL it is given, and resolves when the connection has ended. */
  async judge(id: string, client: (url: string) => Promise<void>): Promise<string> {
    const run = ++this.#runs;
    let resolve!: (verdict: string) => void;
    const judged = new Promise<string>((settle) => {
      resolve = settle;
    });
    const died = (error: Error): void => resolve(`FAILED: server: ${error.message}`);
    this.#waiting.set(run, resolve);
    this.#worker.once('error', died);
    const ended = client(`ws://127.0.0.1:${this.#port}/case?id=${id}&run=${run}`).catch((error: Error) => {
      // The server tells better what was wrong, if it knows.
      setTimeout(() => resolve(`FAILED: client: ${error.message}`), MEDIUM);
    });
    try {
      const verdict = await judged;
      await withDeadline(ended, DEADLINE, `the end of case ${id}, which is ${verdict}, at the client`);
      return verdict;
    } finally {
      this.#waiting.delete(run);
      this.#worker.off('error', died);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
