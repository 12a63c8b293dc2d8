/**
 * Opens a connection, hop by hop: finds where to dial, has a reader dial it, makes of the stream what the URL asks for,
 * and asks for the upgrade. Whatever fails on the way, the reader has ended before the promise rejects. JS thread.
 */

import type { Connection } from './connection.js';
import { Deadline } from './deadline.js';
import * as diagnostics from './diagnostics.js';
import { describeProxy } from './dial/proxy.js';
import { resolveInTime } from './dial/resolve.js';
import { findRoute, type Tunnel } from './dial/route.js';
import { throughProxy } from './dial/tunnel.js';
import { afterRedirect, InvalidStatus, invalidArgument, SecurityError } from './errors.js';
import { networkDenied } from './failures.js';
import { forAnotherOrigin, isRedirect, redirectTarget, sameOrigin } from './handshake/redirect.js';
import { parseUrl, type Target } from './handshake/url.js';
import { Opening } from './opening.js';
import { type ConnectOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { isNetworkDenied } from './permission.js';
import { readBody } from './response.js';
import { openSession } from './session.js';
import { sessionConfig } from './session-config.js';
import { secure } from './tls/secure.js';
import { secureContext } from './tls/secure-context.js';
import type { TlsInfo } from './tls/tls-info.js';
import type { ResponseHead } from './types.js';
import { acceptUpgrade, askForUpgrade } from './upgrade.js';

/**
 * Opens a WebSocket connection (RFC 6455 §4.1).
 *
 * @param url a `ws:` or `wss:` URL; credentials in it are sent as Basic authentication. `ws+unix:/path/to/socket:/resource`
 * and `wss+unix:` reach a Unix domain socket.
 * @param options what is different from the defaults.
 * @returns the open connection.
 * @throws InvalidURL, TypeError, RangeError or NotSupported where an argument is wrong.
 * @throws TransportError where the name can't be resolved, no address can be connected to, or the network fails; its code
 * is `ERR_ACCESS_DENIED` where Node's permission model denies the network.
 * @throws TimeoutError where opening took longer than `openTimeout`; the message names the stage.
 * @throws TlsError where TLS fails, or an option of it is refused by OpenSSL; CertificateError where the server, or an
 * HTTPS proxy, is not who it should be.
 * @throws ProxyError where the proxy refused or failed to connect.
 * @throws InvalidStatus where the server answered with another status than 101 or a redirect; it carries head and body.
 * @throws InvalidHandshake where what the server answered opens no WebSocket connection, or is a redirect that can't be
 * followed; its subclass says why.
 * @throws the reason of `options.signal` where that aborts first.
 *
 * @example
 * ```ts
 * const connection = await connect('ws://localhost:8080/feed');
 * for await (const message of connection) console.log(message);
 * ```
 */
export async function connect(url: string | URL, options?: ConnectOptions): Promise<Connection> {
  const { target, resolved } = checkConnectArguments(url, options);
  diagnostics.connecting(target.href);
  try {
    return await open(target, resolved);
  } catch (error) {
    diagnostics.failed(target.href, error);
    throw error;
  }
}

/** A hop: where to connect to, and what may be told there. */
interface Hop {
  readonly target: Target;
  /** Without what was for another origin alone. */
  readonly options: ResolvedOptions;
}

/** Follows redirects, all under one deadline. Only one hop's reader lives at a time. */
async function open(target: Target, options: ResolvedOptions): Promise<Connection> {
  const { openTimeout, maxRedirects, signal } = options;
  const deadline = new Deadline(openTimeout);
  let hop: Hop = { target, options };
  for (let redirects = 0; ; redirects++) {
    try {
      if (signal?.aborted) throw signal.reason;
      const answer = await take(hop, deadline);
      if (!('redirect' in answer)) return answer.connection;
      hop = nextHop(hop, answer.redirect);
      diagnostics.redirected(answer.redirect.status, hop.target.href);
      if (redirects === maxRedirects) {
        throw new SecurityError(`server redirected more than ${maxRedirects} times, which is what maxRedirects allows`);
      }
    } catch (error) {
      const ours = redirects > 0 && !(signal?.aborted && error === signal.reason);
      throw ours ? afterRedirect(error, hop.target.href) : error;
    }
  }
}

/** One dial and one request. A redirect's body is not read. */
async function take(
  { target, options }: Hop,
  deadline: Deadline,
): Promise<{ readonly connection: Connection } | { readonly redirect: ResponseHead }> {
  const socketPath = target.socketPath ?? options.socketPath;
  const { tunnel, ...route } = await findRoute({ ...target, socketPath }, options, (hostname, settings) =>
    resolveInTime(hostname, settings, options, deadline),
  );
  if (isNetworkDenied()) throw networkDenied(route);
  const session = openSession(sessionConfig(route.targets, options, deadline));
  const opening = new Opening(session, { ...route, openTimeout: options.openTimeout });
  try {
    opening.abortOn(options.signal);
    const ends = await opening.dialed();
    if (tunnel !== undefined) await openTunnel(opening, tunnel, options);
    const tls = target.secure ? await secureTarget(opening, target, options) : undefined;
    opening.stage = 'waiting for handshake response';
    const exchange = await askForUpgrade(opening, target, options);
    const { response } = exchange;
    if (response.status === 101) {
      return { connection: acceptUpgrade(opening, exchange, target, { ...ends, tls }, options) };
    }
    if (!isRedirect(response.status) || options.maxRedirects === 0) {
      throw new InvalidStatus(response, await readBody(opening, response));
    }
    await opening.dismiss();
    return { redirect: response };
  } catch (error) {
    await opening.dismiss();
    throw error;
  }
}

async function openTunnel(opening: Opening, { proxy, destination }: Tunnel, options: ResolvedOptions): Promise<void> {
  const { stage } = opening;
  if (proxy.scheme === 'https') {
    const endpoint = describeProxy(proxy);
    opening.stage = `shaking hands with ${endpoint} for TLS`;
    await secure(opening, { ...proxy, endpoint, proxy: proxy.href }, options.proxyTls);
  }
  opening.stage = stage;
  await throughProxy(opening, proxy, destination, options);
}

function secureTarget(opening: Opening, target: Target, options: ResolvedOptions): Promise<TlsInfo> {
  opening.stage = `shaking hands with ${target.endpoint} for TLS`;
  return secure(opening, target, options.tls);
}

function nextHop({ target: from, options }: Hop, response: ResponseHead): Hop {
  const target = redirectTarget(from, response);
  return { target, options: sameOrigin(from, target) ? options : forAnotherOrigin(options) };
}

/**
 * Takes the arguments of `connect()` apart and checks them; does nothing else.
 *
 * @param otherNames as for `resolveOptions()`.
 * @throws InvalidURL, TypeError, RangeError, TlsError or NotSupported where an argument is wrong.
 */
export function checkConnectArguments(
  url: string | URL,
  options?: ConnectOptions,
  otherNames?: ReadonlyMap<string, string>,
): { readonly target: Target; readonly resolved: ResolvedOptions } {
  const target = parseUrl(url);
  const resolved = resolveOptions(options, otherNames);
  if (!target.secure && options?.tls !== undefined) {
    const scheme = target.href.slice(0, target.href.indexOf(':') + 1);
    const expected = `'${scheme.replace('ws', 'wss')}', or no tls`;
    throw invalidArgument(`tls is given and url has scheme '${scheme}'; expected ${expected}`);
  }
  checkSocket(target, resolved);
  // What OpenSSL refuses is a wrong argument, too.
  if (target.secure) secureContext(resolved.tls);
  const { proxy } = resolved;
  if (typeof proxy === 'object' && proxy.scheme === 'https') secureContext(resolved.proxyTls);
  return { target, resolved };
}

/** Where a socket's path is given, nothing else may say where to dial; the environment does not. */
function checkSocket({ socketPath: ofUrl }: Target, { socketPath: ofOptions, proxy }: ResolvedOptions): void {
  if (ofUrl !== undefined && ofOptions !== undefined) {
    throw invalidArgument('url and option socketPath both name a socket; expected one of them');
  }
  if ((ofUrl ?? ofOptions) !== undefined && typeof proxy === 'object') {
    throw invalidArgument(
      `proxy is given and ${ofUrl === undefined ? 'socketPath' : 'url'} names a socket; expected no proxy`,
    );
  }
}
