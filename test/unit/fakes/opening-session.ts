/** Stands in for `lib/session.ts` while a connection is opened: the test is both the reader and the server. */

import { Buffer } from 'node:buffer';
import { acceptFor } from '../../../lib/handshake/handshake.js';
import type { DeflateConfig, NativeOutcome, Notice, SessionConfig } from '../../../lib/native.js';

const quietEnd: NativeOutcome = {
  received: undefined,
  sent: undefined,
  receivedFirst: false,
  cause: 'terminated',
  transportError: 0,
  detail: '',
  limit: 0,
  actual: 0,
};

/** The sessions that were opened, the last one last. */
export const opened: OpeningSession[] = [];

export function openSession(config: SessionConfig): OpeningSession {
  const session = new OpeningSession(config);
  opened.push(session);
  return session;
}

export class OpeningSession {
  onNotice: (notice: Notice) => void = () => {};
  onFinished: (outcome: NativeOutcome) => void = () => {};
  joined: NativeOutcome | undefined;
  /** What was asked of the reader, in order. */
  readonly calls: string[] = [];
  /** The request head that was written. */
  written = '';
  readonly config: SessionConfig;
  /** What `start` was called with. */
  deflate: DeflateConfig | undefined;

  readonly native = {
    write: (bytes: Uint8Array) => {
      this.written += Buffer.from(bytes).toString('latin1');
      this.#call('write');
    },
    readHead: (_limit: number) => this.#call('readHead'),
    readSome: (_limit: number) => this.#call('readSome'),
    start: (deflate?: DeflateConfig) => {
      this.deflate = deflate;
      this.#call('start');
    },
  };
  #watchers: { readonly call: string; readonly resolve: () => void }[] = [];

  constructor(config: SessionConfig) {
    this.config = config;
  }

  /** Terminates, and joins in a later turn as a reader does. */
  async end(): Promise<NativeOutcome> {
    this.#call('end');
    await new Promise((resolve) => setImmediate(resolve));
    if (this.joined === undefined) this.finish({});
    return this.joined as unknown as NativeOutcome;
  }

  finish(outcome: Partial<NativeOutcome>): void {
    this.joined = { ...quietEnd, ...outcome };
    this.onFinished(this.joined);
  }

  dial(): void {
    const local = { address: '127.0.0.1', port: 1, family: 'IPv4' } as const;
    this.onNotice({ kind: 'dialed', index: 0, local, remote: { ...local, port: 2 } });
  }

  answer(text: string): void {
    this.onNotice({ kind: 'head', bytes: Buffer.from(text, 'latin1') });
  }

  /** Answers as a server that accepts, with lines added. */
  accept(...lines: string[]): void {
    const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(this.written)?.[1] ?? '';
    const head = ['HTTP/1.1 101 OK', 'Upgrade: websocket', 'Connection: Upgrade', ...lines];
    this.answer(`${[...head, `Sec-WebSocket-Accept: ${acceptFor(key)}`].join('\r\n')}\r\n\r\n`);
  }

  body(text: string): void {
    this.onNotice({ kind: 'bytes', bytes: Buffer.from(text, 'latin1') });
  }

  /** Resolves when the reader is next asked for this. */
  asked(call: string): Promise<void> {
    return new Promise((resolve) => this.#watchers.push({ call, resolve }));
  }

  #call(call: string): void {
    this.calls.push(call);
    for (const watcher of this.#watchers.filter((one) => one.call === call)) watcher.resolve();
    this.#watchers = this.#watchers.filter((one) => one.call !== call);
  }
}
