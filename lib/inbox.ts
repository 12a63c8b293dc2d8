/**
 * The messages of one connection on their way to its consumer: at most one batch, taken from the reader when somebody
 * asks for a message, and decoded at once. Everything that receives reads from here, one consumer at a time. Of the
 * connection's end it knows nothing but the error that says so.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { decodeBatch } from './batch.js';
import { plainReception, type Reception } from './call-options.js';
import { ConcurrencyError, type ConnectionClosed, ConnectionClosedOK, invalidUtf8 } from './errors.js';
import { type FragmentedMessage, Gathering } from './fragments.js';
import { type MessageSource, MessageStream } from './message-stream.js';
import type { NativeSession } from './native.js';
import { flush } from './stage.js';
import type { Data, TimedMessage } from './types.js';
import { timedOut, Waiter } from './waiter.js';

/** Where batches come from. */
export type BatchSource = Pick<NativeSession, 'take' | 'takeLarge' | 'release' | 'reads'>;

/** Keeps the connection from being collected while somebody waits. */
export interface Lifeline {
  hold(): void;
  release(): void;
}

/** A consumer faster than the network would never let the event loop turn: after this many batches it has to. */
const batchesPerTurn = 16;
/** For who wants what is here and does not wait: one message bounds how many are taken for it. */
const allBatches = Number.POSITIVE_INFINITY;

const noMessages: Message[] = [];
const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** A message, or the fragments of one until somebody takes it. */
type Message = Data | FragmentedMessage;

export class Inbox implements MessageSource {
  readonly #source: BatchSource;
  readonly #lifeline: Lifeline;
  #messages: Message[] = noMessages;
  #head = 0;
  /** Whether messages in fragments may be among them. */
  #fragmented = false;
  readonly #gathering = new Gathering();
  /** The message that is being received fragment by fragment. */
  #stream: MessageStream | undefined;
  #waiter: Waiter<unknown> | undefined;
  /** Batches taken in this turn of the event loop. */
  #batches = 0;
  /** Whether the last of them still counts as held on the reader's side. */
  #held = false;
  /** Whether the next turn of the event loop is waited for. */
  #yielding = false;
  /** Whether the reader's queue is empty for good. */
  #drained = false;
  #closed: (() => ConnectionClosed) | undefined;

  readonly #one = (): Data => this.#takeOne();

  constructor(source: BatchSource, lifeline: Lifeline) {
    this.#source = source;
    this.#lifeline = lifeline;
  }

