/**
 * Where a hop dials: the path of a socket, or the addresses of a host. Waits for the resolver no longer than the
 * deadline and the signal allow. Dials nothing, and knows neither HTTP nor TLS.
 */

import type { Deadline } from '../deadline.js';
import { TimeoutError } from '../errors.js';
import type { DialTarget } from '../native.js';
import { type AddressSettings, resolveAddresses } from './addresses.js';

/** Who is to be reached: the server, or a proxy on the way to it. */
export interface Destination {
  /** A name or an IP address, without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Both, as an error message names them. */
  readonly endpoint: string;
  /** The path of a socket to dial instead. */
  readonly socketPath?: string | undefined;
}

export interface RouteSettings extends AddressSettings {
  /** Milliseconds; 0 waits for ever. */
  readonly openTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** What the reader dials, and what errors say of it. */
export interface Route {
  /** In the order of the attempts. */
  readonly targets: readonly DialTarget[];
  /** The same as text: IP addresses, or the path. */
  readonly addresses: readonly string[];
  /** Host and port, or the path. */
  readonly endpoint: string;
  /** undefined for a path, as the port is. */
  readonly hostname: string | undefined;
  readonly port: number | undefined;
}

/**
 * The way to a destination.
 *
 * @throws TransportError where the name has no address of the family wanted, or asking failed.
 * @throws TypeError where `lookup` gives something else than IP addresses.
 * @throws TimeoutError where the resolver is not done by the deadline; the signal's reason where that aborts before.
 */
export async function findRoute(to: Destination, settings: RouteSettings, deadline: Deadline): Promise<Route> {
  if (to.socketPath !== undefined) return pathRoute(to.socketPath);
  const { hostname, port, endpoint } = to;
  const addresses = await resolve(hostname, settings, deadline);
  return { targets: addresses.map((address) => ({ address, port })), addresses, endpoint, hostname, port };
}

function pathRoute(path: string): Route {
  // An abstract socket's name begins with a NUL, which is customarily shown as an @.
  const shown = path.replace(/^\0/, '@');
  return { targets: [{ path }], addresses: [shown], endpoint: shown, hostname: undefined, port: undefined };
}

/** Resolving can't be cancelled, so whoever waits stops waiting. */
async function resolve(hostname: string, settings: RouteSettings, deadline: Deadline): Promise<readonly string[]> {
  const { signal, openTimeout } = settings;
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    const message = `timed out while resolving ${hostname}; openTimeout is ${openTimeout} ms`;
    if (openTimeout !== 0) timer = setTimeout(() => reject(new TimeoutError(message)), deadline.remaining());
    aborted = () => reject(signal?.reason);
    signal?.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([resolveAddresses(hostname, settings), interrupted]);
  } finally {
    clearTimeout(timer);
    if (aborted !== undefined) signal?.removeEventListener('abort', aborted);
  }
}
