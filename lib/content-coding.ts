/**
 * Undoes the content coding of a response's body (RFC 9110 §8.4): gzip, deflate and br, inflated in the thread pool and
 * no further than a bound. We ask for no coding, so whatever a server made of that serves to explain a failure, and is
 * never one by itself: what comes out until the end, the bound or an error is the body.
 */

import { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { type HeaderList, listMembers } from './handshake/headers.js';

/** More than one is an oddity, and a chain of them an attack. */
const maxCodings = 2;
/** Bytes that an inflater makes at a time. */
const chunkSize = 16 * 1024;

/**
 * The body as it was before it was coded, at most `limit` bytes of it. A coding that is unknown, or too many of them,
 * leave it as it came, and so does one that it does not have.
 */
export async function undoContentCoding(body: Buffer, headers: HeaderList, limit: number): Promise<Buffer> {
  const codings = listMembers(headers.getAll('Content-Encoding')).map((coding) => coding.toLowerCase());
  const applied = codings.filter((coding) => coding !== 'identity');
  if (applied.length > maxCodings || !applied.every((coding) => decoders.has(coding))) return body;
  let decoded = body;
  for (const coding of applied.reverse()) {
    // An empty body is not coded, whatever the header says.
    if (decoded.length === 0) break;
    decoded = await inflate(decoders.get(coding) as Decoder, decoded, limit);
  }
  return decoded;
}

type Decoder = (body: Buffer) => Transform;

// A body that is cut short gives what there is of it, since only the end of the input is flushed with `finishFlush`.
const flushing = { finishFlush: zlib.constants.Z_SYNC_FLUSH, chunkSize };
const gunzip: Decoder = () => zlib.createGunzip(flushing);

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  // Some servers leave zlib's header out, whose first byte names the method, 8 (RFC 1950 §2.2).
  ['deflate', ([first = 0]) => ((first & 0x0f) === 8 ? zlib.createInflate(flushing) : zlib.createInflateRaw(flushing))],
  ['br', () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH, chunkSize })],
]);

/** What comes out until the end, the limit or an error; the body itself where nothing does: it is not coded so. */
async function inflate(decoder: Decoder, body: Buffer, limit: number): Promise<Buffer> {
  const stream = decoder(body);
  const parts: Buffer[] = [];
  let size = 0;
  let failed = false;
  stream.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size >= limit) stream.destroy();
  });
  stream.on('error', () => {
    failed = true;
  });
  await new Promise((resolve) => {
    stream.once('close', resolve);
    stream.end(body);
  });
  return failed && size === 0 ? body : Buffer.concat(parts, Math.min(size, limit));
}
