/**
 * The server's compression (RFC 7692 §7.2): one sliding window for each direction, as agreed on. The inflater keeps
 * no more than was agreed, so a client that refers further back, or to an earlier message where it may not, fails.
 */

import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';
import type { Agreement } from './negotiation.js';

/** What a flush leaves at the end, which is not sent. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

export class Compression {
  readonly #agreed: Agreement;
  #deflater: DeflateRaw | undefined;
  #inflater: InflateRaw | undefined;

  constructor(agreed: Agreement) {
    this.#agreed = agreed;
  }

  async deflate(payload: Buffer): Promise<Buffer> {
    this.#deflater ??= createDeflateRaw({ windowBits: this.#agreed.serverWindowBits });
    const compressed = await through(this.#deflater, payload);
    if (this.#agreed.serverNoContextTakeover) this.#deflater.reset();
    return compressed.subarray(0, -TAIL.length);
  }

  async inflate(compressed: Buffer): Promise<Buffer> {
    this.#inflater ??= createInflater(this.#agreed.clientWindowBits);
    const payload = await through(this.#inflater, Buffer.concat([compressed, TAIL]));
    if (this.#agreed.clientNoContextTakeover) this.#inflater.reset();
    return payload;
  }

  close(): void {
    this.#deflater?.close();
    this.#inflater?.close();
  }
}

/** zlib allows references to all that lies in the output's buffer, so that must not be larger than the window. */
function createInflater(windowBits: number): InflateRaw {
  return createInflateRaw({ windowBits, chunkSize: Math.min(16 * 1024, 2 ** windowBits) });
}

/** Everything that comes out when this has gone in and was flushed. */
function through(stream: DeflateRaw | InflateRaw, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer): number => chunks.push(chunk);
    stream.once('error', reject);
    stream.on('data', take);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off('data', take);
      stream.off('error', reject);
      resolve(Buffer.concat(chunks));
    });
  });
}
