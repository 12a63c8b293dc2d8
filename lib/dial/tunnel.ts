/**
 * Makes of a stream that leads to a proxy one that leads to the destination, and of what fails on the way an error that
 * names the proxy. Knows neither dialling nor what comes through the tunnel.
 */

import { isIPv6 } from 'node:net';
import { EndOfStream, InvalidHandshake, InvalidMessage, ProxyError, TlsError, TransportError } from '../errors.js';
import type { HandshakeStream } from '../opening.js';
import { type ConnectSettings, connectThroughHttp } from './http-connect.js';
import type { ProxyServer } from './proxy.js';
import { connectThroughSocks, type Destination } from './socks.js';

export interface TunnelSettings extends ConnectSettings {
  /** Its reason is thrown as it is, whatever it is. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks the proxy for a tunnel.
 *
 * @param stream leads to the proxy; over TLS already where its scheme is `https`.
 * @param destination an IP address where the proxy takes nothing else.
 * @throws ProxyError where there is none.
 * @throws TimeoutError, or the signal's reason, as the stream does.
 */
export async function throughProxy(
  stream: HandshakeStream,
  proxy: ProxyServer,
  destination: Destination,
  settings: TunnelSettings,
): Promise<void> {
  const { hostname, port } = destination;
  if (hostname.includes('%')) {
    throw new ProxyError(`a proxy can't connect to ${hostname}, whose zone is one of this host`, { proxy: proxy.href });
  }
  const isSocks = proxy.scheme.startsWith('socks');
  const authority = `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`;
  try {
    if (isSocks) await connectThroughSocks(stream, proxy, destination);
    else await connectThroughHttp(stream, proxy, authority, settings);
  } catch (error) {
    if (settings.signal?.aborted && error === settings.signal.reason) throw error;
    throw isSocks ? socksFailure(error, proxy) : httpFailure(error, proxy);
  }
}

function httpFailure(error: unknown, proxy: ProxyServer): unknown {
  if (error instanceof ProxyError) return error;
  if (error instanceof TransportError || error instanceof TlsError) return brokenStream(error, proxy);
  if (!(error instanceof InvalidHandshake) && !(error instanceof EndOfStream)) return error;
  return new ProxyError('did not receive a valid HTTP response from proxy', { proxy: proxy.href, cause: error });
}

function socksFailure(error: unknown, proxy: ProxyServer): unknown {
  if (error instanceof TransportError) return brokenStream(error, proxy);
  const ended = error instanceof EndOfStream || (error instanceof InvalidMessage && error.cause instanceof EndOfStream);
  if (!ended) return error;
  const cause = error instanceof EndOfStream ? error : error.cause;
  const message = 'failed to connect to SOCKS proxy: it closed the connection within its answer';
  return new ProxyError(message, { proxy: proxy.href, cause });
}

function brokenStream(cause: Error, proxy: ProxyServer): ProxyError {
  return new ProxyError(`connection to proxy broke: ${cause.message}`, { proxy: proxy.href, cause });
}
