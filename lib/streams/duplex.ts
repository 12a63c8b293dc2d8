/**
 * A connection as a Duplex of `node:stream`. Messages are taken from the connection one by one, and only while the
 * stream asks for more, so that the connection's marks hold the peer back; a write is done when the connection has
 * accepted its message. Knows of the connection what every user does.
 */

import { Buffer } from 'node:buffer';
import { addAbortSignal, Duplex, type DuplexOptions as NodeDuplexOptions } from 'node:stream';
import type { Connection } from '../connection.js';
import { ConnectionClosedOK, connectionClosed } from '../errors.js';
import type { Sendable } from '../index.js';
import type { CloseOutcome, Data } from '../types.js';
import { checkConnection, checkDuplexOptions, type DuplexOptions } from './options.js';

type Callback = (error?: Error | null) => void;

/**
 * Makes a Duplex of a connection, for `pipeline()` and all else that takes streams. From then on the stream receives:
 * nothing else may.
 *
 * Reading: unless in object mode a stream is bytes, and where a message ends is not told. The stream ends when the
 * connection closes in good order; otherwise it is destroyed with the ConnectionClosedError, after what had arrived
 * was read, or at once where nobody reads.
 *
 * Writing: each chunk is a message. Bytes are binary messages, and so are strings, unless in object mode or with
 * `decodeStrings: false`: there they are text. A string that is written in another encoding than UTF-8 is binary.
 * `end()` closes the connection with 1000, and 'finish' is when it has ended in good order. Writing after the peer
 * has closed destroys the stream with ConnectionClosedOK or ConnectionClosedError, and so does its closing where
 * another stream is piped into this one and nobody reads.
 *
 * `destroy()` terminates the connection; 'close' is when it has ended. A stream keeps its connection from being
 * collected.
 *
 * @throws TypeError or RangeError where an argument is wrong.
 *
 * @example
 * ```ts
 * const duplex = createDuplex(await connect('ws://localhost:8080'));
 * await pipeline(createReadStream('photo.jpg'), duplex);
 * ```
 */
export function createDuplex(connection: Connection, options: DuplexOptions = {}): Duplex {
  checkConnection(connection);
  const { settings, signal } = checkDuplexOptions(options);
  const duplex = new ConnectionDuplex(connection, settings);
  return signal === undefined ? duplex : addAbortSignal(signal, duplex);
}

class ConnectionDuplex extends Duplex {
  readonly #connection: Connection;
  /** Whether anybody has begun to read. */
  #wanted = false;
  /** Whether a `recv()` waits. */
  #receiving = false;
  /** Whether who reads has asked for more than is buffered. */
  #starved = false;
  /** How the connection broke, while bytes or messages are buffered that arrived before. */
  #failure: Error | undefined;
  /** Streams that are piped into this one. */
  #sources = 0;

  constructor(connection: Connection, settings: NodeDuplexOptions) {
    super(settings);
    this.#connection = connection;
    this.on('pipe', () => {
      this.#sources++;
    });
    this.on('unpipe', () => {
      this.#sources--;
    });
    void connection.closed.then((outcome) => this.#closed(outcome));
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#receiving) return;
    this.#receiving = true;
    // Not tryRecv(), which would not let the event loop turn while the peer is faster than the consumer.
    this.#connection.recv().then(this.#received, this.#ended);
  }

  // biome-ignore lint/suspicious/noExplicitAny: is what Readable returns.
  override read(size?: number): any {
    const chunk = super.read(size);
    // Node reads 0 bytes for its own purposes.
    if (size !== 0) this.#starved = chunk === null;
    if (this.#failure !== undefined && this.#isReadOut()) this.destroy(this.#failure);
    return chunk;
  }

  override _write(chunk: unknown, encoding: BufferEncoding | undefined, callback: Callback): void {
    // send() would take an iterable for one message in fragments.
    this.#connection.sendMany([sendable(chunk, encoding)]).then(
      () => guard(callback),
      (error) => guard(() => callback(error)),
    );
  }

  /** Calls back where the connection ends in good order; else the stream is destroyed, which tells `end()` as well. */
  override _final(callback: Callback): void {
    void this.#connection.close().then((outcome) => {
      if (isOrderly(outcome)) guard(callback);
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    void this.#connection.terminate().then(() => guard(() => callback(error)));
  }

  readonly #received = (message: Data): void => {
    this.#receiving = false;
    if (this.destroyed) return;
    this.#starved = false;
    let wantsMore = true;
    // A listener that throws does not keep the next message from coming.
    guard(() => {
      wantsMore = this.push(message, 'utf8');
    });
    if (wantsMore) this._read();
  };

  readonly #ended = (error: Error): void => {
    this.#receiving = false;
    if (this.destroyed) return;
    guard(() => {
      if (error instanceof ConnectionClosedOK) this.push(null);
      else if (this.#isReadOut()) this.destroy(error);
      else this.#failure = error;
    });
  };

  /** Who reads is told by reading, after the last message; a reader who has just come has not been served yet. */
  #closed(outcome: CloseOutcome): void {
    const isRead = this.#wanted || this.readableFlowing !== null;
    // A source that is idle would not be told by a write for as long as it is.
    const isCutOff = this.#sources > 0 && !this.writableEnded;
    if (!isRead && (isCutOff || !isOrderly(outcome))) this.destroy(connectionClosed(outcome));
  }

  /** Whether nothing is buffered, or not as much as who reads is waiting for. */
  #isReadOut(): boolean {
    return this.#starved || this.readableLength === 0;
  }
}

function isOrderly(outcome: CloseOutcome): boolean {
  return connectionClosed(outcome) instanceof ConnectionClosedOK;
}

/** A chunk as `send()` takes it. */
function sendable(chunk: unknown, encoding: BufferEncoding | undefined): Sendable {
  if (typeof chunk !== 'string' || encoding === undefined || /^utf-?8$/i.test(encoding)) return chunk as Sendable;
  return Buffer.from(chunk, encoding);
}

/** Runs what calls the application back, so that what it throws is an uncaught exception as with any other stream. */
function guard(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
