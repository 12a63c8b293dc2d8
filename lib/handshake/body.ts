/**
 * The body of a response that did not open a connection (RFC 9112 §6): fed with bytes as they come, it knows when it is
 * over and keeps a bounded part. Pure. A malformed body ends where it is malformed; what came until then is kept, since
 * it only serves to explain a failure.
 */

import { Buffer } from 'node:buffer';
import type { ResponseHead } from '../types.js';
import { listMembers } from './headers.js';

/** The most bytes kept. */
export const maxBodySize = 1024 * 1024;
/** The most bytes of a chunk's size line, its extensions included. */
const maxChunkLine = 4 * 1024;
/** The most bytes that framing may use on top of the body, so that tiny chunks end as well. */
const maxFraming = maxBodySize;

/** Where a chunked body stands (RFC 9112 §7.1). */
type ChunkState = 'size' | 'data' | 'data-end';

export class BodyDecoder {
  readonly #kept: Buffer[] = [];
  readonly #limit: number;
  readonly #chunked: boolean;
  #size = 0;
  #done = false;
  /** Bytes of the body, or of the current chunk, still to come; Infinity where the end of the stream ends the body. */
  #remaining: number;
  #chunkState: ChunkState = 'size';
  #line = '';
  #framing = 0;

  constructor(head: ResponseHead, limit = maxBodySize) {
    this.#limit = limit;
    const codings = listMembers(head.headers.getAll('Transfer-Encoding')).map((coding) => coding.toLowerCase());
    // Transfer-Encoding overrides Content-Length (RFC 9112 §6.3); codings other than chunked end with the stream.
    this.#chunked = codings.at(-1) === 'chunked';
    if (head.status < 200 || head.status === 204 || head.status === 304) this.#remaining = 0;
    else if (codings.length > 0) this.#remaining = Number.POSITIVE_INFINITY;
    else this.#remaining = contentLength(listMembers(head.headers.getAll('Content-Length')));
    if (this.#remaining === 0 || limit === 0) this.#done = true;
  }

  /** Whether nothing more is needed. */
  get done(): boolean {
    return this.#done;
  }

  /** Takes the next bytes of the stream. */
  push(bytes: Buffer): void {
    if (this.#chunked) this.#pushChunked(bytes);
    else this.#keepRemaining(bytes);
    if (!this.#chunked && this.#remaining === 0) this.#done = true;
  }

  /** What was kept of the body. */
  body(): Buffer {
    return Buffer.concat(this.#kept);
  }

  /** Keeps what belongs to the body, or to the current chunk, and returns what is beyond it. */
  #keepRemaining(bytes: Buffer): Buffer {
    if (this.#done) return bytes.subarray(bytes.length);
    const mine = bytes.subarray(0, Math.min(bytes.length, this.#remaining));
    const fits = mine.subarray(0, this.#limit - this.#size);
    // A copy: what came is a view of memory that its owner may use again.
    if (fits.length > 0) this.#kept.push(Buffer.from(fits));
    this.#size += fits.length;
    this.#remaining -= mine.length;
    if (this.#size === this.#limit) this.#done = true;
    return bytes.subarray(mine.length);
  }

  #pushChunked(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && !this.#done) {
      if (this.#chunkState === 'data') {
        rest = this.#keepRemaining(rest);
        if (this.#remaining === 0) this.#chunkState = 'data-end';
        continue;
      }
      const end = rest.indexOf(0x0a);
      const part = end < 0 ? rest : rest.subarray(0, end + 1);
      rest = rest.subarray(part.length);
      this.#framing += part.length;
      if (this.#line.length + part.length > maxChunkLine || this.#framing > maxFraming) this.#done = true;
      else this.#line += part.toString('latin1');
      if (end >= 0 && !this.#done) this.#endLine();
    }
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = '';
    if (this.#chunkState === 'data-end') {
      this.#chunkState = 'size';
      if (line !== '\r\n') this.#done = true;
      return;
    }
    const [, digits] = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n$/.exec(line) ?? [];
    const size = digits === undefined ? 0 : Number.parseInt(digits, 16);
    // The last chunk: trailers may follow, and nobody asks for them.
    if (size === 0) this.#done = true;
    this.#remaining = size;
    this.#chunkState = 'data';
  }
}

/** The declared length; where it is missing or makes no sense, the body ends with the stream. */
function contentLength(values: readonly string[]): number {
  const [first] = values;
  if (first === undefined || !/^[0-9]{1,15}$/.test(first) || values.some((value) => value !== first)) {
    return Number.POSITIVE_INFINITY;
  }
  return Number(first);
}
