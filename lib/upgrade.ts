/**
 * The opening handshake's HTTP exchange (RFC 6455 §4.1) over a stream that is ready for it: asks for the upgrade, reads
 * the answer, and makes the `Connection` of one that agrees. Knows neither dialling nor redirects. JS thread.
 */

import type { CompressionSettings } from './compression-options.js';
import { Connection } from './connection.js';
import * as diagnostics from './diagnostics.js';
import { buildRequest, encodeRequest, judgeResponse, newKey } from './handshake/handshake.js';
import type { AgreedDeflate } from './handshake/permessage-deflate.js';
import type { Target } from './handshake/url.js';
import type { DeflateConfig, SocketAddress } from './native.js';
import type { HandshakeStream, Opening } from './opening.js';
import type { ResolvedOptions } from './options.js';
import { finalHead } from './response.js';
import type { TlsInfo } from './tls/tls-info.js';
import type { RequestHead, ResponseHead } from './types.js';

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

function deflateConfig(
  agreed: AgreedDeflate | undefined,
  settings: CompressionSettings | undefined,
): DeflateConfig | undefined {
  if (agreed === undefined || settings === undefined) return undefined;
  const { level, memLevel, threshold = agreed.clientNoContextTakeover ? lonelyThreshold : 0 } = settings;
  return { ...agreed, level, memLevel, threshold };
}
