/**
 * Where a hop dials: the path of a socket, its host, or the proxy that is to connect to it. Resolves by a function of the
 * caller's, who keeps the deadline; dials nothing.
 */

import type { DialTarget } from '../native.js';
import { type AddressSettings, familyOf } from './addresses.js';
import { describeProxy, type ProxyServer, resolvesLocally } from './proxy.js';
import { type ProxiedTarget, proxyFromEnvironment } from './proxy-environment.js';
import type { Destination } from './socks.js';

/** The addresses of a host, in the order of the attempts. */
export type Resolve = (hostname: string, settings: AddressSettings) => Promise<readonly string[]>;

export interface RoutedTarget extends ProxiedTarget {
  /** Host and port, as an error message names them. */
  readonly endpoint: string;
  /** The path of a socket to dial instead. */
  readonly socketPath: string | undefined;
}

export interface RouteSettings extends AddressSettings {
  readonly proxy: ProxyServer | 'environment' | undefined;
}

/** What the reader dials, and what errors say of it. */
export interface Route {
  /** In the order of the attempts. */
  readonly targets: readonly DialTarget[];
  /** The same as text: IP addresses, or the path. */
  readonly addresses: readonly string[];
  /** Host and port, the path, or the proxy. */
  readonly endpoint: string;
  /** undefined for a path, as the port is. */
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  /** What is to be asked of whom once it is dialled; undefined where that is the target itself. */
  readonly tunnel: Tunnel | undefined;
}

/** What a proxy is to be asked for. */
export interface Tunnel {
  readonly proxy: ProxyServer;
  readonly destination: Destination;
}

/**
 * Finds the way to a target. To a path it leads through no proxy.
 *
 * @throws TypeError where the environment names a proxy that can't be used.
 * @throws what `resolve` throws.
 */
export async function findRoute(target: RoutedTarget, settings: RouteSettings, resolve: Resolve): Promise<Route> {
  if (target.socketPath !== undefined) return pathRoute(target.socketPath);
  const proxy = settings.proxy === 'environment' ? proxyFromEnvironment(target, process.env) : settings.proxy;
  if (proxy === undefined) return hostRoute(target, target.endpoint, settings, resolve);
  const destination = await destinationFor(proxy, target, settings, resolve);
  return hostRoute(proxy, describeProxy(proxy), settings, resolve, { proxy, destination });
}

async function hostRoute(
  { hostname, port }: Destination,
  endpoint: string,
  settings: AddressSettings,
  resolve: Resolve,
  tunnel?: Tunnel,
): Promise<Route> {
  const addresses = await resolve(hostname, settings);
  return { targets: addresses.map((address) => ({ address, port })), addresses, endpoint, hostname, port, tunnel };
}

function pathRoute(path: string): Route {
  // An abstract socket's name begins with a NUL, which is customarily shown as an @.
  const shown = path.replace(/^\0/, '@');
  const none = { hostname: undefined, port: undefined, tunnel: undefined };
  return { targets: [{ path }], addresses: [shown], endpoint: shown, ...none };
}

/** The local address is of the way to the proxy and says nothing of the way from there. */
async function destinationFor(
  proxy: ProxyServer,
  { hostname, port }: ProxiedTarget,
  { lookup, family }: RouteSettings,
  resolve: Resolve,
): Promise<Destination> {
  if (!resolvesLocally(proxy) || familyOf(hostname) !== 0) return { hostname, port };
  const wanted = proxy.scheme === 'socks4' ? 4 : family;
  const [address = hostname] = await resolve(hostname, { lookup, family: wanted, localAddress: undefined });
  return { hostname: address, port };
}
