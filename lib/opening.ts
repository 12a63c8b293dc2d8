/**
 * A session whose opening handshake is under way: waits for its notices one by one, and turns its end, or an abort,
 * into the error that says at which stage it came. Owns the session until `handOver()` or `dismiss()`; knows no HTTP.
 */

import { Buffer } from 'node:buffer';
import { EndOfStream, InternalError, TimeoutError } from './errors.js';
import { causeOf, dialFailure, endOfTlsHandshake, tlsFailure } from './failures.js';
import { judgeUnfinishedHead } from './handshake/response-head.js';
import type {
  NativeOutcome,
  NativeSecureContext,
  NativeSession,
  Notice,
  SecureConfig,
  SecuredNotice,
} from './native.js';
import type { Session } from './session.js';
import { writeKeylog } from './tls/keylog.js';

/** Where the session dials, for the words of an error. */
export interface Dialled {
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  /** Both, or the path of a socket, as an error message names them. */
  readonly endpoint: string;
  readonly addresses: readonly string[];
  /** Milliseconds, of all stages together. */
  readonly openTimeout: number;
}

/** Whom TLS is spoken with, for the words of an error. */
export interface SecuredPeer {
  readonly endpoint: string;
  /** The URL of the proxy that it is, if it is one. */
  readonly proxy?: string | undefined;
}

/** A stream before it carries frames: what proxies and the upgrade talk over. */
export interface HandshakeStream {
  write(bytes: Uint8Array): void;
  /** One head, up to and including its empty line; one of more than `limit` bytes is an InvalidMessage. */
  head(limit: number): Promise<Buffer>;
  /** So many bytes, no more; EndOfStream where the stream ends before. */
  exactly(size: number): Promise<Buffer>;
  /** Some bytes, `limit` at most; empty where none come within `patience` milliseconds, or ever. */
  some(limit: number, patience: number): Promise<Buffer>;
}

export class Opening implements HandshakeStream {
  readonly #session: Session;
  readonly #where: Dialled;
  #signal: AbortSignal | undefined;
  readonly #notices: Notice[] = [];
  /** Whom TLS is being established with. */
  #securing: SecuredPeer | undefined;
  /** What is waited for, as the error of a timeout says it. */
  stage: string;
  /** Called when a notice has come, the session has ended, or the signal has aborted. */
  #wake: (() => void) | undefined;

  constructor(session: Session, where: Dialled) {
    this.#session = session;
    this.#where = where;
    this.stage = `connecting to ${where.endpoint}`;
    session.onNotice = (notice) => {
      if (notice.kind === 'keylog') return writeKeylog(notice.line);
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
  dialed(): Promise<Notice & { kind: 'dialed' }> {
    return this.#expect('dialed');
  }

  /** Makes TLS of the stream and waits until it is established. The verdict is the caller's. */
  async secure(context: NativeSecureContext, config: SecureConfig, peer: SecuredPeer): Promise<SecuredNotice> {
    this.#checkAlive();
    this.#securing = peer;
    this.native.secure(context, config);
    const secured = await this.#expect('secured');
    this.#securing = undefined;
    return secured;
  }

  write(bytes: Uint8Array): void {
    this.native.write(bytes);
  }

  async head(limit: number): Promise<Buffer> {
    this.#checkAlive();
    this.native.readHead(limit);
    const notice = await this.#expect('head', 'head-unfinished');
    if (notice.kind === 'head-unfinished') throw judgeUnfinishedHead(notice.bytes);
    return notice.bytes;
  }

  async exactly(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = size; missing > 0; ) {
      this.#checkAlive();
      this.native.readSome(missing);
      const { bytes } = await this.#expect('bytes');
      if (bytes.length === 0) throw new EndOfStream(`the peer ended the stream ${missing} bytes too early`);
      parts.push(bytes);
      missing -= bytes.length;
    }
    return Buffer.concat(parts);
  }

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
    const { openTimeout } = this.#where;
    switch (outcome.cause) {
      case 'dial':
        return dialFailure(outcome.transportError, this.#where);
      case 'open-timeout':
        return new TimeoutError(`timed out while ${this.stage}; openTimeout is ${openTimeout} ms`);
      case 'end-of-stream':
      case 'truncated':
        if (this.#securing !== undefined) return endOfTlsHandshake(this.#securing.endpoint);
        return judgeUnfinishedHead(Buffer.alloc(0));
      case 'tls':
        return tlsFailure(outcome.detail, this.#securing?.proxy);
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
