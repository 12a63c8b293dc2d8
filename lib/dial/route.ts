/**
 * Where a hop dials: its host, or the proxy that is to connect to it. Resolves by a function of the caller's, who keeps
 * the deadline; dials nothing.
 */

import { isIP } from 'node:net';
import type { AddressSettings } from './addresses.js';
import { describeProxy, type ProxyServer, resolvesLocally } from './proxy.js';
import { type ProxiedTarget, proxyFromEnvironment } from './proxy-environment.js';
import type { Destination } from './socks.js';

/** The addresses of a host, in the order of the attempts. */
export type Resolve = (hostname: string, settings: AddressSettings) => Promise<readonly string[]>;

export interface RouteSettings extends AddressSettings {
  readonly proxy: ProxyServer | 'environment' | undefined;
}

export interface Route {
  readonly hostname: string;
  readonly port: number;
  /** Who is dialled, as an error message names it. */
  readonly endpoint: string;
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
  target: ProxiedTarget & { readonly endpoint: string },
  settings: RouteSettings,
  resolve: Resolve,
): Promise<Route> {
  const proxy = settings.proxy === 'environment' ? proxyFromEnvironment(target, process.env) : settings.proxy;
  if (proxy === undefined) {
    const { hostname, port, endpoint } = target;
    return { hostname, port, endpoint, addresses: await resolve(hostname, settings), tunnel: undefined };
  }
  const destination = await destinationFor(proxy, target, settings, resolve);
  const { hostname, port } = proxy;
  const addresses = await resolve(hostname, settings);
  return { hostname, port, endpoint: describeProxy(proxy), addresses, tunnel: { proxy, destination } };
}

/** The local address is of the way to the proxy and says nothing of the way from there. */
async function destinationFor(
  proxy: ProxyServer,
  { hostname, port }: ProxiedTarget,
  { lookup, family }: RouteSettings,
  resolve: Resolve,
): Promise<Destination> {
  if (!resolvesLocally(proxy) || isIP(hostname) !== 0) return { hostname, port };
  const wanted = proxy.scheme === 'socks4' ? 4 : family;
  const [address = hostname] = await resolve(hostname, { lookup, family: wanted, localAddress: undefined });
  return { hostname: address, port };
}
