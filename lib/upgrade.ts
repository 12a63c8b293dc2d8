/**
 * The opening handshake's HTTP exchange (RFC 6455 §4.1) over a stream that is ready for it: asks for the upgrade, reads
 * the answer, and makes the `Connection` of one that agrees. Knows neither dialling nor redirects. JS thread.
 */

import type { Buffer } from 'node:buffer';
import type { CompressionSettings } from './compression-options.js';
import { Connection } from './connection.js';
import { undoContentCoding } from './content-coding.js';
import { Deadline } from './deadline.js';
import * as diagnostics from './diagnostics.js';
import { SecurityError } from './errors.js';
import { BodyDecoder, maxBodySize } from './handshake/body.js';
import { buildRequest, encodeRequest, judgeResponse, newKey } from './handshake/handshake.js';
import type { AgreedDeflate } from './handshake/permessage-deflate.js';
import { maxHeadSize, parseResponseHead } from './handshake/response-head.js';
import type { Target } from './handshake/url.js';
import type { DeflateConfig, SocketAddress } from './native.js';
import type { HandshakeStream, Opening } from './opening.js';
import type { ResolvedOptions } from './options.js';
import type { TlsInfo } from './tls/tls-info.js';
import type { RequestHead, ResponseHead } from './types.js';

/** Informational responses to skip before the final one (RFC 9110 §15.2); more are no server's business. */
const maxInformational = 8;
/** Milliseconds for the body of a response that was a refusal; it only serves to explain. */
const bodyPatience = 2_000;
/** Bytes to ask for at a time while reading a body. */
const bodyReadSize = 64 * 1024;
/** Bytes below which compressing rarely pays where every message starts with an empty window. */
const lonelyThreshold = 1024;

/** What was asked and what came in answer, with any status. */
export interface Exchange {
  readonly request: RequestHead;
  readonly response: ResponseHead;
  /** The value of `Sec-WebSocket-Key`, which the answer has to fit. */
  readonly key: string;
}

/** What carries the connection. */
export interface Carrier {
  /** The ends of the socket. */
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** undefined where it is not encrypted. */
  readonly tls: TlsInfo | undefined;
}

/** Asks for the upgrade and waits for the final answer. */
export async function askForUpgrade(
  stream: HandshakeStream,
  target: Target,
  options: ResolvedOptions,
): Promise<Exchange> {
  const key = newKey();
  const request = buildRequest(target, options, key);
  stream.write(encodeRequest(request));
  return { request, response: await finalHead(stream), key };
}

/** Makes the connection of an answer with status 101, or throws what is wrong with it. */
export function acceptUpgrade(
  opening: Opening,
  { request, response, key }: Exchange,
  target: Target,
  carrier: Carrier,
  options: ResolvedOptions,
): Connection {
  const { compression, subprotocols } = options;
  const { subprotocol, deflate } = judgeResponse(response, { key, subprotocols, compression });
  const config = deflateConfig(deflate, compression);
  const session = opening.handOver();
  const connection = new Connection({
    session,
    url: target.href,
    request,
    response,
    subprotocol,
    localAddress: carrier.local,
    remoteAddress: carrier.remote,
    tls: carrier.tls,
    options,
    compressFrom: config === undefined ? Number.POSITIVE_INFINITY : config.threshold,
  });
  session.native.start(config);
  diagnostics.opened(connection, session.native.id);
  return connection;
}

/** The first head that is final: 101 is, other informational ones are not. */
export async function finalHead(stream: HandshakeStream): Promise<ResponseHead> {
  for (let informational = 0; informational <= maxInformational; informational++) {
    const head = parseResponseHead(await stream.head(maxHeadSize));
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

function deflateConfig(
  agreed: AgreedDeflate | undefined,
  settings: CompressionSettings | undefined,
): DeflateConfig | undefined {
  if (agreed === undefined || settings === undefined) return undefined;
  const { level, memLevel, threshold = agreed.clientNoContextTakeover ? lonelyThreshold : 0 } = settings;
  return { ...agreed, level, memLevel, threshold };
}
