/** Messages that are being sent in fragments over a fake session, whose items the test gives. */

import { onTestFinished } from 'vitest';
import { type FakeConnection, fakeConnection, turn } from './connection.js';
import type { FakeSession } from './native.js';

/** Commands in short: `text+ a` is a fragment that others follow, `text a` the last one. */
export function sent(reader: FakeSession): string[] {
  return reader.commands.map(({ type, more, payload }) => `${type}${more ? '+' : ''} ${payload}`);
}

/** What becomes unhandled in the rest of the test. */
export function unhandledRejections(): unknown[] {
  const unhandled: unknown[] = [];
  const record = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', record);
  onTestFinished(() => void process.off('unhandledRejection', record));
  return unhandled;
}

/** An async iterable whose items the test gives, and which can be left. */
export class Source implements AsyncIterable<string>, AsyncIterator<string> {
  returns = 0;
  pulls = 0;
  #give!: { resolve(result: IteratorResult<string>): void; reject(error: unknown): void };

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return this;
  }

  next(): Promise<IteratorResult<string>> {
    this.pulls++;
    return new Promise((resolve, reject) => {
      this.#give = { resolve, reject };
    });
  }

  async return(): Promise<IteratorResult<string>> {
    this.returns++;
    return { done: true, value: undefined };
  }

  async give(item: string): Promise<void> {
    this.#give.resolve({ done: false, value: item });
    await turn();
  }

  async finish(): Promise<void> {
    this.#give.resolve({ done: true, value: undefined });
    await turn();
  }

  async fail(error: unknown): Promise<void> {
    this.#give.reject(error);
    await turn();
  }
}

export interface Sending extends FakeConnection {
  readonly source: Source;
  readonly sending: Promise<void>;
}

/** A message is being sent whose items the test gives; those in `items` were. */
export async function begun(...items: string[]): Promise<Sending> {
  const source = new Source();
  const { connection, reader } = fakeConnection();
  const sending = connection.send(source);
  for (const item of items) await source.give(item);
  return { connection, reader, source, sending };
}

/** A message of which everything is out, with more unwritten than the write limit allows. */
export function completeButWaiting(): FakeConnection & { readonly sending: Promise<void> } {
  const { connection, reader } = fakeConnection();
  reader.unwritten = 1200;
  // The half pair that goes out last passes the limit.
  return { connection, reader, sending: connection.send(['x'.repeat(1000), '\ud83d']) };
}
