/**
 * Sends one message in fragments (RFC 6455 §5.4), one for each item of an iterable, as the items come. What becomes of
 * a connection whose message can't be completed is its owner's to say. Knows no queue.
 */

import { TextDecoder } from 'node:util';
import { invalidArgument } from './errors.js';
import { accepted, type SendForm } from './outbox.js';
import { bytesOf, describe, unshared } from './outgoing.js';

/** Where fragments go. */
export interface FragmentOutlet {
  sendString(data: string, form: SendForm): Promise<void>;
  sendBytes(data: Uint8Array, form: SendForm, transfer?: boolean): Promise<void>;
}

interface FragmentOptions {
  /** Strings as text and bytes as binary where left out. */
  readonly text?: boolean | undefined;
  /** Compressed where the connection is able to, if left out. */
  readonly compress?: boolean | undefined;
  /** Whether large bytes are taken from their owner instead of being copied. */
  readonly transfer?: boolean | undefined;
}

type Kind = 'strings' | 'bytes';

export class FragmentedSend {
  readonly #outlet: FragmentOutlet;
  readonly #options: FragmentOptions;
  #kind: Kind | undefined;
  #text = false;
  /** The first half of a surrogate pair that the last item ended with. */
  #half = '';
  #decoder: TextDecoder | undefined;
  #complete = false;
  #refusal: Promise<never> | undefined;
  #interrupt: (() => void) | undefined;

  constructor(outlet: FragmentOutlet, options: FragmentOptions) {
    this.#outlet = outlet;
    this.#options = options;
  }

  /** Whether a fragment was sent, and not the last one: nothing else may be sent in its place. */
  get unfinished(): boolean {
    return this.#kind !== undefined && !this.#complete;
  }

  /** Nothing can be sent any more, whatever the next item does. @param refusal rejects once it is known why. */
  stop(refusal: Promise<never>): void {
    this.#refusal = refusal;
    this.#interrupt?.();
    this.#interrupt = undefined;
  }

  /** Sends all items and the end of the message; nothing where there is no item. */
  async send(items: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
    if (Symbol.asyncIterator in items) {
      await this.#sendAsync(items);
    } else {
      // All that need not wait goes out in one turn, the end as well.
      for (const item of items) {
        const sent = this.#sendItem(item);
        if (sent !== accepted) await sent;
        if (this.#refusal !== undefined) await this.#refusal;
      }
    }
    if (this.#kind !== undefined) await this.#finish();
  }

  async #sendAsync(items: AsyncIterable<unknown>): Promise<void> {
    const iterator = items[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.#next(iterator);
      if (done) return;
      try {
        await this.#sendItem(value);
      } catch (error) {
        leave(iterator);
        throw error;
      }
    }
  }

  /** The next item. The connection's end does not wait for it. */
  #next(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      const refuse = (): void => {
        leave(iterator);
        resolve(this.#refusal as Promise<never>);
      };
      if (this.#refusal !== undefined) return refuse();
      // An iterator written by hand may do without promises.
      const item = Promise.resolve(iterator.next()).finally(() => {
        this.#interrupt = undefined;
      });
      item.then(resolve, reject);
      if (this.#refusal === undefined) this.#interrupt = refuse;
      else refuse();
    });
  }

  #sendItem(item: unknown): Promise<void> {
    if (this.#refusal !== undefined) return this.#refusal;
    const kind: Kind = typeof item === 'string' ? 'strings' : 'bytes';
    // What is checked is sent: nobody can change the bytes in between.
    const bytes = typeof item === 'string' ? undefined : unshared(bytesOf(item));
    if (this.#kind === undefined) {
      this.#text = this.#options.text ?? kind === 'strings';
      if (this.#text && kind === 'bytes') this.#decoder = new TextDecoder('utf-8', { fatal: true });
    } else if (this.#kind !== kind) {
      throw invalidArgument(`cannot send ${describe(item)} in a message that began with ${this.#kind}`);
    }
    this.#check(bytes ?? noBytes, true);
    this.#kind = kind;
    return bytes === undefined
      ? this.#outlet.sendString(this.#pair(item as string), this.#form(true))
      : this.#outlet.sendBytes(bytes, this.#form(true), this.#options.transfer);
  }

  #finish(): Promise<void> {
    if (this.#refusal !== undefined) return this.#refusal;
    this.#check(noBytes, false);
    const sent = this.#outlet.sendString(this.#half, this.#form(false));
    this.#complete = true;
    return sent;
  }

  #form(more: boolean): SendForm {
    return { text: this.#text, fragment: true, more, compress: this.#options.compress ?? true };
  }

  /** @throws TypeError where the bytes are to be text and are no UTF-8. */
  #check(bytes: Uint8Array, more: boolean): void {
    try {
      this.#decoder?.decode(bytes, { stream: more });
    } catch {
      throw invalidArgument('cannot send bytes as text; they are not UTF-8');
    }
  }

  /** Keeps the halves of a surrogate pair together. */
  #pair(text: string): string {
    const joined = this.#half + text;
    const last = joined.charCodeAt(joined.length - 1);
    const cut = last >= 0xd800 && last <= 0xdbff;
    this.#half = cut ? joined.slice(-1) : '';
    return cut ? joined.slice(0, -1) : joined;
  }
}

const noBytes = new Uint8Array(0);

/** Not waited for: a generator that waits for its next item can't be left before that has come. */
function leave(iterator: AsyncIterator<unknown>): void {
  const left = async () => iterator.return?.();
  left().catch(() => {});
}
