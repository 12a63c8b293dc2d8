/**
 * permessage-deflate (RFC 7692) for tests, on top of Node's zlib and independent of the code under test: compresses
 * what a server sends and inflates what a client has sent, each with the window that was agreed upon and no other.
 * Knows frames and no sockets.
 */

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Frame, FrameSpec } from './frames.js';
import { type Step, sendFrame } from './peer-steps.js';

/** What every flushed message ends with, and is sent without (§7.2.1). */
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);

export interface DeflateForm {
  /** The window, as a power of two. Default: 15. */
  readonly windowBits?: number;
  /** Whether messages refer to those before them. Default: true. */
  readonly takeover?: boolean;
  /** zlib's. */
  readonly level?: number;
  /** zlib's. */
  readonly strategy?: number;
}

/** What both ends know of the messages so far. */
class Window {
  readonly bits: number;
  readonly #takeover: boolean;
  #content: Buffer = Buffer.alloc(0);

  constructor({ windowBits = 15, takeover = true }: DeflateForm) {
    this.bits = windowBits;
    this.#takeover = takeover;
  }

  /** The content as an option of zlib's calls. */
  get dictionary(): { dictionary?: Buffer } {
    return this.#content.length > 0 ? { dictionary: this.#content } : {};
  }

  add(plain: Buffer): void {
    if (this.#takeover) this.#content = Buffer.concat([this.#content, plain]).subarray(-(2 ** this.bits));
  }
}

/** Compresses one message after the other. */
export class Compressor {
  readonly #form: DeflateForm;
  readonly #window: Window;

  constructor(form: DeflateForm = {}) {
    this.#form = form;
    this.#window = new Window(form);
  }

  /** A message's payload. */
  message(data: string | Uint8Array): Buffer {
    return this.flushed(data).subarray(0, -tail.length);
  }

  /** As `message()`, with the end that should be cut off: a fragment that others follow may end so. */
  flushed(data: string | Uint8Array): Buffer {
    return this.#deflate(data, constants.Z_SYNC_FLUSH);
  }

  /** A payload whose last block says that it is the last (§7.2.3.4). */
  final(data: string | Uint8Array): Buffer {
    return this.#deflate(data, constants.Z_FINISH);
  }

  #deflate(data: string | Uint8Array, finishFlush: number): Buffer {
    const { level = constants.Z_DEFAULT_COMPRESSION, strategy = constants.Z_DEFAULT_STRATEGY } = this.#form;
    const { bits, dictionary } = this.#window;
    const plain = Buffer.from(data as string);
    const compressed = deflateRawSync(plain, { windowBits: bits, level, strategy, finishFlush, ...dictionary });
    this.#window.add(plain);
    return compressed;
  }
}

/** Inflates one message after the other; throws where one refers to more than the window holds. */
export class Decompressor {
  readonly #window: Window;

  constructor(form: DeflateForm = {}) {
    this.#window = new Window(form);
  }

  message(payload: Uint8Array): Buffer {
    const plain = inflateRawSync(Buffer.concat([payload, tail]), {
      windowBits: this.#window.bits,
      finishFlush: constants.Z_SYNC_FLUSH,
      // What zlib has just put out it can refer to, whatever the window: the least that it can be given.
      chunkSize: constants.Z_MIN_CHUNK,
      ...this.#window.dictionary,
    });
    this.#window.add(plain);
    return plain;
  }
}

/** What a client has sent, put together and inflated. */
export interface SentMessage {
  readonly text: boolean;
  readonly compressed: boolean;
  /** How many frames it came in. */
  readonly frames: number;
  /** Bytes of payload on the wire. */
  readonly size: number;
  readonly data: Buffer;
}

/** The messages that the data frames among `frames` make. */
export function messagesOf(frames: readonly Frame[], decompressor: Decompressor): SentMessage[] {
  const messages: SentMessage[] = [];
  let open: Frame[] = [];
  for (const frame of frames) {
    if (frame.type === 'ping' || frame.type === 'pong' || frame.type === 'close') continue;
    if ((frame.type === 'continuation') !== open.length > 0)
      throw new Error(`client sent a ${frame.type} out of place`);
    open.push(frame);
    if (!frame.fin) continue;
    const [first] = open as [Frame];
    const payload = Buffer.concat(open.map((part) => part.payload));
    const compressed = first.rsv === 4;
    const data = compressed ? decompressor.message(payload) : payload;
    messages.push({ text: first.type === 'text', compressed, frames: open.length, size: payload.length, data });
    open = [];
  }
  return messages;
}

/** A frame of a compressed message: its first, or its only one. */
export function compressed(opcode: 'text' | 'binary', payload: Uint8Array, more: Partial<FrameSpec> = {}): FrameSpec {
  return { opcode, payload, rsv: 4, ...more };
}

/** Sends a compressed message in one frame: a string as text, bytes as binary. */
export function sendCompressed(data: string | Uint8Array, compressor = new Compressor()): Step {
  return sendFrame(compressed(typeof data === 'string' ? 'text' : 'binary', compressor.message(data)));
}

/** Sends a message's payload in frames, one for each part. */
export function sendFragments(opcode: 'text' | 'binary', parts: readonly Uint8Array[], rsv = 4): Step[] {
  return parts.map((payload, i) =>
    sendFrame({
      opcode: i === 0 ? opcode : 'continuation',
      rsv: i === 0 ? rsv : 0,
      fin: i === parts.length - 1,
      payload,
    }),
  );
}

/** Cuts bytes into parts of `size`. */
export function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
