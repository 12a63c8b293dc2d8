/**
 * One message fragment by fragment: what `recvStream()` iterates over. Says what is ready and takes it; waiting, and
 * whose turn it is, are the inbox's.
 */

import { invalidUtf8 } from './errors.js';
import type { FragmentedMessage } from './fragments.js';
import type { Data } from './types.js';

/** Where the stream gets its message from. */
export interface MessageSource {
  /** The next message that is whole, taken; undefined where none is here. */
  takeMessage(): Data | FragmentedMessage | undefined;
  /** The message whose last fragment has not come, where no whole one is before it. */
  unfinished(): FragmentedMessage | undefined;
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class MessageStream {
  readonly #source: MessageSource;
  readonly #convert: (piece: Data, last: boolean) => Data;
  /** Once it has begun to arrive. */
  #message: FragmentedMessage | undefined;
  /** A message that came in one frame. */
  #single: { readonly data: Data } | undefined;
  #done = false;

  constructor(source: MessageSource, decode: boolean | undefined) {
    this.#source = source;
    this.#convert = converter(decode);
  }

  /** Whether `take` has something to give: a fragment, or the end. */
  isReady(): boolean {
    if (this.#done) return true;
    if (this.#message === undefined && this.#single === undefined) this.#attach();
    if (this.#single !== undefined) return true;
    return this.#message !== undefined && (this.#message.hasPiece || this.#message.whole);
  }

  /**
   * The next fragment, or the end. To be called when it is ready.
   *
   * @throws TypeError where the fragment can't be had in the form that was asked for.
   */
  take(): IteratorResult<Data> {
    if (this.#done) return finished;
    if (this.#single !== undefined) {
      const { data } = this.#single;
      this.#done = true;
      return { done: false, value: this.#convert(data, true) };
    }
    const message = this.#message as FragmentedMessage;
    if (!message.hasPiece) {
      this.#done = true;
      return finished;
    }
    const piece = message.takePiece();
    return { done: false, value: this.#convert(piece, message.whole && !message.hasPiece) };
  }

  /** Whether the whole message was taken. */
  get done(): boolean {
    return this.#done || (this.#message?.whole === true && !this.#message.hasPiece);
  }

  /** Gives up: what is left of the message, and what comes of it, is dropped. */
  abandon(): void {
    this.#done = true;
    this.#single = undefined;
    this.#message?.drop();
  }

  #attach(): void {
    const message = this.#source.takeMessage();
    if (message === undefined) this.#message = this.#source.unfinished();
    else if (typeof message === 'string' || ArrayBuffer.isView(message)) this.#single = { data: message };
    else this.#message = message;
    if (this.#message !== undefined) this.#message.claimed = true;
  }
}

/** A code point of binary fragments may be cut by their border: what is left of it goes to the next. */
function converter(decode: boolean | undefined): (piece: Data, last: boolean) => Data {
  if (decode === undefined) return (piece) => piece;
  if (!decode) return (piece) => (typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return (piece, last) => {
    if (typeof piece === 'string') return piece;
    try {
      return decoder.decode(piece, { stream: !last });
    } catch {
      throw invalidUtf8(piece.length, 'fragment');
    }
  };
}
