/**
 * An open connection, as users hold it: receives, sends, pings and closes. Its state follows what the reader tells,
 * and how it ended is known from the moment the reader has been joined, and not before (RFC 6455 §7). Opening it is
 * `connect.ts`'s, the queues are the inbox's and the outbox's, frames are the reader's.
 */

import { randomUUID } from 'node:crypto';
import {
  type BatchesOptions,
  checkBatchesOptions,
  checkDecodeOptions,
  checkRecvManyOptions,
  checkRecvOptions,
  type DecodeOptions,
  plainReception,
  type RecvManyOptions,
  type RecvOptions,
  type SendOptions,
} from './call-options.js';
import { checkCloseArguments } from './check.js';
import * as diagnostics from './diagnostics.js';
import { type ConnectionClosed, connectionClosed } from './errors.js';
import { extensionsHeader } from './handshake/permessage-deflate.js';
import { Inbox } from './inbox.js';
import type { NativeOutcome, Notice, SocketAddress } from './native.js';
import type { ResolvedOptions } from './options.js';
import { Outbox } from './outbox.js';
import { closeOutcome } from './outcome.js';
import type { Sendable, SendableFragments } from './outgoing.js';
import { type ControlPayload, controlPayload, Pings } from './pings.js';
import { attempt, optional } from './rejection.js';
import { Sender } from './sender.js';
import type { Session } from './session.js';
import { flush } from './stage.js';
import { type ConnectionStats, connectionStats } from './stats.js';
import type { TlsInfo } from './tls/tls-info.js';
import type { CloseOutcome, Data, RequestHead, ResponseHead, TimedMessage } from './types.js';

/** `OPEN`; `CLOSING` from the first Close frame, sent or received, or failure; `CLOSED` once the reader has ended. */
export type ConnectionState = 'OPEN' | 'CLOSING' | 'CLOSED';

/** What the opening handshake leaves behind. */
export interface OpenedConnection {
  readonly session: Session;
  readonly url: string;
  readonly request: RequestHead;
  readonly response: ResponseHead;
  readonly subprotocol: string | undefined;
  readonly localAddress: SocketAddress;
  readonly remoteAddress: SocketAddress;
  readonly tls: TlsInfo | undefined;
  readonly options: ResolvedOptions;
  /** Messages of so many bytes are compressed unless told otherwise; Infinity where none can be. */
  readonly compressFrom: number;
}

/**
 * A WebSocket connection. `connect()` makes them.
 *
 * A connection that nobody refers to and nobody waits for may be collected, which terminates it.
 *
 * @example
 * ```ts
 * const connection = await connect('ws://localhost:8080');
 * await connection.send('hello');
 * console.log(await connection.recv());
 * await connection.close();
 * ```
 */
export class Connection implements AsyncIterable<Data>, AsyncDisposable {
  /** The URL that was connected to. */
  readonly url: string;
  /** The head of the request that opened the connection. */
  readonly request: RequestHead;
  /** The head of the response to it. */
  readonly response: ResponseHead;
  /** The subprotocol that the server chose; undefined where it chose none. */
  readonly subprotocol: string | undefined;
  /** The extensions in use, as in the response's header; empty where there are none. */
  readonly extensions: string;
  /** The socket's own address. */
  readonly localAddress: SocketAddress;
  /** The peer's address. */
  readonly remoteAddress: SocketAddress;
  /** What TLS agreed upon, and whom the server has shown to be; undefined for `ws:`. */
  readonly tls: TlsInfo | undefined;

  readonly #session: Session;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #pings: Pings;
  readonly #closed: Promise<CloseOutcome>;
  #resolveClosed!: (outcome: CloseOutcome) => void;
  #id: string | undefined;
  /** Whether a Close was sent or received, or the connection failed. */
  #closing = false;
  /** Whether a message that can't be completed has failed the connection. */
  #failed = false;
  /** What joining the reader returned. */
  #ended: CloseOutcome | undefined;

  /** For `connect()`. */
  constructor(opened: OpenedConnection) {
    this.url = opened.url;
    this.request = opened.request;
    this.response = opened.response;
    this.subprotocol = opened.subprotocol;
    this.extensions = opened.response.headers.get(extensionsHeader) ?? '';
    this.localAddress = opened.localAddress;
    this.remoteAddress = opened.remoteAddress;
    this.tls = opened.tls;
    const { session, options, compressFrom } = opened;
    this.#session = session;
    this.#inbox = new Inbox(session.native, session);
    this.#outbox = new Outbox(session.native, session, options.writeLimit.high, compressFrom);
    this.#sender = new Sender(this.#outbox, { refuse: () => this.#refuse(), fail: (reason) => this.#fail(reason) });
    this.#pings = new Pings(session.native, session);
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    session.onNotice = (notice) => this.#noticed(notice);
    session.onMessages = () => this.#inbox.wake();
    session.onFinished = (outcome) => this.#finish(outcome);
    if (session.joined !== undefined) this.#finish(session.joined);
    session.release();
  }

