/**
 * A connection as a pair of web streams, in the manner of the WebSocketStream proposal: a chunk is a message. Reading is
 * driven by who reads, so that the connection's marks hold the peer back; a write is done when the connection has
 * accepted its message. Knows of the connection what every user does.
 */

import {
  ReadableStream,
  type ReadableStreamDefaultController,
  WritableStream,
  type WritableStreamDefaultController,
} from 'node:stream/web';
import type { Connection } from '../connection.js';
import { ConnectionClosedOK, connectionClosed } from '../errors.js';
import type { Sendable } from '../index.js';
import type { CloseOutcome, Data } from '../types.js';
import { closeFor } from './close-frame.js';
import { checkConnection, checkWebStreamsOptions, type WebStreamsOptions } from './options.js';

/** What `createWebStreams()` makes. */
export interface WebStreams {
  /** The messages received: text as strings, binary as Uint8Arrays. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /** Takes messages to send: strings as text, bytes in any form as binary. */
  readonly writable: WritableStream<Sendable>;
}

/**
 * Makes web streams of a connection, which keep it from being collected. From then on the readable receives: nothing
 * else may.
 *
 * `readable` takes a message from the connection when somebody reads. It closes when the connection closes in good
 * order; otherwise it errors with the ConnectionClosedError, after what had arrived was read. `cancel()` closes the
 * connection and resolves when it has ended.
 *
 * `writable` takes the next message when `send()` has accepted the one before. Closing it closes the connection with
 * 1000 and is done when that has ended; it rejects with the ConnectionClosedError where that was not in good order.
 * When the connection ends before, the writable errors with ConnectionClosedOK or ConnectionClosedError. A chunk
 * that can't be sent errors the writable and leaves the connection open. `abort()` closes the connection, behind what
 * was sent, and resolves when it has ended.
 *
 * The reason of `cancel()` and `abort()` may be an object with `closeCode`, `reason` or both, which are sent then; the
 * code is 1000 unless given. Where they may not be sent, the connection is closed with 1000, and the call rejects
 * with a TypeError or RangeError unless the object is an error.
 *
 * @throws TypeError or RangeError where an argument is wrong.
 *
 * @example
 * ```ts
 * const { readable, writable } = createWebStreams(await connect('ws://localhost:8080'));
 * const logging = readable.pipeTo(log);
 * await ReadableStream.from(orders).pipeTo(writable);
 * await logging;
 * ```
 */
export function createWebStreams(connection: Connection, options: WebStreamsOptions = {}): WebStreams {
  checkConnection(connection);
  const { readable, writable } = checkWebStreamsOptions(options);
  return {
    readable: new ReadableStream(new MessageSource(connection, readable.highWaterMark), readable),
    writable: new WritableStream(new MessageSink(connection), writable),
  };
}

/** Node has had the signal since its version 18, its types not yet. */
type SinkController = WritableStreamDefaultController & { readonly signal: AbortSignal };
type SourceController = ReadableStreamDefaultController<string | Uint8Array>;

class MessageSource {
  readonly #connection: Connection;
  readonly #highWaterMark: number;
  /** Whether a `recv()` waits. */
  #receiving = false;
  /** Whether the readable has been closed, cancelled or errored. */
  #over = false;

  constructor(connection: Connection, highWaterMark: number) {
    this.#connection = connection;
    this.#highWaterMark = highWaterMark;
  }

  start(controller: SourceController): void {
    void this.#connection.closed.then(() => this.#lookForEnd(controller));
  }

  async pull(controller: SourceController): Promise<void> {
    this.#receiving = true;
    try {
      this.#enqueue(controller, await this.#connection.recv());
    } catch (error) {
      this.#end(controller, error);
    } finally {
      this.#receiving = false;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#over = true;
    await closeFor(this.#connection, reason);
  }

  /** Tells of the end where nothing is left to be read, also when nobody reads. */
  #lookForEnd(controller: SourceController): void {
    if (this.#over || this.#receiving || !this.#isQueueEmpty(controller)) return;
    try {
      const message = this.#connection.tryRecv();
      if (message !== undefined) this.#enqueue(controller, message);
    } catch (error) {
      this.#end(controller, error);
    }
  }

  #enqueue(controller: SourceController, message: Data): void {
    if (!this.#over) controller.enqueue(typeof message === 'string' ? message : plainBytes(message));
  }

  #end(controller: SourceController, error: unknown): void {
    if (this.#over) return;
    const orderly = error instanceof ConnectionClosedOK;
    // What is queued would be lost by an error. When it has been read, the next pull comes here again.
    if (!orderly && !this.#isQueueEmpty(controller)) return;
    this.#over = true;
    if (orderly) controller.close();
    else controller.error(error);
  }

  /** Sizes that are fractions may leave a tiny rest when all are subtracted; of an infinite mark nothing is known. */
  #isQueueEmpty(controller: SourceController): boolean {
    return !(this.#highWaterMark - (controller.desiredSize ?? 0) > 1e-9);
  }
}

class MessageSink {
  readonly #connection: Connection;
  /** Set once the writable has been closed or aborted. */
  #closing: Promise<CloseOutcome> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  start(controller: WritableStreamDefaultController): void {
    const { signal } = controller as SinkController;
    // `abort` is called only when a write that waits is done, which the peer may put off for ever.
    signal.addEventListener('abort', () => {
      this.#close(signal.reason).catch(() => {});
    });
    void this.#connection.closed.then((outcome) => {
      if (this.#closing === undefined) controller.error(connectionClosed(outcome));
    });
  }

  write(chunk: Sendable): Promise<void> {
    // send() would take an iterable for one message in fragments.
    return this.#connection.sendMany([chunk]);
  }

  async close(): Promise<void> {
    const error = connectionClosed(await this.#close(undefined));
    if (!(error instanceof ConnectionClosedOK)) throw error;
  }

  async abort(reason: unknown): Promise<void> {
    await this.#close(reason);
  }

  #close(reason: unknown): Promise<CloseOutcome> {
    this.#closing ??= closeFor(this.#connection, reason);
    return this.#closing;
  }
}

/** The same bytes without Buffer's own methods, of which `slice()` does otherwise than a Uint8Array's. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
