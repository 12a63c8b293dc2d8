/**
 * DEFLATE (RFC 1951) by hand, for what no compressor makes on demand: references of an exact distance, and blocks of a
 * kind. Writes bits, least significant first; knows no messages.
 */

/** The longest reference. */
const longest = 258;

export class DeflateBits {
  readonly #bits: number[] = [];

  /** A block that holds bytes as they are (§3.2.4), 65,535 at most. */
  stored(bytes: Uint8Array, last = false): this {
    this.#header(0, last);
    this.#align();
    this.#number(bytes.length, 16);
    this.#number(~bytes.length & 0xffff, 16);
    for (const byte of bytes) this.#number(byte, 8);
    return this;
  }

  /** A block with fixed codes (§3.2.6) that refers to 258 bytes, which begin `2 ** bits` bytes back. */
  reference(bits: number, last = false): this {
    return this.#fixed(last, () => {
      // Of the codes for 258 bytes, and for the farthest that `bits` can say, the extra bits are all set.
      this.#code(0b11000101, 8);
      this.#code(2 * bits - 1, 5);
      this.#number(2 ** (bits - 2) - 1, bits - 2);
    });
  }

  /** As `reference`, one byte farther than `2 ** bits`: beyond the window. At most 14 bits. */
  referenceBeyond(bits: number): this {
    return this.#fixed(false, () => {
      this.#code(0b11000101, 8);
      this.#code(2 * bits, 5);
      this.#number(0, bits - 1);
    });
  }

  /** A message's payload: what comes, flushed, without the end that is cut off (RFC 7692 §7.2.1). */
  message(): Buffer {
    this.#header(0, false);
    return this.bytes();
  }

  /** What was written, filled up to a whole byte. */
  bytes(): Buffer {
    this.#align();
    const bytes = Buffer.alloc(this.#bits.length / 8);
    this.#bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }

  #fixed(last: boolean, content: () => void): this {
    this.#header(1, last);
    content();
    this.#code(0, 7);
    // A last block is padded to a whole byte, and the next one begins there (RFC 7692 §7.2.1).
    if (last) this.#align();
    return this;
  }

  #header(type: number, last: boolean): void {
    this.#number(last ? 1 : 0, 1);
    this.#number(type, 2);
  }

  #number(value: number, bits: number): void {
    for (let i = 0; i < bits; i++) this.#bits.push((value >> i) & 1);
  }

  /** Huffman codes begin with their most significant bit. */
  #code(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) this.#bits.push((value >> i) & 1);
  }

  #align(): void {
    while (this.#bits.length % 8 > 0) this.#bits.push(0);
  }
}

/** What a reference of `2 ** bits` bytes back adds to `plain`, which has to be at least so long. */
export function referred(plain: Uint8Array, bits: number): Buffer<ArrayBuffer> {
  const begin = plain.length - 2 ** bits;
  return Buffer.from(Array.from({ length: longest }, (_, i) => plain[begin + (i % 2 ** bits)]!));
}
