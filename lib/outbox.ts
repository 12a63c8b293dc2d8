/**
 * The messages of one connection on their way out: small ones go side by side onto the stage, large ones to the reader
 * at once. A send waits while more is unwritten than the write limit allows. Framing, masking and writing are the
 * reader's; whether the connection still takes messages is its owner's to say.
 */

import { Buffer } from 'node:buffer';
import { internalError } from './close-code.js';
import type { ConnectionClosed } from './errors.js';
import type { Lifeline } from './inbox.js';
import { constants, desk, type NativeSession, staging } from './native.js';
import { byteLengthOf, bytesOf, checkUtf8, takeOver, unshared } from './outgoing.js';
import { optional } from './rejection.js';
import { claim, commit, discard, flush, largestStaged, recordHeader, stagedPayload } from './stage.js';

/** As what something is sent. */
export interface SendForm {
  readonly text: boolean;
  /** A fragment of a message; the first one decides whether the message is compressed. */
  readonly fragment?: boolean;
  /** A fragment that others follow. */
  readonly more?: boolean;
  /** Left out, its size decides. */
  readonly compress?: boolean | undefined;
}

const plainText: SendForm = { text: true };

/** What every send that need not wait returns. */
export const accepted = Promise.resolve();

interface Drain {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export class Outbox {
  readonly #native: NativeSession;
  readonly #lifeline: Lifeline;
  readonly #highMark: number;
  readonly #compressFrom: number;
  /** No fewer bytes than are unwritten; known exactly only after asking the native side. */
  #unwritten = 0;
  #drain: Drain | undefined;

  /**
   * @param highMark sends wait while more bytes than this are unwritten.
   * @param compressFrom messages of so many bytes are compressed unless told otherwise; Infinity where none can be.
   */
  constructor(native: NativeSession, lifeline: Lifeline, highMark: number, compressFrom: number) {
    this.#native = native;
    this.#lifeline = lifeline;
    this.#highMark = highMark;
    this.#compressFrom = compressFrom;
  }

  /** Sends a string as its UTF-8, with lone surrogates replaced by U+FFFD. */
  sendString(data: string, form: SendForm = plainText): Promise<void> {
    const most = data.length * 3;
    if (data.length > largestStaged) {
      flush();
      // Its bytes are counted only where its length does not tell whether they reach the threshold.
      const undecided = data.length < this.#compressFrom && this.#compressFrom <= most;
      this.#native.sendLarge(this.#recordType(form, undecided ? Buffer.byteLength(data) : data.length), data);
      return this.#accept(most);
    }
    const start = claim(this.#native, recordHeader + most + 3);
    const length = desk.stage.utf8Write(data, start + recordHeader, most);
    commit(start, this.#recordType(form, length), length);
    staging.payload += length;
    return this.#accept(length);
  }

  /**
   * Sends bytes in any form.
   *
   * @throws TypeError where `data` is nothing that can be sent, or no UTF-8 and to be sent as text; a fragment's text is
   * its sender's to check.
   */
  sendBytes(data: unknown, form: SendForm, transfer = false): Promise<void> {
    const bytes = bytesOf(data);
    const length = byteLengthOf(bytes);
    if (length > largestStaged) return this.#sendLarge(bytes, form, transfer);
    const start = claim(this.#native, recordHeader + length + 3);
    desk.stage.set(bytes, start + recordHeader);
    // The copy is checked: nobody can change that one any more.
    if (form.text && !form.fragment) {
      checkUtf8(desk.stage.subarray(start + recordHeader, start + recordHeader + length));
    }
    commit(start, this.#recordType(form, length), length);
    staging.payload += length;
    return this.#accept(length);
  }

  #sendLarge(bytes: Uint8Array, form: SendForm, transfer: boolean): Promise<void> {
    const own = unshared(bytes);
    // Taking the bytes over leaves these without length.
    const length = own.byteLength;
    if (form.text && !form.fragment) checkUtf8(own);
    flush();
    const taken = own !== bytes ? own : transfer ? takeOver(bytes) : undefined;
    const type = this.#recordType(form, length);
    if (taken === undefined) this.#native.sendLarge(type, own);
    else this.#native.sendOwned(type, taken);
    return this.#accept(length);
  }

  #recordType({ text, more, compress }: SendForm, length: number): number {
    let type = text ? constants.recordText : constants.recordBinary;
    if (more) type |= constants.recordMore;
    const able = this.#compressFrom !== Number.POSITIVE_INFINITY;
    const compressed = compress === undefined ? length >= this.#compressFrom : compress && able;
    return compressed ? type | constants.recordCompress : type;
  }

  /** Fails the connection, behind everything sent. */
  fail(reason: string): void {
    flush();
    this.#native.fail(internalError, reason);
  }

  /** Payload bytes that were sent and have not reached the socket. */
  bufferedAmount(): number {
    return stagedPayload(this.#native) + this.#native.bufferedAmount();
  }

  /** No more than the low mark is unwritten: whoever waits goes on. */
  drained(): void {
    this.#unwritten = this.bufferedAmount();
    this.#settleDrain()?.resolve();
  }

  /** The connection has ended. */
  end(closed: () => ConnectionClosed): void {
    discard(this.#native);
    this.#settleDrain()?.reject(closed());
  }

  #accept(most: number): Promise<void> {
    this.#unwritten += most;
    return this.#unwritten <= this.#highMark ? accepted : this.#waitForDrain();
  }

  #waitForDrain(): Promise<void> {
    if (this.#drain !== undefined) return this.#drain.promise;
    // Only what was posted counts for the notice.
    flush();
    this.#unwritten = this.#native.bufferedAmount();
    if (this.#unwritten <= this.#highMark) return accepted;
    let resolve!: () => void;
    let reject!: (error: unknown) => void;
    const promise = new Promise<void>((onDrained, onEnd) => {
      resolve = onDrained;
      reject = onEnd;
    });
    this.#drain = { promise, resolve, reject };
    this.#lifeline.hold();
    this.#native.notifyDrained();
    return optional(promise);
  }

  #settleDrain(): Drain | undefined {
    const drain = this.#drain;
    if (drain === undefined) return undefined;
    this.#drain = undefined;
    this.#lifeline.release();
    return drain;
  }
}
