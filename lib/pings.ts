/**
 * Pings on their way and the calls that wait for their pongs (RFC 6455 §5.5.2 and §5.5.3), and pongs that nobody asked
 * for. The reader measures and tells which pings were answered; here is only who asked.
 */

import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { isAnyArrayBuffer } from 'node:util/types';
import { invalidType, outOfRange } from './check.js';
import { ConcurrencyError, type ConnectionClosed } from './errors.js';
import type { Lifeline } from './inbox.js';
import { constants, desk, type NativeSession } from './native.js';
import { bytesOf } from './outgoing.js';
import { optional } from './rejection.js';
import { claim, commit, recordHeader } from './stage.js';

/** What a ping or a pong may carry. */
export type ControlPayload = string | ArrayBufferView | ArrayBufferLike;

interface PendingPing {
  readonly key: string;
  resolve(latency: number): void;
  reject(error: unknown): void;
}

const idSize = 4;

export class Pings {
  readonly #native: NativeSession;
  readonly #lifeline: Lifeline;
  readonly #pending = new Map<number, PendingPing>();
  /** The payloads of the pending, by which the peer's pongs tell them apart. */
  readonly #keys = new Set<string>();
  #lastId = 0;

  constructor(native: NativeSession, lifeline: Lifeline) {
    this.#native = native;
    this.#lifeline = lifeline;
  }

  /** Sends a ping. Resolves with its latency in milliseconds once it is answered. */
  ping(payload: Buffer): Promise<number> {
    const key = payload.toString('latin1');
    if (this.#keys.has(key)) {
      return Promise.reject(new ConcurrencyError('already waiting for a pong with the same payload'));
    }
    const id = this.#nextId();
    const start = claim(this.#native, recordHeader + idSize + payload.length + 3);
    desk.stageWords[(start + recordHeader) >> 2] = id;
    desk.stage.set(payload, start + recordHeader + idSize);
    commit(start, constants.recordPing, idSize + payload.length);
    this.#keys.add(key);
    this.#lifeline.hold();
    return optional(new Promise((resolve, reject) => this.#pending.set(id, { key, resolve, reject })));
  }

  /** Sends a ping whose payload no other has. */
  pingAtRandom(): Promise<number> {
    let payload = randomBytes(4);
    while (this.#keys.has(payload.toString('latin1'))) payload = randomBytes(4);
    return this.ping(payload);
  }

  pong(payload: Buffer): void {
    const start = claim(this.#native, recordHeader + payload.length + 3);
    desk.stage.set(payload, start + recordHeader);
    commit(start, constants.recordPong, payload.length);
  }

  /** The ping was answered, by its own pong or a later one. */
  answered(id: number, latency: number): void {
    const ping = this.#pending.get(id);
    if (ping === undefined) return;
    this.#pending.delete(id);
    this.#keys.delete(ping.key);
    this.#lifeline.release();
    ping.resolve(latency);
  }

  /** No pong will come any more. */
  end(closed: () => ConnectionClosed): void {
    for (const ping of this.#pending.values()) {
      this.#lifeline.release();
      ping.reject(closed());
    }
    this.#pending.clear();
    this.#keys.clear();
  }

  /** Never 0, which is the id of the reader's own pings. */
  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#lastId === 0 || this.#pending.has(this.#lastId));
    return this.#lastId;
  }
}

/**
 * The bytes of a ping's or a pong's payload.
 *
 * @throws TypeError where it is neither string nor bytes, or bytes that are gone.
 * @throws RangeError where it is over 125 bytes.
 */
export function controlPayload(name: string, payload: unknown): Buffer {
  const bytes = payloadBytes(name, payload);
  const limit = constants.maxControlPayload;
  if (bytes.length > limit) throw outOfRange(`${name} payload is ${bytes.length} bytes; the limit is ${limit}`);
  return bytes;
}

function payloadBytes(name: string, payload: unknown): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload, 'utf8');
  if (!ArrayBuffer.isView(payload) && !isAnyArrayBuffer(payload)) {
    throw invalidType(`${name} payload`, payload, 'a string, an ArrayBuffer or a view of one');
  }
  const { buffer, byteOffset, byteLength } = bytesOf(payload);
  return Buffer.from(buffer, byteOffset, byteLength);
}
