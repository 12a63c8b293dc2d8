/**
 * A session whose opening handshake is under way: waits for its notices one by one, and turns its end, or an abort,
 * into the error that says at which stage it came. Owns the session until `handOver()` or `dismiss()`; knows no HTTP.
 */

import { Buffer } from 'node:buffer';
import { causeOf, dialFailure, InternalError, TimeoutError } from './errors.js';
import { judgeUnfinishedHead } from './handshake/response-head.js';
import type { NativeOutcome, NativeSession, Notice } from './native.js';
import type { Session } from './session.js';

/** Where the session dials, for the words of an error. */
export interface Dialled {
  readonly hostname: string;
  readonly port: number;
  /** Both, as an error message names them. */
  readonly endpoint: string;
  readonly addresses: readonly string[];
  /** Milliseconds, of all stages together. */
  readonly openTimeout: number;
}

export class Opening {
  readonly #session: Session;
  readonly #where: Dialled;
  #signal: AbortSignal | undefined;
  readonly #notices: Notice[] = [];
  #connected = false;
  /** Called when a notice has come, the session has ended, or the signal has aborted. */
  #wake: (() => void) | undefined;

  constructor(session: Session, where: Dialled) {
    this.#session = session;
    this.#where = where;
    session.onNotice = (notice) => {
      this.#notices.push(notice);
      this.#wake?.();
    };
    session.onFinished = () => this.#wake?.();
  }

  /** From here on the signal ends whatever is waited for. */
  abortOn(signal: AbortSignal | undefined): void {
    signal?.addEventListener('abort', this.#aborted, { once: true });
    this.#signal = signal;
  }

  get native(): NativeSession {
    return this.#session.native;
  }

  /** Waits until one of the addresses is connected to. */
  async dialed(): Promise<Notice & { kind: 'dialed' }> {
    const notice = await this.#expect('dialed');
    this.#connected = true;
    return notice;
  }

  /** Asks for one head and waits for it. `limit` is in bytes; a longer head is an InvalidMessage. */
  async head(limit: number): Promise<Buffer> {
    this.#checkAlive();
    this.native.readHead(limit);
    const notice = await this.#expect('head', 'head-unfinished');
    if (notice.kind === 'head-unfinished') throw judgeUnfinishedHead(notice.bytes);
    return notice.bytes;
  }

  /**
   * Asks for some bytes, at most `limit`, and waits for them, `patience` milliseconds at most. Empty where none came
   * in time or none will come; only an abort is an error.
   */
  async some(limit: number, patience: number): Promise<Buffer> {
    const nothing = Buffer.alloc(0);
    if (this.#session.joined !== undefined) return nothing;
    this.native.readSome(limit);
    await this.#arrival(patience);
    const notice = this.#notices.shift();
    return notice?.kind === 'bytes' ? notice.bytes : nothing;
  }

  /** Gives the session up to the caller, who sets its callbacks in the same turn. */
  handOver(): Session {
    this.#checkAlive();
    this.#release();
    return this.#session;
  }

  /** Ends the session at once and waits until its reader has ended. */
  async dismiss(): Promise<void> {
    this.#release();
    await this.#session.end();
  }

  #release(): void {
    this.#session.onNotice = ignore;
    this.#session.onFinished = ignore;
    this.#signal?.removeEventListener('abort', this.#aborted);
  }

  // What came before the end is judged first: a peer may answer and hang up.
  async #expect<Kind extends Notice['kind']>(...kinds: Kind[]): Promise<Notice & { kind: Kind }> {
    for (;;) {
      await this.#arrival();
      const notice = this.#notices.shift();
      if (notice === undefined) this.#checkAlive();
      else if (isOneOf(notice, kinds)) return notice;
    }
  }

  /** Resolves when a notice is here or the session has ended, or after `patience` milliseconds. */
  async #arrival(patience?: number): Promise<void> {
    this.#checkSignal();
    if (this.#notices.length > 0 || this.#session.joined !== undefined) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (patience !== undefined) timer = setTimeout(resolve, patience);
    });
    this.#wake = undefined;
    clearTimeout(timer);
    this.#checkSignal();
  }

  readonly #aborted = (): void => {
    this.#wake?.();
  };

  #checkSignal(): void {
    if (this.#signal?.aborted) throw this.#signal.reason;
  }

  #checkAlive(): void {
    this.#checkSignal();
    const outcome = this.#session.joined;
    if (outcome !== undefined) throw this.#explain(outcome);
  }

  #explain(outcome: NativeOutcome): Error {
    const { endpoint, openTimeout } = this.#where;
    switch (outcome.cause) {
      case 'dial':
        return dialFailure(outcome.transportError, this.#where);
      case 'open-timeout': {
        const stage = this.#connected ? 'waiting for handshake response' : `connecting to ${endpoint}`;
        return new TimeoutError(`timed out while ${stage}; openTimeout is ${openTimeout} ms`);
      }
      case 'end-of-stream':
        return judgeUnfinishedHead(Buffer.alloc(0));
      default:
        return causeOf(outcome) ?? new InternalError('the reader ended during the opening handshake');
    }
  }
}

function ignore(): void {}

function isOneOf<Kind extends Notice['kind']>(
  notice: Notice,
  kinds: readonly Kind[],
): notice is Notice & { kind: Kind } {
  return (kinds as readonly string[]).includes(notice.kind);
}
