/**
 * Stands in for `lib/native.ts` in unit tests: a desk of memory and sessions whose reader is the test. What it puts on
 * the desk and takes from it is laid out as the addon does it.
 */

import { Buffer } from 'node:buffer';
import type {
  Desk,
  FastBuffer,
  NativeConstants,
  NativeOutcome,
  NativeSession,
  NativeStats,
  Notice,
  SessionConfig,
  Staging,
} from '../../../lib/native.js';

const kibi = 1024;

export const constants: NativeConstants = {
  deskSize: 256 * kibi,
  readyOffset: 0,
  readyPairs: 16,
  indexOffset: 4 * kibi,
  indexEntries: 4096,
  bytesOffset: 64 * kibi,
  bytesSize: 64 * kibi,
  stageOffset: 128 * kibi,
  stageSize: 64 * kibi,
  readyMessages: 1,
  readyNotices: 2,
  readyFinished: 4,
  kindShift: 28,
  offsetMask: 0x0fffffff,
  kindBinary: 0,
  kindAscii: 1,
  kindUtf16: 2,
  kindLarge: 4,
  kindMore: 8,
  recordText: 1,
  recordBinary: 2,
  recordMore: 0x100,
  recordCompress: 0x200,
  recordPing: 9,
  recordPong: 10,
  observeNothing: 0,
  observePings: 1,
  observeFrames: 2,
  maxControlPayload: 125,
};

const memory = new ArrayBuffer(constants.deskSize);

export const desk: Desk = {
  memory,
  ready: new Uint32Array(memory, constants.readyOffset, constants.readyPairs * 2),
  index: new Uint32Array(memory, constants.indexOffset, constants.indexEntries * 2),
  bytes: Buffer.from(memory, constants.bytesOffset, constants.bytesSize) as FastBuffer,
  stage: Buffer.from(memory, constants.stageOffset, constants.stageSize) as FastBuffer,
  stageWords: new Uint32Array(memory, constants.stageOffset, constants.stageSize / 4),
};

export const staging: Staging = { owner: undefined, size: 0, payload: 0, scheduled: false };
export const sessions = new Map<number, WeakRef<{ wake(flags: number): void }>>();
export const BufferView = Buffer[Symbol.species as unknown as 'from'] as unknown as new (
  memory: ArrayBuffer,
  offset: number,
  length: number,
) => FastBuffer;

/** A command as the reader sees it. `id` is a ping's. */
export interface Command {
  readonly type: 'text' | 'binary' | 'ping' | 'pong' | 'close' | 'fail' | 'terminate';
  readonly payload: string;
  readonly id?: number;
  readonly way?: 'stage' | 'copied' | 'owned';
  readonly more?: true;
  readonly compress?: true;
}

/** What a record's type says of a message. */
function typeOf(word: number): Pick<Command, 'type' | 'more' | 'compress'> {
  const { recordText, recordMore, recordCompress } = constants;
  return {
    type: (word & 0xff) === recordText ? 'text' : 'binary',
    ...(word & recordMore ? { more: true } : {}),
    ...(word & recordCompress ? { compress: true } : {}),
  };
}

/** A fragment that others follow. */
export class More {
  constructor(readonly data: string | Buffer) {}
}

/** A message of more bytes than this is handed over as a large one. */
const largeSize = 16 * kibi;
const ascii = /^[\0-\x7f]*$/;

const quietEnd: NativeOutcome = {
  received: { code: 1000, reason: '' },
  sent: { code: 1000, reason: '' },
  receivedFirst: false,
  cause: 'none',
  transportError: 0,
  detail: '',
  limit: 0,
  actual: 0,
};

const noTraffic = {
  messages: 0,
  messageBytes: 0,
  wireBytes: 0,
  frames: { text: 0, binary: 0, continuation: 0, close: 0, ping: 0, pong: 0 },
};

const noStats: NativeStats = {
  received: noTraffic,
  sent: noTraffic,
  queuedMessages: 0,
  queuedBytes: 0,
  mostQueuedBytes: 0,
  pauses: 0,
  pausedTime: 0,
  batches: 0,
  batchedMessages: 0,
  largestBatch: 0,
  wakes: 0,
  readerCpuTime: 0,
  latency: 0,
};

let lastId = 0;

/** A session whose reader is the test: it delivers, notifies and finishes when told to. */
export class FakeSession implements NativeSession {
  readonly id = ++lastId;
  /** Every command, in order. */
  readonly commands: Command[] = [];
  /** The most messages in a batch. */
  batchSize = 4096;
  /** Called by every `take()` that comes up empty, as if the network answered at once. */
  onEmpty: (() => void) | undefined;
  takes = 0;
  releases = 0;
  posts = 0;
  joins = 0;
  /** What `bufferedAmount()` says. */
  unwritten = 0;
  drainAsked = false;
  /** What `reads()` gives: pairs of an entry and a time. */
  readTimes: number[] = [0, 0];
  referenced = true;

