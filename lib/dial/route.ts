/**
 * Where a hop dials: the path of a socket, its host, or the proxy that is to connect to it. Resolves by a function of the caller's, who keeps
 * the deadline; dials nothing.
 */

import type { DialTarget } from '../native.js';
import { type AddressSettings, familyOf } from './addresses.js';
import { describeProxy, type ProxyServer, resolvesLocally } from './proxy.js';
import { type ProxiedTarget, proxyFromEnvironment } from './proxy-environment.js';
import type { Destination } from './socks.js';

/** The addresses of a host, in the order of the attempts. */
export type Resolve = (hostname: string, settings: AddressSettings) => Promise<readonly string[]>;

export interface RouteSettings extends AddressSettings {
  /** The path of a socket to dial instead. */
  readonly socketPath?: string | undefined;
  readonly proxy: ProxyServer | 'environment' | undefined;
}

export interface Route {
  /** undefined for the path of a socket, as the port is. */
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  /** Who is dialled, as an error message names it. */
  readonly endpoint: string;
  /** In the order of the attempts. */
  readonly targets: readonly DialTarget[];
  /** The same as text: IP addresses, or the path. */
  readonly addresses: readonly string[];
  /** What is to be asked of whom once it is dialled; undefined where that is the target itself. */
  readonly tunnel: Tunnel | undefined;
}

/** What a proxy is to be asked for. */
export interface Tunnel {
  readonly proxy: ProxyServer;
  readonly destination: Destination;
}

/**
 * Finds the way to a target.
 *
 * @throws TypeError where the environment names a proxy that can't be used.
 * @throws what `resolve` throws.
 */
export async function findRoute(
  target: ProxiedTarget & { readonly endpoint: string; readonly socketPath?: string | undefined },
  settings: RouteSettings,
  resolve: Resolve,
): Promise<Route> {
  const path = target.socketPath ?? settings.socketPath;
  if (path !== undefined) return pathRoute(path);
  const proxy = settings.proxy === 'environment' ? proxyFromEnvironment(target, process.env) : settings.proxy;
  if (proxy === undefined) {
    const { hostname, port, endpoint } = target;
    return hostRoute(hostname, port, endpoint, await resolve(hostname, settings), undefined);
  }
  const destination = await destinationFor(proxy, target, settings, resolve);
  const { hostname, port } = proxy;
  const addresses = await resolve(hostname, settings);
  return hostRoute(hostname, port, describeProxy(proxy), addresses, { proxy, destination });
}

function hostRoute(
  hostname: string,
  port: number,
  endpoint: string,
  addresses: readonly string[],
  tunnel: Tunnel | undefined,
): Route {
  const targets = addresses.map((address) => ({ address, port }));
  return { hostname, port, endpoint, targets, addresses, tunnel };
}

function pathRoute(path: string): Route {
  // An abstract socket's name begins with a NUL, which is customarily shown as an @.
  const shown = path.replace(/^\0/, '@');
  return {
    hostname: undefined,
    port: undefined,
    endpoint: shown,
    targets: [{ path }],
    addresses: [shown],
    tunnel: undefined,
  };
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
