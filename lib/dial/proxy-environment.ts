/**
 * Which proxy the environment names for a target, and whether it is asked at all: the variables that curl and Node
 * read, and `no_proxy`. Pure: the environment comes from the caller. Resolves no names: `no_proxy` judges hosts as the
 * URL has them.
 */

import { BlockList, isIP } from 'node:net';
import { startFlags } from '../runtime-flags.js';
import { comparableName, type ProxyServer, parseProxy } from './proxy.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a connection is to lead. */
export interface ProxiedTarget {
  readonly secure: boolean;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Names of variables, the first that is set wins; RFC 6455 §4.1 prefers the proxy that is meant for HTTPS. */
const forSecure = ['wss_proxy', 'https_proxy', 'all_proxy'];
const forPlain = ['ws_proxy', 'https_proxy', 'http_proxy', 'all_proxy'];

/** Whether Node itself was told to use the environment's proxies: by NODE_USE_ENV_PROXY=1 or `--use-env-proxy`. */
export function nodeUsesEnvironment(env: Environment, execArgv: readonly string[]): boolean {
  const flags = startFlags(env['NODE_OPTIONS'], execArgv);
  const last = flags.findLast((flag) => flag === '--use-env-proxy' || flag === '--no-use-env-proxy');
  return last === undefined ? env['NODE_USE_ENV_PROXY'] === '1' : last === '--use-env-proxy';
}

/**
 * The proxy for a target; undefined where none is named or `no_proxy` exempts the target.
 *
 * @throws TypeError where the variable's value can't be used.
 */
export function proxyFromEnvironment(target: ProxiedTarget, env: Environment): ProxyServer | undefined {
  if (isExempt(target, variable('no_proxy', env)?.value ?? '')) return undefined;
  for (const name of target.secure ? forSecure : forPlain) {
    const found = variable(name, env);
    if (found !== undefined) return parseProxy(`environment variable ${found.name}`, found.value);
  }
  return undefined;
}

/** Lower case wins, and an empty value is none, as in Node and curl. */
function variable(name: string, env: Environment): { name: string; value: string } | undefined {
  for (const spelling of [name, name.toUpperCase()]) {
    // In a CGI script HTTP_PROXY is the request's Proxy header, which is the client's to choose.
    if (spelling === 'HTTP_PROXY' && env['REQUEST_METHOD'] !== undefined) continue;
    const value = env[spelling]?.trim();
    if (value !== undefined && value !== '') return { name: spelling, value };
  }
  return undefined;
}

/**
 * Whether `no_proxy` exempts a target: a list, separated by commas or white space, of `*`, hosts and domains (with
 * their subdomains), `*.domain` (the subdomains only), IP addresses, CIDR blocks and ranges `first-last`, each with a
 * port or for all ports.
 */
export function isExempt({ hostname, port }: Pick<ProxiedTarget, 'hostname' | 'port'>, list: string): boolean {
  // Only an IPv6 address can have a zone, and `isIP` knows not every zone.
  const bare = hostname.replace(/%.*$/, '');
  const host = isIP(bare) === 0 ? comparableName(bare) : bare;
  return list.split(/[\s,]+/).some((entry) => {
    const { name, onlyPort } = splitPort(entry);
    if (name === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
    return name === '*' || (isIP(host) === 0 ? coversName(name, host) : coversAddress(name, host));
  });
}

function splitPort(entry: string): { name: string; onlyPort: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::([0-9]{1,5}))?$/.exec(entry);
  const [, name = entry, port] = bracketed ?? /^([^:]*):([0-9]{1,5})$/.exec(entry) ?? [];
  return { name, onlyPort: port === undefined ? undefined : Number(port) };
}

function coversName(entry: string, host: string): boolean {
  const [, wildcard, domain = ''] = /^(\*?\.)?(.*)$/.exec(entry) ?? [];
  const name = comparableName(domain);
  if (name === '') return false;
  return host.endsWith(`.${name}`) || (wildcard !== '*.' && host === name);
}

function coversAddress(entry: string, address: string): boolean {
  const covered = new BlockList();
  const [, first = '', separator, second = ''] = /^([^/-]*)(?:([/-])(.*))?$/.exec(entry) ?? [];
  if (isIP(first) === 0) return false;
  try {
    if (separator === undefined) covered.addAddress(first, familyOf(first));
    else if (separator === '/') covered.addSubnet(first, prefixLength(second), familyOf(first));
    else covered.addRange(first, second, familyOf(first));
  } catch {
    // An entry that makes no sense covers nothing; one mistake in a list is no reason not to connect.
    return false;
  }
  return covered.check(address, familyOf(address));
}

/** NaN is refused by who takes it. */
function prefixLength(text: string): number {
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : Number.NaN;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