  #queue: (string | Buffer | More)[] = [];
  #large: (string | ArrayBuffer)[] = [];
  #notices: Notice[] = [];
  #armed = false;
  #outcome: NativeOutcome | undefined;

  constructor(readonly config?: SessionConfig) {}

  /** Messages arrive. Whoever asked for them is woken. */
  deliver(...messages: (string | Buffer | More)[]): void {
    this.#queue.push(...messages);
    if (!this.#armed) return;
    this.#armed = false;
    this.ring(constants.readyMessages);
  }

  /** Messages arrive, and the event loop has not got to the news of them. */
  deliverUnannounced(...messages: (string | Buffer | More)[]): void {
    this.#queue.push(...messages);
  }

  notify(...notices: Notice[]): void {
    this.#notices.push(...notices);
    this.ring(constants.readyNotices);
  }

  /** The reader announces its end. */
  finish(outcome: Partial<NativeOutcome> = {}): void {
    this.#outcome = { ...quietEnd, ...outcome };
    this.ring(constants.readyFinished);
  }

  ring(flags: number): void {
    sessions.get(this.id)?.deref()?.wake(flags);
  }

  take(): number {
    this.takes++;
    if (this.#queue.length === 0) this.onEmpty?.();
    const messages = this.#queue.splice(0, this.batchSize);
    this.#large = [];
    let offset = 0;
    for (const [i, message] of messages.entries()) {
      const more = message instanceof More;
      const { kind, payload } = this.#layOut(more ? message.data : message, i);
      offset += offset % 2;
      payload.copy(desk.bytes, offset);
      desk.index[i * 2] = offset | ((kind | (more ? constants.kindMore : 0)) << constants.kindShift);
      desk.index[i * 2 + 1] = payload.length;
      offset += payload.length;
    }
    if (messages.length > 0) return messages.length;
    this.#armed = this.#outcome === undefined;
    return this.#armed ? 0 : -1;
  }

  #layOut(message: string | Buffer, i: number): { kind: number; payload: Buffer } {
    const { kindLarge, kindBinary, kindAscii, kindUtf16 } = constants;
    if (message.length > largeSize) {
      this.#large[i] = typeof message === 'string' ? message : new Uint8Array(message).buffer;
      return { kind: kindLarge, payload: Buffer.alloc(0) };
    }
    if (typeof message !== 'string') return { kind: kindBinary, payload: message };
    if (ascii.test(message)) return { kind: kindAscii, payload: Buffer.from(message, 'latin1') };
    return { kind: kindUtf16, payload: Buffer.from(message, 'utf16le') };
  }

  takeLarge(i: number): string | ArrayBuffer {
    return this.#large[i] as string | ArrayBuffer;
  }

  release(): void {
    this.releases++;
  }

  notices(): Notice[] {
    return this.#notices.splice(0);
  }

  post(size: number): void {
    this.posts++;
    const { recordPing, recordPong } = constants;
    for (let at = 0; at < size; ) {
      const type = desk.stageWords[at / 4] as number;
      const length = desk.stageWords[at / 4 + 1] as number;
      const payload = desk.stage.toString('utf8', at + 8, at + 8 + length);
      if (type === recordPing) {
        const id = desk.stageWords[at / 4 + 2] as number;
        this.commands.push({ type: 'ping', payload: desk.stage.toString('latin1', at + 12, at + 8 + length), id });
      } else if (type === recordPong) this.commands.push({ type: 'pong', payload });
      else this.commands.push({ ...typeOf(type), payload, way: 'stage' });
      at += 8 + Math.ceil(length / 4) * 4;
    }
  }

  sendLarge(type: number, payload: string | Uint8Array): void {
    this.commands.push({ ...typeOf(type), payload: Buffer.from(payload).toString(), way: 'copied' });
  }

  sendOwned(type: number, payload: Uint8Array): void {
    this.commands.push({ ...typeOf(type), payload: Buffer.from(payload).toString(), way: 'owned' });
  }

  close(code: number, reason: string): void {
    this.commands.push({ type: 'close', payload: `${code} ${reason}` });
  }

  fail(code: number, reason: string): void {
    this.commands.push({ type: 'fail', payload: `${code} ${reason}` });
  }

  terminate(): void {
    this.commands.push({ type: 'terminate', payload: '' });
  }

  notifyDrained(): void {
    this.drainAsked = true;
  }

  bufferedAmount(): number {
    return this.unwritten;
  }

  latency(): number {
    return 0;
  }

  stats(): NativeStats {
    return noStats;
  }

  reads(): Float64Array {
    return new Float64Array(this.readTimes);
  }

  join(): NativeOutcome {
    this.joins++;
    if (this.#outcome === undefined) throw new Error('joined a reader that did not announce its end');
    return this.#outcome;
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }

  write(): void {}
  readHead(): void {}
  readSome(): void {}
  secure(): void {}
  resumable(): undefined {}
  start(): void {}
}

export const NativeSessionClass = FakeSession;
