/**
 * Reads an HTTP response from a stream that carries no frames yet: the final head, and the body of a refusal. Both come
 * from a server or a proxy alike. Does not judge what they say.
 */

import type { Buffer } from 'node:buffer';
import { undoContentCoding } from './content-coding.js';
import { Deadline } from './deadline.js';
import { SecurityError } from './errors.js';
import { BodyDecoder, maxBodySize } from './handshake/body.js';
import { maxHeadSize, parseResponseHead, type Responder } from './handshake/response-head.js';
import type { HandshakeStream } from './opening.js';
import type { ResponseHead } from './types.js';

/** Informational responses to skip before the final one (RFC 9110 §15.2); more are no server's business. */
const maxInformational = 8;
/** Milliseconds for the body of a response that was a refusal; it only serves to explain. */
const bodyPatience = 2_000;
/** Bytes to ask for at a time while reading a body. */
const bodyReadSize = 64 * 1024;

/** The first head that is final: 101 is, other informational ones are not. */
export async function finalHead(stream: HandshakeStream, responder?: Responder): Promise<ResponseHead> {
  for (let informational = 0; informational <= maxInformational; informational++) {
    const head = parseResponseHead(await stream.head(maxHeadSize), responder);
    if (head.status === 101 || head.status >= 200) return head;
  }
  throw new SecurityError(`response has more than ${maxInformational} informational heads before the final one`);
}

/** What comes of the body in reasonable time, without its codings; being cut short is no error. */
export async function readBody(stream: HandshakeStream, response: ResponseHead): Promise<Buffer> {
  const decoder = new BodyDecoder(response);
  const patience = new Deadline(bodyPatience);
  while (!decoder.done) {
    const bytes = await stream.some(bodyReadSize, patience.remaining());
    if (bytes.length === 0) break;
    decoder.push(bytes);
  }
  return undoContentCoding(decoder.body(), response.headers, maxBodySize);
}
