/**
 * RFC 6455 frames for tests: builds what a server sends (whole or deliberately broken) and parses what a client
 * sends. Independent of the code under test. No I/O.
 */

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export type FrameType = keyof typeof opcodes;
const typeOf = new Map(Object.entries(opcodes).map(([type, opcode]) => [opcode as number, type as FrameType]));

export interface FrameSpec {
  /** A type's name, or a number for reserved opcodes. */
  readonly opcode: FrameType | number;
  readonly payload?: string | Uint8Array;
  /** Default: true. */
  readonly fin?: boolean;
  /** The reserved bits as three bits of a number: 4 is RSV1, 2 is RSV2, 1 is RSV3. */
  readonly rsv?: number;
  /** Masks with this key, which a server may not do. */
  readonly maskingKey?: Uint8Array;
  /** Declares another length than the payload has. */
  readonly declaredLength?: number | bigint;
  /** How many bytes the extended length takes, whatever is minimal. */
  readonly lengthBytes?: 0 | 2 | 8;
}

export function encodeFrame(spec: FrameSpec): Buffer {
  const payload = typeof spec.payload === 'string' ? Buffer.from(spec.payload) : (spec.payload ?? new Uint8Array());
  const length = BigInt(spec.declaredLength ?? payload.length);
  const lengthBytes = spec.lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
  const header = Buffer.alloc(2 + lengthBytes + (spec.maskingKey ? 4 : 0));
  const opcode = typeof spec.opcode === 'number' ? spec.opcode : opcodes[spec.opcode];
  header[0] = (spec.fin === false ? 0 : 0x80) | ((spec.rsv ?? 0) << 4) | opcode;
  const maskBit = spec.maskingKey ? 0x80 : 0;
  if (lengthBytes === 0) {
    header[1] = maskBit | Number(length);
  } else if (lengthBytes === 2) {
    header[1] = maskBit | 126;
    header.writeUInt16BE(Number(length), 2);
  } else {
    header[1] = maskBit | 127;
    header.writeBigUInt64BE(length, 2);
  }
  if (!spec.maskingKey) return Buffer.concat([header, payload]);
  header.set(spec.maskingKey, 2 + lengthBytes);
  return Buffer.concat([header, masked(payload, spec.maskingKey)]);
}

export const encodeText = (payload: string): Buffer => encodeFrame({ opcode: 'text', payload });
export const encodeBinary = (payload: Uint8Array): Buffer => encodeFrame({ opcode: 'binary', payload });

/** Without a code, an empty Close. */
export function encodeClose(code?: number, reason: string | Uint8Array = ''): Buffer {
  return encodeFrame({ opcode: 'close', payload: closePayload(code, reason) });
}

export function closePayload(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason as string)]);
  payload.writeUInt16BE(code);
  return payload;
}

/** What a frame consists of, and all of it that crosses between threads. */
export interface FrameParts {
  readonly type: FrameType;
  readonly fin: boolean;
  readonly rsv: number;
  readonly maskingKey: Uint8Array;
  readonly payload: Uint8Array;
  /** When its last byte was read, on the clock of `now()`. */
  readonly at: number;
}

/** A frame that a client sent, unmasked. */
export class Frame implements FrameParts {
  readonly type: FrameType;
  readonly fin: boolean;
  readonly rsv: number;
  readonly maskingKey: Buffer;
  readonly payload: Buffer;
  readonly at: number;

  constructor({ type, fin, rsv, maskingKey, payload, at }: FrameParts) {
    this.type = type;
    this.fin = fin;
    this.rsv = rsv;
    this.maskingKey = asBuffer(maskingKey);
    this.payload = asBuffer(payload);
    this.at = at;
  }

  /** The payload as UTF-8, of a Close the reason. */
  get text(): string {
    return (this.type === 'close' ? this.payload.subarray(2) : this.payload).toString();
  }

  /** Of a Close: its code, 1005 if it has none. */
  get code(): number | undefined {
    if (this.type !== 'close') return undefined;
    return this.payload.length < 2 ? 1005 : this.payload.readUInt16BE();
  }
}

/** Parses a client's frames, however they are cut, and throws at the first that a client may not send. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes without which no further frame can be complete. */
  #wanted = 2;
  /** Whether the client may say that a message is compressed (RFC 7692 §6). */
  allowsCompression = false;

  /** Bytes of a frame that has begun and not ended. */
  get incomplete(): number {
    return this.#size;
  }

  push(chunk: Uint8Array, at = 0): Frame[] {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#size += chunk.byteLength;
    if (this.#size < this.#wanted) return [];
    this.#pending = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const frames: Frame[] = [];
    for (let frame = this.#next(at); frame; frame = this.#next(at)) frames.push(frame);
    this.#chunks = this.#pending.length === 0 ? [] : [this.#pending];
    this.#size = this.#pending.length;
    return frames;
  }

  #next(at: number): Frame | undefined {
    const bytes = this.#pending;
    this.#wanted = 2;
    if (bytes.length < this.#wanted) return undefined;
    const first = bytes[0]!;
    const second = bytes[1]!;
    const type = typeOf.get(first & 0x0f);
    if (!type) throw new Error(`client sent reserved opcode ${first & 0x0f}`);
    if ((second & 0x80) === 0) throw new Error(`client sent an unmasked ${type} frame`);
    const rsv = (first >> 4) & 7;
    const compressible = this.allowsCompression && (type === 'text' || type === 'binary');
    if (rsv !== 0 && !(rsv === 4 && compressible))
      throw new Error(`client set reserved bits ${rsv} in a ${type} frame`);

    const shortLength = second & 0x7f;
    const lengthBytes = shortLength < 126 ? 0 : shortLength === 126 ? 2 : 8;
    const payloadOffset = 2 + lengthBytes + 4;
    this.#wanted = payloadOffset;
    if (bytes.length < this.#wanted) return undefined;
    const length =
      lengthBytes === 0 ? shortLength : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if ((lengthBytes === 2 && length < 126) || (lengthBytes === 8 && length < 65536)) {
      throw new Error(`client sent length ${length} in ${lengthBytes} bytes`);
    }
    const fin = (first & 0x80) !== 0;
    const control = (first & 0x08) !== 0;
    if (control && (!fin || length > 125)) throw new Error(`client sent a fragmented or long ${type} frame`);

    this.#wanted = payloadOffset + length;
    if (bytes.length < this.#wanted) return undefined;
    const maskingKey = Buffer.from(bytes.subarray(payloadOffset - 4, payloadOffset));
    const payload = masked(bytes.subarray(payloadOffset, payloadOffset + length), maskingKey);
    this.#pending = bytes.subarray(payloadOffset + length);
    return new Frame({ type, fin, rsv, maskingKey, payload, at });
  }
}

export function masked(payload: Uint8Array, key: Uint8Array): Buffer {
  const result = Buffer.alloc(payload.length);
  // By words first: tests send many megabytes.
  const words = new Uint32Array(result.buffer, result.byteOffset, payload.length >> 2);
  const keyWord = new Uint32Array(Uint8Array.from(key).buffer)[0]!;
  result.set(payload);
  for (let i = 0; i < words.length; i++) words[i]! ^= keyWord;
  for (let i = words.length * 4; i < result.length; i++) result[i]! ^= key[i & 3]!;
  return result;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
