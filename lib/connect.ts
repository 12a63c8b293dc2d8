/**
 * Opens a connection, hop by hop: finds where to dial, has a reader dial it, makes of the stream what the URL asks for,
 * and asks for the upgrade. Whatever fails on the way, the reader has ended before the promise rejects. JS thread.
 */

import type { Connection } from './connection.js';
import { Deadline } from './deadline.js';
import * as diagnostics from './diagnostics.js';
import { findRoute } from './dial/route.js';
import { InvalidStatus, invalidArgument } from './errors.js';
import { parseUrl, type Target } from './handshake/url.js';
import type { DialTarget, SessionConfig } from './native.js';
import { Opening } from './opening.js';
import { type ConnectOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { openSession } from './session.js';
import { secure } from './tls/secure.js';
import type { TlsInfo } from './tls/tls-info.js';
import { acceptUpgrade, askForUpgrade, readBody } from './upgrade.js';

/**
 * Opens a WebSocket connection (RFC 6455 §4.1).
 *
 * @param url a `ws:` or `wss:` URL; credentials in it are sent as Basic authentication. `ws+unix:/path/to/socket:/resource`
 * and `wss+unix:` reach a Unix domain socket.
 * @param options what is different from the defaults.
 * @returns the open connection.
 * @throws InvalidURL, TypeError, RangeError or NotSupported where an argument is wrong.
 * @throws TransportError where the name can't be resolved, no address can be connected to, or the network fails.
 * @throws TimeoutError where opening took longer than `openTimeout`; the message names the stage.
 * @throws InvalidStatus where the server answered with another status than 101; it carries head and body.
 * @throws InvalidHandshake where what the server answered opens no WebSocket connection; its subclass says why.
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

async function open(target: Target, resolved: ResolvedOptions): Promise<Connection> {
  if (resolved.signal?.aborted) throw resolved.signal.reason;
  const deadline = new Deadline(resolved.openTimeout);
  return hop(target, resolved, deadline);
}

/** One dial and one request. */
async function hop(target: Target, options: ResolvedOptions, deadline: Deadline): Promise<Connection> {
  const socketPath = target.socketPath ?? options.socketPath;
  const route = await findRoute({ ...target, socketPath }, options, deadline);
  const session = openSession(sessionConfig(route.targets, options, deadline));
  const opening = new Opening(session, { ...route, openTimeout: options.openTimeout });
  try {
    opening.abortOn(options.signal);
    const ends = await opening.dialed();
    const tls = target.secure ? await secureTarget(opening, target, options) : undefined;
    opening.stage = 'waiting for handshake response';
    const exchange = await askForUpgrade(opening, target, options);
    const { response } = exchange;
    if (response.status !== 101) throw new InvalidStatus(response, await readBody(opening, response));
    return acceptUpgrade(opening, exchange, target, { ...ends, tls }, options);
  } catch (error) {
    await opening.dismiss();
    throw error;
  }
}

function secureTarget(opening: Opening, target: Target, options: ResolvedOptions): Promise<TlsInfo> {
  opening.stage = `shaking hands with ${target.endpoint} for TLS`;
  return secure(opening, target, options.tls);
}

/**
 * Takes the arguments of `connect()` apart and checks them; does nothing else.
 *
 * @param otherNames as for `resolveOptions()`.
 * @throws InvalidURL, TypeError, RangeError or NotSupported where an argument is wrong.
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
    throw invalidArgument(
      `tls is given and url has scheme '${scheme}'; expected '${scheme.replace('ws', 'wss')}', or no tls`,
    );
  }
  if (target.socketPath !== undefined && resolved.socketPath !== undefined) {
    throw invalidArgument('url and option socketPath both name a socket; expected one of them');
  }
  return { target, resolved };
}

function sessionConfig(targets: readonly DialTarget[], options: ResolvedOptions, deadline: Deadline): SessionConfig {
  const { openTimeout, maxQueue } = options;
  return {
    targets,
    attemptDelay: options.attemptDelay,
    localAddress: options.localAddress,
    localPort: options.localPort,
    noDelay: options.noDelay,
    keepAlive: options.keepAlive,
    keepAliveInitialDelay: options.keepAliveInitialDelay,
    // 0 would switch the deadline off; one that has just passed still has to ring.
    openTimeout: openTimeout === 0 ? 0 : Math.max(1, deadline.remaining()),
    closeTimeout: options.closeTimeout,
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
    maxMessageSize: options.maxMessageSize.message,
    maxFragmentSize: options.maxMessageSize.fragment,
    maxFragments: options.maxFragments,
    highMessages: maxQueue.messages.high,
    lowMessages: maxQueue.messages.low,
    highBytes: maxQueue.bytes.high,
    lowBytes: maxQueue.bytes.low,
    writeLow: options.writeLimit.low,
    observation: diagnostics.observation(),
  };
}
