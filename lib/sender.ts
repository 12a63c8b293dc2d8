/**
 * The calls of `send()` and `sendMany()` of one connection: which of them may go on beside another, and when a message
 * that was sent in part can't be completed. Where messages wait is the outbox's; why nothing can be sent any more, and
 * what becomes of a connection that has to fail, its owner's.
 */

import { checkSendOptions, type SendOptions } from './call-options.js';
import { ConcurrencyError } from './errors.js';
import { FragmentedSend } from './fragmented-send.js';
import { accepted, type Outbox } from './outbox.js';
import { checkMany, isIterable, type Sendable, type SendableFragments } from './outgoing.js';
import { attempt, optionalEnd } from './rejection.js';

/** The connection that the sender belongs to. */
export interface SendingConnection {
  /** Rejects once it is known why nothing can be sent any more. */
  refuse(): Promise<never>;
  /** Fails the connection: a message was sent in part and can't be completed. */
  fail(reason: string): void;
}

export class Sender {
  readonly #outbox: Outbox;
  readonly #connection: SendingConnection;
  #stopped = false;
  /** The message that is being sent in fragments. */
  #fragmented: FragmentedSend | undefined;
  /** How many calls of `sendMany` have not settled. */
  #sendingMany = 0;

  constructor(outbox: Outbox, connection: SendingConnection) {
    this.#outbox = outbox;
    this.#connection = connection;
  }

  send(data: Sendable | SendableFragments, options: SendOptions | undefined): Promise<void> {
    if (this.#stopped) return this.#connection.refuse();
    if (this.#fragmented !== undefined) return Promise.reject(sendsFragments('send'));
    if (options === undefined && typeof data === 'string') return this.#outbox.sendString(data);
    return attempt(() => {
      const checked = options === undefined ? {} : checkSendOptions(options);
      return isIterable(data) ? optionalEnd(this.#sendFragments(data, checked)) : this.#sendAs(data, checked);
    });
  }

  sendMany(messages: Iterable<Sendable>, options: SendOptions | undefined): Promise<void> {
    if (this.#stopped) return this.#connection.refuse();
    if (this.#fragmented !== undefined) return Promise.reject(sendsFragments('sendMany'));
    return optionalEnd(this.#sendEach(messages, options));
  }

  /** Whether a message was sent in part, so that nothing else may be sent in its place. */
  get messageUnfinished(): boolean {
    return this.#fragmented?.unfinished === true;
  }

  /** Nothing can be sent any more. */
  stop(): void {
    this.#stopped = true;
    this.#fragmented?.stop(this.#connection.refuse());
  }

  #sendAs(data: unknown, { text, compress, transfer }: SendOptions): Promise<void> {
    if (typeof data === 'string') return this.#outbox.sendString(data, { text: text ?? true, compress });
    return this.#outbox.sendBytes(data, { text: text ?? false, compress }, transfer);
  }

  async #sendFragments(items: Iterable<unknown> | AsyncIterable<unknown>, options: SendOptions): Promise<void> {
    if (this.#sendingMany > 0) throw new ConcurrencyError('cannot call send with fragments while sendMany waits');
    const fragmented = new FragmentedSend(this.#outbox, options);
    this.#fragmented = fragmented;
    try {
      await fragmented.send(items);
    } catch (error) {
      if (fragmented.unfinished && !this.#stopped) this.#connection.fail('error in fragmented message');
      throw error;
    } finally {
      this.#fragmented = undefined;
    }
  }

  async #sendEach(messages: Iterable<Sendable>, options: SendOptions | undefined): Promise<void> {
    const checked = options === undefined ? {} : checkSendOptions(options);
    checkMany(messages);
    this.#sendingMany++;
    try {
      for (const message of messages) {
        if (this.#stopped) await this.#connection.refuse();
        const sent = this.#sendAs(message, checked);
        if (sent !== accepted) await sent;
      }
    } finally {
      this.#sendingMany--;
    }
  }
}

function sendsFragments(name: string): ConcurrencyError {
  return new ConcurrencyError(`cannot call ${name} while a message is being sent in fragments`);
}
