/**
 * A tunnel through an HTTP proxy: CONNECT (RFC 9110 §9.3.6) and the judgement of its answer, over a stream that leads to
 * the proxy. Behind the head of a 2xx answer every byte is the tunnel's. Knows neither dialling nor TLS.
 */

import { ProxyError } from '../errors.js';
import { basicAuthorization, encodeRequest } from '../handshake/handshake.js';
import { type HeaderEntry, HeaderList } from '../handshake/headers.js';
import type { HandshakeStream } from '../opening.js';
import { finalHead, readBody } from '../response.js';
import type { RequestHead } from '../types.js';
import type { ProxyServer } from './proxy.js';

/** What of the options shapes the request. */
export interface ConnectSettings {
  readonly userAgent: string | undefined;
  /** These replace the headers that hawser would send. */
  readonly proxyHeaders: readonly HeaderEntry[];
}

/**
 * Asks the proxy for a tunnel.
 *
 * @param authority host and port to connect to.
 * @throws ProxyError where the proxy refuses; what else the stream throws is the caller's to explain.
 */
export async function connectThroughHttp(
  stream: HandshakeStream,
  proxy: ProxyServer,
  authority: string,
  settings: ConnectSettings,
): Promise<void> {
  stream.write(encodeRequest(buildConnect(proxy, authority, settings)));
  const response = await finalHead(stream, 'proxy');
  const { status } = response;
  // Neither Content-Length nor Transfer-Encoding of a success means anything (RFC 9110 §9.3.6).
  if (status >= 200 && status < 300) return;
  throw new ProxyError(`proxy rejected connection: HTTP ${status}`, {
    proxy: proxy.href,
    response,
    body: await readBody(stream, response),
  });
}

function buildConnect({ credentials }: ProxyServer, authority: string, settings: ConnectSettings): RequestHead {
  const { userAgent, proxyHeaders } = settings;
  const chosen = new HeaderList(proxyHeaders);
  const entries: HeaderEntry[] = [['Host', chosen.get('host') ?? authority]];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && !chosen.has(name)) entries.push([name, value]);
  };
  add('Proxy-Authorization', credentials === undefined ? undefined : basicAuthorization(credentials));
  add('User-Agent', userAgent);
  for (const entry of proxyHeaders) if (entry[0].toLowerCase() !== 'host') entries.push(entry);
  return { method: 'CONNECT', target: authority, headers: new HeaderList(entries) };
}
