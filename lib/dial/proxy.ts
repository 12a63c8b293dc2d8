/**
 * What a proxy is: a URL taken apart, with its scheme's rules for ports and credentials. Pure. Knows neither where the
 * URL came from nor how one talks to a proxy, and never shows a password.
 */

import { Buffer } from 'node:buffer';
import { domainToASCII } from 'node:url';
import { show } from '../check.js';
import { invalidArgument } from '../errors.js';
import { type Credentials, checkCredentials } from '../header-options.js';

/** How one talks to a proxy. With `socks4` and `socks5` the name is resolved here, else by the proxy. */
export type ProxyScheme = 'http' | 'https' | 'socks4' | 'socks4a' | 'socks5' | 'socks5h';

export interface ProxyServer {
  readonly scheme: ProxyScheme;
  /** A name or an IP address, without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly credentials: Credentials | undefined;
  /** Its URL without credentials, as it may be logged. */
  readonly href: string;
}

const defaultPorts: Readonly<Record<ProxyScheme, number>> = {
  http: 80,
  https: 443,
  socks4: 1080,
  socks4a: 1080,
  socks5: 1080,
  socks5h: 1080,
};

/** The most bytes of a user's name, of a password (RFC 1929 §2) and of a host's name (RFC 1928 §5). */
export const maxSocksField = 255;

/** Whether the proxy takes addresses only, so that names have to be resolved before it is asked. */
export function resolvesLocally({ scheme }: ProxyServer): boolean {
  return scheme === 'socks4' || scheme === 'socks5';
}

/** The proxy as an error names it. */
export function describeProxy({ scheme, href }: ProxyServer): string {
  return `${scheme.startsWith('socks') ? 'SOCKS' : 'HTTP'} proxy ${href}`;
}

/**
 * Takes a proxy's URL apart. Without a scheme it is of an HTTP proxy, as curl has it.
 *
 * @param name what the URL is called in an error.
 * @throws TypeError where it can't be used as one.
 */
export function parseProxy(name: string, input: string): ProxyServer {
  const [, schemeName = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(input.trim()) ?? [];
  const scheme = schemeOf(name, schemeName.toLowerCase());
  const url = parse(rest);
  if (url === undefined) {
    throw invalidArgument(`${name} is ${show(withoutCredentials(input))}; expected a URL like http://host:port`);
  }
  const { hostname, port, username, password, path } = url;
  if (port === 0) throw invalidArgument(`${name} has port 0; expected 1 to 65535`);
  if (path !== '') throw invalidArgument(`${name} has a path, query or fragment; expected none`);
  return {
    scheme,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ?? defaultPorts[scheme],
    credentials: credentialsOf(name, scheme, username, password),
    href: `${scheme}://${hostname}:${port ?? defaultPorts[scheme]}`,
  };
}

function schemeOf(name: string, scheme: string): ProxyScheme {
  // What desktops and most of npm mean by it; to curl it is SOCKS4, which few proxies still speak.
  if (scheme === 'socks') return 'socks5h';
  if (Object.hasOwn(defaultPorts, scheme)) return scheme as ProxyScheme;
  const known = Object.keys(defaultPorts).map((one) => `${one}:`);
  throw invalidArgument(`${name} has scheme '${scheme}:'; expected ${known.join(', ')} or socks:`);
}

interface ProxyUrl {
  /** An IPv6 address is in brackets. */
  readonly hostname: string;
  readonly port: number | undefined;
  /** These two are percent-encoded. */
  readonly username: string;
  readonly password: string;
  /** Path, query and fragment; empty where the path is the root. */
  readonly path: string;
}

/** What stands behind the scheme. A URL of a web scheme normalizes hosts, and another keeps any port. */
function parse(rest: string): ProxyUrl | undefined {
  try {
    const { hostname, username, password, pathname, search, hash } = new URL(`http://${rest}`);
    const { port } = new URL(`proxy://${rest}`);
    const path = `${pathname === '/' ? '' : pathname}${search}${hash}`;
    return { hostname, port: port === '' ? undefined : Number(port), username, password, path };
  } catch {
    return undefined;
  }
}

function withoutCredentials(text: string): string {
  return text.replace(/^(.*:\/\/)?.*@/s, '$1…@');
}

function credentialsOf(name: string, scheme: ProxyScheme, user: string, secret: string): Credentials | undefined {
  if (user === '' && secret === '') return undefined;
  let credentials: Credentials;
  try {
    credentials = { username: decodeURIComponent(user), password: decodeURIComponent(secret) };
  } catch {
    throw invalidArgument(`${name} has credentials that are not percent-encoded UTF-8`);
  }
  if (scheme === 'http' || scheme === 'https') return checkCredentials(name, credentials);
  checkSocksField(`the username in ${name}`, credentials.username);
  checkSocksField(`the password in ${name}`, credentials.password);
  if (scheme.startsWith('socks4')) {
    if (credentials.password !== '') throw invalidArgument(`${name} has a password, which SOCKS4 can't carry`);
    if (credentials.username.includes('\0')) throw invalidArgument(`the username in ${name} has a NUL; expected none`);
  } else if (credentials.username === '') {
    throw invalidArgument(`${name} has a password without a username; expected both`);
  }
  return credentials;
}

function checkSocksField(what: string, text: string): void {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > maxSocksField) throw invalidArgument(`${what} has ${bytes} bytes; the limit is ${maxSocksField}`);
}

/** A host's name in the form in which names are compared: without a trailing dot, in ASCII and lower case. */
export function comparableName(name: string): string {
  return domainToASCII(name.replace(/\.$/, ''));
}
