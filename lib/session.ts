/**
 * One connection's reader as JavaScript sees it: hands what a wake announced to the session's current owner, joins the
 * reader once it has announced its end, and keeps the session from being collected while somebody waits for it. The
 * only caller of `join()`, so nobody knows how a connection ended before its reader has. Knows no protocol.
 */

import { noReader } from './failures.js';
import {
  constants,
  type NativeOutcome,
  type NativeSession,
  NativeSessionClass,
  type Notice,
  type SessionConfig,
  sessions,
} from './native.js';

/** The sessions that somebody waits for, which are not to be collected. */
const held = new Set<Session>();

/** Forgets the ids of the collected. */
const collected = new FinalizationRegistry<number>((id) => sessions.delete(id));

/**
 * Starts a reader and its dialling. The session is held from the start: whoever opens it releases it.
 *
 * @throws InternalError where the system has no thread to give.
 */
export function openSession(config: SessionConfig): Session {
  let native: NativeSession;
  try {
    native = new NativeSessionClass(config);
  } catch (error) {
    throw noReader(error);
  }
  return new Session(native);
}

/** A reader and its current owner's handlers. */
export class Session {
  readonly native: NativeSession;
  /** What happened besides messages, one by one. */
  onNotice: ((notice: Notice) => void) | undefined;
  /** Messages are here, after a `take()` that came up empty. */
  onMessages: (() => void) | undefined;
  /** The reader has ended; this is what joining it returned. Called once, as the last of all. */
  onFinished: ((outcome: NativeOutcome) => void) | undefined;

  #holds = 0;
  #joined: NativeOutcome | undefined;
  readonly #whenJoined: ((outcome: NativeOutcome) => void)[] = [];

  constructor(native: NativeSession) {
    this.native = native;
    sessions.set(native.id, new WeakRef(this));
    collected.register(this, native.id, this);
    this.hold();
  }

  /** How the connection ended; undefined until the reader was joined. */
  get joined(): NativeOutcome | undefined {
    return this.#joined;
  }

  /** Keeps the session from being collected until as many `release()` or its end. */
  hold(): void {
    if (this.#holds++ === 0 && this.#joined === undefined) held.add(this);
  }

  release(): void {
    if (--this.#holds === 0) held.delete(this);
  }

  /** Ends the connection at once. Resolves when its reader has been joined. */
  end(): Promise<NativeOutcome> {
    if (this.#joined !== undefined) return Promise.resolve(this.#joined);
    this.hold();
    this.native.terminate();
    return new Promise((resolve) => this.#whenJoined.push(resolve));
  }

  /** Called by a wake, with `constants.ready*` flags: notices first, then messages, then the end. */
  wake(flags: number): void {
    if (this.#joined !== undefined) return;
    if (flags & constants.readyNotices) {
      for (const notice of this.native.notices()) guard(() => this.onNotice?.(notice));
    }
    if (flags & (constants.readyMessages | constants.readyFinished)) guard(() => this.onMessages?.());
    if (flags & constants.readyFinished) guard(() => this.#join());
  }

  /** The reader has announced its end, so this waits for its last instructions at most. */
  #join(): void {
    const outcome = this.native.join();
    this.#joined = outcome;
    sessions.delete(this.native.id);
    collected.unregister(this);
    held.delete(this);
    guard(() => this.onFinished?.(outcome));
    for (const resolve of this.#whenJoined) resolve(outcome);
  }
}

/** Runs a handler so that its failure is reported and stops nothing else that the wake has to do. */
function guard(handler: () => void): void {
  try {
    handler();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