  /** A UUID to tell connections apart, in logs for instance. */
  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    if (this.#ended !== undefined) return 'CLOSED';
    return this.#closing ? 'CLOSING' : 'OPEN';
  }

  /**
   * Resolves with the outcome once the connection has ended, whoever ended it, and its reader has been joined. Never
   * rejects. Who has asked for it waits, so that the connection is not collected before its end.
   *
   * @example
   * ```ts
   * connection.closed.then(({ code, reason }) => console.log('closed', code, reason));
   * ```
   */
  get closed(): Promise<CloseOutcome> {
    if (this.#ended === undefined) this.#session.hold();
    return this.#closed;
  }

  /** The code of the Close frame received, or 1006 where none came; undefined until the connection has ended. */
  get closeCode(): number | undefined {
    return this.#ended?.code;
  }

  /** The reason of the Close frame received; undefined until the connection has ended. */
  get closeReason(): string | undefined {
    return this.#ended?.reason;
  }

  /** Milliseconds that the last ping took to be answered, keepalive's or one's own; 0 before the first. */
  get latency(): number {
    return this.#session.native.latency();
  }

  /** Payload bytes that were sent and have not reached the socket. */
  get bufferedAmount(): number {
    return this.#outbox.bufferedAmount();
  }

  /**
   * Receives the next message: text as a string, binary as a Buffer. Giving up (by timeout or signal) loses nothing.
   * What arrived before the end is received before the rejection that tells of it.
   *
   * @throws TimeoutError after `timeout` milliseconds.
   * @throws the reason of `signal`.
   * @throws ConnectionClosedOK or ConnectionClosedError once the connection has ended and every message was received.
   * @throws ConcurrencyError while another call that receives waits, or a recvStream is under way; that goes on.
   *
   * @example
   * ```ts
   * const answer = await connection.recv({ timeout: 5_000 });
   * ```
   */
  recv(options?: RecvOptions): Promise<Data> {
    if (options === undefined) return this.#inbox.receive(plainReception);
    return attempt(() => this.#inbox.receive(checkRecvOptions(options)));
  }

  /**
   * Takes the next message if it is here; undefined if none is.
   *
   * @throws ConnectionClosedOK or ConnectionClosedError once the connection has ended and every message was received.
   * @throws ConcurrencyError while a call that receives waits, or a recvStream is under way.
   *
   * @example
   * ```ts
   * for (let message = connection.tryRecv(); message !== undefined; message = connection.tryRecv()) use(message);
   * ```
   */
  tryRecv(options?: DecodeOptions): Data | undefined {
    return this.#inbox.tryReceive(options === undefined ? plainReception : checkDecodeOptions(options));
  }

  /**
   * Receives the messages that are here, one at least: it waits for the first and takes a batch at most, which is a
   * few thousand messages or a few hundred KiB.
   *
   * @throws as `recv()`. Where `decode` can't be done for a message, those before it are returned and it stays.
   *
   * @example
   * ```ts
   * const messages = await connection.recvMany({ max: 100 });
   * ```
   */
  recvMany(options?: RecvManyOptions): Promise<Data[]> {
    if (options === undefined) return this.#inbox.receiveMany(plainReception);
    return attempt(() => this.#inbox.receiveMany(checkRecvManyOptions(options)));
  }

  /**
   * Iterates over the fragments of the next message as they arrive: one item for each frame, an empty last one
   * included; a message that is not fragmented is one item. A text is never cut inside a code point: what its frame has
   * of one that is not whole comes with the next. Who takes no more fragments keeps the peer from sending on.
   *
   * Leaving the loop before the message's end, or an error in it, drops the rest of the message; the connection goes
   * on, and what is received next is the next message.
   *
   * @param options as of `recv()`; `timeout` is for each fragment. Binary fragments may cut a code point: `decode`
   * moves what is not whole to the next string.
   * @throws as `recv()`, also where the connection ends before the message does.
   *
   * @example
   * ```ts
   * for await (const fragment of connection.recvStream()) process.stdout.write(fragment);
   * ```
   */
  recvStream(options?: RecvOptions): AsyncIterableIterator<Data> {
    return this.#inbox.stream(options === undefined ? plainReception : checkRecvOptions(options));
  }

  /**
   * Iterates over the messages, an array at a time as they arrived: the fastest way to receive. Ends when the
   * connection closes in good order. Leaving the loop does not close the connection. With `timestamps` each message is
   * an object that says when it was read from the socket, whatever the event loop was doing then.
   *
   * @throws ConnectionClosedError in the loop where the connection ended otherwise.
   *
   * @example
   * ```ts
   * for await (const messages of connection.batches()) {
   *   for (const message of messages) console.log(message);
   * }
   * ```
   */
  batches(options?: BatchesOptions & { readonly timestamps?: false | undefined }): AsyncIterableIterator<Data[]>;
  batches(options: BatchesOptions & { readonly timestamps: true }): AsyncIterableIterator<TimedMessage[]>;
  batches(options: BatchesOptions): AsyncIterableIterator<Data[] | TimedMessage[]>;
  batches(options: BatchesOptions = {}): AsyncIterableIterator<Data[] | TimedMessage[]> {
    return checkBatchesOptions(options).timestamps ? this.#inbox.timedBatches() : this.#inbox.batches();
  }

  /**
   * Iterates over the messages. Ends when the connection closes in good order. Leaving the loop does not close the
   * connection.
   *
   * @throws ConnectionClosedError in the loop where the connection ended otherwise.
   *
   * @example
   * ```ts
   * for await (const message of connection) console.log(message);
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Data> {
    return this.#inbox.messages();
  }

  /**
   * Sends a message: a string as text, bytes as binary. The bytes may be changed as soon as the call has returned.
   * Resolves at once while the write limit is kept, else when the peer has read enough; the message is on its way in
   * either case, so it need not be awaited; a rejection has to be handled even then. Lone surrogates are sent as
   * U+FFFD.
   *
   * An iterable or async iterable is one message in fragments, one for each item and an empty last one; without items
   * nothing is sent. Its items are all strings or all bytes. Until the promise settles no other message can be sent;
   * pings and pongs can. Where an item can't be sent, or the iterable throws, after something of the message was sent,
   * the connection fails with code 1011, and so it does where `close()` is called meanwhile.
   *
   * @throws TypeError where `data` is nothing that can be sent, is detached, or is not UTF-8 and to be sent as text.
   * @throws ConcurrencyError while a message is being sent in fragments; for one in fragments also while sendMany waits.
   * @throws what the iterable throws.
   * @throws ConnectionClosedOK or ConnectionClosedError once a connection that is closing has ended. Where nobody awaits
   * the send that rejection is no unhandled one: `closed` and `recv()` tell the same.
   *
   * @example
   * ```ts
   * await connection.send(JSON.stringify({ subscribe: 'trades' }));
   * await connection.send(new Uint8Array([1, 2, 3]));
   * ```
   */
  send(data: Sendable | SendableFragments, options?: SendOptions): Promise<void> {
    return this.#sender.send(data, options);
  }

  /**
   * Sends messages as `send()` does each, in order: with one wake of the reader and one write for what a turn of the
   * event loop sends. Where the write limit is passed it goes on when the peer has read enough.
   *
   * @param messages an iterable of strings and bytes; not a string itself.
   * @throws as `send()`. The messages before the one that can't be sent are on their way.
   *
   * @example
   * ```ts
   * await connection.sendMany(['subscribe a', 'subscribe b']);
   * ```
   */
  sendMany(messages: Iterable<Sendable>, options?: SendOptions): Promise<void> {
    return this.#sender.sendMany(messages, options);
  }

  /**
   * Sends a ping and resolves with the milliseconds until it was answered (by its own pong or a later one's).
   *
   * @param payload at most 125 bytes, which no other waiting ping has.
   * @default payload four random bytes
   * @throws TypeError or RangeError where the payload is of the wrong type or too long.
   * @throws ConcurrencyError where a ping with the same payload waits.
   * @throws ConnectionClosedOK or ConnectionClosedError when the connection ends first; one that is closing has to end
   * before that is known.
   *
   * @example
   * ```ts
   * console.log(`${await connection.ping()} ms`);
   * ```
   */
  ping(payload?: ControlPayload): Promise<number> {
    if (this.#closing) return this.#refuse();
    if (payload === undefined) return this.#pings.pingAtRandom();
    return attempt(() => this.#pings.ping(controlPayload('ping', payload)));
  }

  /**
   * Sends a pong that no ping asked for. Pings of the peer are answered without it.
   *
   * @param payload at most 125 bytes.
   * @throws TypeError or RangeError where the payload is of the wrong type or too long.
   * @throws ConnectionClosedOK or ConnectionClosedError once a connection that is closing has ended.
   *
   * @example
   * ```ts
   * await connection.pong();
   * ```
   */
  pong(payload: ControlPayload = ''): Promise<void> {
    if (this.#closing) return this.#refuse();
    return attempt(async () => this.#pings.pong(controlPayload('pong', payload)));
  }

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2), behind everything sent, and resolves with the outcome once the
   * connection has ended, `closeTimeout` milliseconds later at most, and its reader has been joined. Messages that
   * arrived stay to be received. Only the first call's code and reason are sent.
   *
   * @param code 1000 to 1003, 1007 to 1014, or 3000 to 4999.
   * @param reason at most 123 bytes of UTF-8.
   * @throws TypeError or RangeError where code or reason may not be sent; the connection stays as it is.
   *
   * @example
   * ```ts
   * const { code, wasClean } = await connection.close(1000, 'done');
   * ```
   */
  close(code = 1000, reason = ''): Promise<CloseOutcome> {
    return attempt(() => {
      checkCloseArguments(code, reason);
      if (!this.#closing) {
        flush();
        // Its message can't be completed behind a Close.
        if (this.#sender.messageUnfinished) this.#fail('close during fragmented message');
        else this.#session.native.close(code, reason);
        this.#enterClosing();
      }
      return this.closed;
    });
  }

  /**
   * Ends the connection at once, without a closing handshake, and resolves with the outcome.
   *
   * @example
   * ```ts
   * await connection.terminate();
   * ```
   */
  terminate(): Promise<CloseOutcome> {
    if (this.#ended === undefined) {
      flush();
      this.#session.native.terminate();
      this.#enterClosing();
    }
    return this.closed;
  }

  /**
   * What the connection has counted so far, up to the last turn of its reader's loop; messages that were received are
   * counted in any case. Still there once it has ended. Times in milliseconds, sizes in bytes.
   *
   * @example
   * ```ts
   * const { received, queue, readerCpuTime } = connection.stats();
   * ```
   */
  stats(): ConnectionStats {
    return connectionStats(this.#session.native.stats());
  }

  /** Has the open connection keep the process alive, as it does unless told otherwise. */
  ref(): this {
    if (this.#ended === undefined) this.#session.native.ref();
    return this;
  }

  /** Lets the process exit although the connection is open. */
  unref(): this {
    if (this.#ended === undefined) this.#session.native.unref();
    return this;
  }

  /** Closes with code 1000, also where an exception leaves the block: a disposer can't tell. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A message was sent in part and can't be completed. */
  #fail(reason: string): void {
    this.#outbox.fail(reason);
    this.#failed = true;
    this.#enterClosing();
  }

  /** Nothing can be sent any more. */
  #enterClosing(): void {
    if (this.#closing) return;
    this.#closing = true;
    diagnostics.closing(this.#session.native.id);
    this.#sender.stop();
  }

  /** Nothing can be sent any more; why will be known when the connection has ended. */
  #refuse(): Promise<never> {
    const refused = this.closed.then((outcome) => {
      throw connectionClosed(outcome);
    });
    return optional(refused);
  }

  #noticed(notice: Notice): void {
    if (notice.kind === 'pong') {
      this.#pings.answered(notice.id, notice.latency);
      diagnostics.answered(this.#session.native.id, notice.latency);
    } else if (notice.kind === 'drained') this.#outbox.drained();
    else if (notice.kind === 'closing') this.#enterClosing();
    else if (notice.kind === 'frame') diagnostics.frame(this, this.#session.native.id, notice);
    else if (notice.kind === 'frames-left-out') diagnostics.framesLeftOut(this.#session.native.id, notice.count);
  }

  #finish(native: NativeOutcome): void {
    const outcome = closeOutcome(native, this.#failed);
    const closed = (): ConnectionClosed => connectionClosed(outcome);
    this.#enterClosing();
    this.#ended = outcome;
    this.#resolveClosed(outcome);
    this.#outbox.end(closed);
    this.#pings.end(closed);
    this.#inbox.end(closed);
    diagnostics.closed(this, this.#session.native.id, outcome);
  }
}