  /** The next message. */
  receive(reception: Reception): Promise<Data> {
    if (reception !== plainReception) return this.#ask('recv', () => this.#takeOneAs(reception.decode), reception);
    if (this.#waiter === undefined && this.#stream === undefined && this.#hasMessages())
      return Promise.resolve(this.#takeOne());
    return this.#ask('recv', this.#one, reception);
  }

  /** The messages that are here, or as soon as one is. */
  receiveMany(reception: Reception): Promise<Data[]> {
    return this.#ask('recvMany', () => this.#takeMany(reception), reception);
  }

  /**
   * The next message if it is here.
   *
   * @throws ConnectionClosed where there is none and will be none.
   */
  tryReceive({ decode }: Reception): Data | undefined {
    if (this.#isBusy()) throw busy('tryRecv');
    if (this.#hasMessages() || this.#refill(allBatches)) return this.#takeOneAs(decode);
    if (this.#drained && this.#closed !== undefined) throw this.#closed();
    return undefined;
  }

  messages(): AsyncIterableIterator<Data> {
    return this.#iterate('next', () => this.#takeOne());
  }

  batches(): AsyncIterableIterator<Data[]> {
    return this.#iterate('batches', () => this.#takeMany(plainReception));
  }

  timedBatches(): AsyncIterableIterator<TimedMessage[]> {
    return this.#iterate('batches', () => this.#takeManyTimed());
  }

  /** The next message, fragment by fragment. It has its turn from the first `next()` on. */
  stream(reception: Reception): AsyncIterableIterator<Data> {
    const stream = new MessageStream(this, reception.decode);
    let begun = false;
    const take = (): IteratorResult<Data> => {
      try {
        return stream.take();
      } catch (error) {
        stream.abandon();
        throw error;
      } finally {
        if (stream.done) this.#endStream(stream);
        else if (!stream.isReady()) this.#release();
      }
    };
    const next = (): Promise<IteratorResult<Data>> => {
      if (begun && this.#stream !== stream) return Promise.resolve(finished);
      if (this.#waiter !== undefined || (!begun && this.#stream !== undefined)) {
        return Promise.reject(busy('recvStream'));
      }
      begun = true;
      this.#stream = stream;
      return this.#await('recvStream', take, reception);
    };
    const stop = (value?: unknown): Promise<IteratorResult<Data>> => {
      begun = true;
      const waiter = this.#stream === stream ? this.#waiter : undefined;
      this.#endStream(stream);
      this.#forget(waiter);
      waiter?.resolve(finished);
      return Promise.resolve({ done: true, value });
    };
    const iterator: AsyncIterableIterator<Data> = { next, return: stop, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /** For the stream, which has not used it up yet. */
  takeMessage(): Message | undefined {
    if (!this.#hasMessages()) return undefined;
    const message = this.#messages[this.#head];
    this.#skip();
    return message;
  }

  /** For the stream. */
  unfinished(): FragmentedMessage | undefined {
    const { unfinished } = this.#gathering;
    // What another stream has left is not this one's.
    return unfinished?.claimed ? undefined : unfinished;
  }

  /** Messages may be here, and the event loop has turned: whoever waits gets them. */
  wake(): void {
    this.#batches = 0;
    this.#look(batchesPerTurn);
  }

  /** The connection has ended, and what is still in the reader's queue is all there is. */
  end(closed: () => ConnectionClosed): void {
    this.#closed = closed;
    this.wake();
  }

  /** Resolves with what `take` takes, at once or when a message comes. */
  #ask<T>(name: string, take: () => T, reception: Reception): Promise<T> {
    return this.#isBusy() ? Promise.reject(busy(name)) : this.#await(name, take, reception);
  }

  #await<T>(name: string, take: () => T, reception: Reception): Promise<T> {
    const { timeout, signal } = reception;
    if (signal?.aborted) return this.#refuse(signal.reason);
    const ready = timeout === 0 ? this.#hasAny() || this.#refill(allBatches) : this.#isReady();
    if (ready) return settled(take);
    if (this.#drained && this.#closed !== undefined) return this.#refuse(this.#closed());
    if (timeout === 0) return this.#refuse(timedOut(name, timeout));
    const waiter = new Waiter(take);
    if (reception !== plainReception) {
      waiter.limit(
        name,
        reception,
        () => this.#look(allBatches),
        () => this.#giveUp(waiter),
      );
    }
    return this.#wait(waiter);
  }

  /** Whoever waits gets what is here, or the end. */
  #look(most: number): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    if (this.#refill(most)) {
      this.#forget(waiter);
      waiter.settle();
    } else if (this.#drained && this.#closed !== undefined) {
      this.#giveUp(waiter);
      waiter.end(this.#closed());
    }
  }

  /** Nothing comes of the call, and of the stream that made it. */
  #refuse(error: unknown): Promise<never> {
    this.#endStream(this.#stream);
    return Promise.reject(error);
  }

  #giveUp(waiter: unknown): void {
    this.#forget(waiter);
    this.#endStream(this.#stream);
  }

  /** The stream's turn is over at once: whoever receives next need not wait for its consumer to hear of it. */
  #endStream(stream: MessageStream | undefined): void {
    stream?.abandon();
    if (stream === undefined || this.#stream !== stream) return;
    this.#stream = undefined;
    this.#release();
  }

  #wait<T>(waiter: Waiter<T>): Promise<T> {
    this.#waiter = waiter as Waiter<unknown>;
    this.#lifeline.hold();
    return waiter.promise;
  }

  #forget(waiter: unknown): void {
    if (this.#waiter === undefined || this.#waiter !== waiter) return;
    this.#waiter = undefined;
    this.#lifeline.release();
  }

  /** Written by hand: an async generator would cost three times as much for each message. */
  #iterate<T>(name: string, take: () => T): AsyncIterableIterator<T> {
    let done = false;
    let waiter: Waiter<IteratorResult<T>> | undefined;
    const result = (): IteratorResult<T> => ({ done: false, value: take() });
    const next = (): Promise<IteratorResult<T>> => {
      if (done) return Promise.resolve(finished);
      if (this.#isBusy()) return Promise.reject(busy(name));
      if (this.#isReady()) return Promise.resolve(result());
      if (this.#drained && this.#closed !== undefined) return ended(this.#closed());
      waiter = new Waiter(result, finished);
      return this.#wait(waiter);
    };
    const stop = (value?: unknown): Promise<IteratorResult<T>> => {
      done = true;
      if (waiter !== undefined && this.#waiter === waiter) {
        this.#forget(waiter);
        waiter.resolve(finished);
      }
      return Promise.resolve({ done: true, value });
    };
    const iterator: AsyncIterableIterator<T> = { next, return: stop, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  #hasMessages(): boolean {
    return this.#head < this.#messages.length;
  }

  /** Whether there is something for the one who is receiving: a stream takes fragments, the others whole messages. */
  #hasAny(): boolean {
    return this.#stream === undefined ? this.#hasMessages() : this.#stream.isReady();
  }

  #isBusy(): boolean {
    return this.#waiter !== undefined || this.#stream !== undefined;
  }

  /** Whether something can be taken now, without keeping the event loop from turning for too long. */
  #isReady(): boolean {
    if (this.#hasAny()) return true;
    if (this.#batches < batchesPerTurn) return this.#refill(batchesPerTurn);
    this.#yield();
    return false;
  }

  /**
   * Takes batches from the reader until there is something, or lets the event loop turn when it has taken `most`.
   * Whatever was sent in answer to the last one leaves first.
   */
  #refill(most: number): boolean {
    flush();
    for (;;) {
      const count = this.#source.take();
      this.#held = count > 0;
      if (count <= 0) {
        this.#drained = count < 0;
        return false;
      }
      this.#batches++;
      const { entries, fragmented } = decodeBatch(this.#source, count);
      this.#fragmented = fragmented || this.#gathering.unfinished !== undefined;
      this.#messages = this.#fragmented ? this.#gathering.gather(entries) : (entries as Data[]);
      this.#head = 0;
      if (this.#hasAny()) return true;
      // Nothing but fragments of a message that is not whole.
      if (this.#batches >= most) {
        this.#yield();
        return false;
      }
    }
  }

  #yield(): void {
    if (this.#yielding) return;
    this.#yielding = true;
    setImmediate(() => {
      this.#yielding = false;
      this.wake();
    });
  }

  #takeOne(): Data {
    if (this.#fragmented) this.#joinFragments(1);
    const message = this.#messages[this.#head] as Data;
    this.#advance();
    return message;
  }

  #advance(): void {
    this.#skip();
    this.#release();
  }

  /** What was taken is no longer kept, whatever the rest of its batch waits for. */
  #skip(): void {
    this.#messages[this.#head] = '';
    if (++this.#head === this.#messages.length) this.#forgetMessages();
  }

  /** Puts the next `count` messages together, where they are in fragments. */
  #joinFragments(count: number): void {
    const end = Math.min(this.#messages.length, this.#head + count);
    for (let i = this.#head; i < end; i++) {
      const message = this.#messages[i] as Message;
      if (typeof message !== 'string' && !ArrayBuffer.isView(message)) this.#messages[i] = message.join();
    }
  }

  /** As `#takeOne`; throws and leaves the message where it can't be had in that form. */
  #takeOneAs(decode: boolean | undefined): Data {
    if (this.#fragmented) this.#joinFragments(1);
    const message = convert(this.#messages[this.#head] as Data, decode);
    this.#advance();
    return message;
  }

  #takeMany({ max, decode }: Reception): Data[] {
    if (this.#fragmented) this.#joinFragments(max);
    const messages = this.#messages as Data[];
    const head = this.#head;
    const end = Math.min(messages.length, head + max);
    if (decode === undefined && head === 0 && end === messages.length) {
      this.#forgetMessages();
      this.#release();
      return messages;
    }
    const taken = decode === undefined ? messages.slice(head, end) : convertAll(messages, head, end, decode);
    this.#head += taken.length;
    if (this.#head === messages.length) this.#forgetMessages();
    else messages.fill('', head, this.#head);
    this.#release();
    return taken;
  }

  /** With the times at which the reader read their ends. */
  #takeManyTimed(): TimedMessage[] {
    const reads = this.#source.reads();
    const head = this.#head;
    const ends = this.#fragmented ? this.#gathering.ends : undefined;
    let read = 0;
    return this.#takeMany(plainReception).map((data, i) => {
      const entry = ends === undefined ? head + i : (ends[head + i] as number);
      while ((reads[2 * read + 2] ?? Number.POSITIVE_INFINITY) <= entry) read++;
      return { data, receivedAt: reads[2 * read + 1] as number };
    });
  }

  #forgetMessages(): void {
    this.#messages = noMessages;
    this.#head = 0;
  }

  /** Makes room on the reader's side once the batch is used up. */
  #release(): void {
    if (!this.#held || this.#hasMessages()) return;
    this.#held = false;
    this.#source.release();
  }
}

function busy(name: string): ConcurrencyError {
  return new ConcurrencyError(
    `cannot call ${name} while another call to recv, recvMany, recvStream or batches is under way`,
  );
}

function settled<T>(take: () => T): Promise<T> {
  try {
    return Promise.resolve(take());
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What an iteration makes of the end: it is over where the connection closed in good order. */
function ended(error: ConnectionClosed): Promise<IteratorReturnResult<undefined>> {
  return error instanceof ConnectionClosedOK ? Promise.resolve(finished) : Promise.reject(error);
}

/** A message in the form that `decode` asks for; undefined leaves it as it is. */
function convert(message: Data, decode: boolean | undefined): Data {
  if (decode === undefined || (typeof message === 'string') === decode) return message;
  if (typeof message === 'string') return Buffer.from(message, 'utf8');
  if (isUtf8(message)) return message.toString('utf8');
  throw invalidUtf8(message.length);
}

/** Converts from `head` up to the first message that can't be; throws where that is the first of all. */
function convertAll(messages: readonly Data[], head: number, end: number, decode: boolean): Data[] {
  const converted: Data[] = [convert(messages[head] as Data, decode)];
  try {
    for (let i = head + 1; i < end; i++) converted.push(convert(messages[i] as Data, decode));
  } catch {
    // The next call starts with that message, and tells.
  }
  return converted;
}
