/** Stands in for the stream to a proxy: what the proxy says is given beforehand, and then the stream ends. */

import { Buffer } from 'node:buffer';
import { EndOfStream } from '../../../lib/errors.js';
import { judgeUnfinishedHead } from '../../../lib/handshake/response-head.js';
import type { HandshakeStream } from '../../../lib/opening.js';

export class FakeStream implements HandshakeStream {
  readonly #writes: Buffer[] = [];
  #rest: Buffer;
  readonly #failure: Error | undefined;

  /**
   * @param answer what the proxy says; a string is latin1.
   * @param failure what is thrown where more is read than the answer has; by default, that the stream has ended.
   */
  constructor(answer: string | readonly number[], failure?: Error) {
    this.#rest = typeof answer === 'string' ? Buffer.from(answer, 'latin1') : Buffer.from(answer);
    this.#failure = failure;
  }

  /** What was written, each write by itself. */
  get writes(): readonly (readonly number[])[] {
    return this.#writes.map((bytes) => [...bytes]);
  }

  get written(): string {
    return Buffer.concat(this.#writes).toString('latin1');
  }

  /** What was not read of the answer. */
  get unread(): string {
    return this.#rest.toString('latin1');
  }

  write(bytes: Uint8Array): void {
    this.#writes.push(Buffer.from(bytes));
  }

  async head(_limit: number): Promise<Buffer> {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end >= 0) return this.#take(end + 4);
    throw this.#failure ?? judgeUnfinishedHead(this.#rest);
  }

  async exactly(size: number): Promise<Buffer> {
    if (this.#rest.length < size) throw this.#failure ?? new EndOfStream('the end');
    return this.#take(size);
  }

  async some(limit: number, _patience: number): Promise<Buffer> {
    return this.#take(Math.min(limit, this.#rest.length));
  }

  #take(size: number): Buffer {
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }
}
