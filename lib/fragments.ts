/**
 * Messages that come in fragments: gathers the fragments of each, so that it can be received whole or, by one stream,
 * fragment by fragment as they arrive. Knows no queue and no consumer.
 */

import { Buffer } from 'node:buffer';
import { Fragment } from './batch.js';
import type { Data } from './types.js';

/** A message in fragments, the later of which may still be to come. */
export class FragmentedMessage {
  #pieces: Data[] = [];
  #taken = 0;
  #whole = false;
  #dropped = false;

  /** Whether a stream takes the fragments, so that nobody receives the message whole. */
  claimed = false;

  /** Whether the last fragment has come. */
  get whole(): boolean {
    return this.#whole;
  }

  /** Whether there is a fragment that nobody has taken. */
  get hasPiece(): boolean {
    return this.#taken < this.#pieces.length;
  }

  add(piece: Data, last: boolean): void {
    if (!this.#dropped) this.#pieces.push(piece);
    this.#whole = last;
  }

  /** The next fragment; there has to be one. */
  takePiece(): Data {
    const piece = this.#pieces[this.#taken] as Data;
    this.#pieces[this.#taken] = '';
    if (++this.#taken === this.#pieces.length) {
      this.#pieces = [];
      this.#taken = 0;
    }
    return piece;
  }

  /** Nobody wants the fragments that are left, nor those to come. */
  drop(): void {
    this.#dropped = true;
    this.#pieces = [];
    this.#taken = 0;
  }

  /** The whole message. */
  join(): Data {
    const [first] = this.#pieces;
    return typeof first === 'string' ? this.#pieces.join('') : Buffer.concat(this.#pieces as Buffer[]);
  }
}

/** Puts what batches hold in order: one entry a message. */
export class Gathering {
  /** The message whose last fragment has not come. */
  unfinished: FragmentedMessage | undefined;
  /** Of the messages gathered last: which entry was the end of each. */
  ends: number[] = [];

  /** The messages that `entries` make whole, in order. Those that a stream takes are not among them. */
  gather(entries: readonly (Data | Fragment)[]): (Data | FragmentedMessage)[] {
    const messages: (Data | FragmentedMessage)[] = [];
    this.ends = [];
    for (const [i, entry] of entries.entries()) {
      if (entry instanceof Fragment) {
        this.unfinished ??= new FragmentedMessage();
        this.unfinished.add(entry.data, false);
      } else if (this.unfinished === undefined) {
        this.ends.push(i);
        messages.push(entry);
      } else {
        this.unfinished.add(entry, true);
        if (!this.unfinished.claimed) {
          this.ends.push(i);
          messages.push(this.unfinished);
        }
        this.unfinished = undefined;
      }
    }
    return messages;
  }
}
