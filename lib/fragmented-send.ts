/**
 * Sends one message in fragments (RFC 6455 §5.4), one for each item of an iterable, as the items come. A message that
 * was begun and can't be completed fails the connection, since nothing else may be sent in its place. Knows no queue.
 */

import { TextDecoder } from 'node:util';
import { invalidArgument } from './errors.js';
import { accepted, type SendForm } from './outbox.js';
import { bytesOf, describe } from './outgoing.js';

/** Where fragments go. */
export interface FragmentOutlet {
  sendString(data: string, form: SendForm): Promise<void>;
  sendBytes(data: Uint8Array, form: SendForm): Promise<void>;
  fail(reason: string): void;
}

interface FragmentOptions {
  /** Strings as text and bytes as binary where left out. */
  readonly text?: boolean | undefined;
  /** Compressed where the connection is able to, if left out. */
  readonly compress?: boolean | undefined;
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
  #refusal: Promise<never> | undefined;
  #interrupt: (() => void) | undefined;

  constructor(outlet: FragmentOutlet, options: FragmentOptions) {
    this.#outlet = outlet;
    this.#options = options;
  }

  /** Whether a fragment was sent. */
  get begun(): boolean {
    return this.#kind !== undefined;
  }

  /** Nothing can be sent any more, whatever the next item does. @param refusal rejects once it is known why. */
  stop(refusal: Promise<never>): void {
    this.#refusal ??= refusal;
    this.#interrupt?.();
  }

  /** Sends all items and the end of the message; nothing where there is no item. */
  async send(items: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
    try {
      if (Symbol.asyncIterator in items) await this.#sendAsync(items);
      else await this.#sendSync(items);
      if (this.begun) await this.#finish();
    } catch (error) {
      if (this.begun && this.#refusal === undefined) this.#outlet.fail('error in fragmented message');
      throw error;
    }
  }

  async #sendSync(items: Iterable<unknown>): Promise<void> {
    for (const item of items) {
      const sent = this.#sendItem(item);
      // All that need not wait goes out in one turn.
      if (sent !== accepted) await sent;
    }
  }

  async #sendAsync(items: AsyncIterable<unknown>): Promise<void> {
    const iterator = items[Symbol.asyncIterator]();
    let exhausted = false;
    try {
      for (;;) {
        const result = await this.#orRefusal(iterator.next());
        if (result.done) {
          exhausted = true;
          return;
        }
        await this.#sendItem(result.value);
      }
    } catch (error) {
      // A generator that waits for its next item can't be left before that has come.
      if (!exhausted) leave(iterator);
      throw error;
    }
  }

  /** The connection's end does not wait for the next item. */
  #orRefusal<T>(item: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(this.#refusal as Promise<never>);
      if (this.#refusal !== undefined) this.#interrupt();
      item.then(resolve, reject);
    });
  }

  #sendItem(item: unknown): Promise<void> {
    if (this.#refusal !== undefined) return this.#refusal;
    const kind: Kind = typeof item === 'string' ? 'strings' : 'bytes';
    const bytes = typeof item === 'string' ? undefined : bytesOf(item);
    if (this.#kind === undefined) {
      this.#text = this.#options.text ?? kind === 'strings';
      if (this.#text && kind === 'bytes') this.#decoder = new TextDecoder('utf-8', { fatal: true });
    } else if (this.#kind !== kind) {
      throw invalidArgument(`cannot send ${describe(item)} in a message that began with ${this.#kind}`);
    }
    this.#check(bytes ?? noBytes, true);
    this.#kind = kind;
    const form = { text: this.#text, fragment: true, more: true, compress: this.#options.compress ?? true };
    return bytes === undefined
      ? this.#outlet.sendString(this.#pair(item as string), form)
      : this.#outlet.sendBytes(bytes, form);
  }

  async #finish(): Promise<void> {
    if (this.#refusal !== undefined) await this.#refusal;
    this.#check(noBytes, false);
    await this.#outlet.sendString(this.#half, { text: this.#text, fragment: true });
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

function leave(iterator: AsyncIterator<unknown>): void {
  const left = async () => iterator.return?.();
  left().catch(() => {});
}
