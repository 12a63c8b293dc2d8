/**
 * WebSocket URLs (RFC 6455 §3), also those of Unix domain sockets and with the zone of an IPv6 address (RFC 6874): what
 * of one is dialled, what is asked for, and who asks. Pure. Does not decide whether a scheme is supported.
 */

import { show } from '../check.js';
import { HawserError, InvalidURL, invalidArgument } from '../errors.js';
import { type Credentials, checkCredentials } from '../header-options.js';
import { withoutCredentials } from './shown.js';

/** What a URL says. */
export interface Target {
  /** The URL without its credentials, as it may be logged. `parseUrl()` takes it; `URL` takes no zone. */
  readonly href: string;
  /** Whether the scheme is `wss:` or `wss+unix:`. */
  readonly secure: boolean;
  /**
   * The host: a name as it is to be resolved, with a trailing dot where it has one, or an IP address without brackets
   * and with its zone. `localhost` for a Unix domain socket.
   */
  readonly hostname: string;
  readonly port: number;
  /** The path of the Unix domain socket to dial in place of the host; undefined where the URL names none. */
  readonly socketPath: string | undefined;
  /** Host and port, as an error message names them. */
  readonly endpoint: string;
  /** The value of the `Host` header: the port only where it is not the scheme's default, and no zone (RFC 6874 §4). */
  readonly host: string;
  /** The resource name: path and query. */
  readonly resource: string;
  /** User and password, percent-decoded. */
  readonly credentials: Credentials | undefined;
}

/**
 * Takes a WebSocket URL apart.
 *
 * @throws InvalidURL where it is no absolute `ws:`, `wss:`, `ws+unix:` or `wss+unix:` URL, or has a fragment (RFC 6455 §3).
 * @throws TypeError where it is neither a string nor a URL.
 */
export function parseUrl(input: string | URL): Target {
  if (typeof input !== 'string' && !isUrl(input)) {
    throw invalidArgument(`url is ${show(input)}; expected a string or a URL`);
  }
  const { text, zone } = takeZone(typeof input === 'string' ? input : input.href);
  const url = parse(text);
  const known = ['ws:', 'wss:', 'ws+unix:', 'wss+unix:'];
  if (!known.includes(url.protocol)) {
    throw new InvalidURL(`url has scheme '${url.protocol}'; expected 'ws:', 'wss:', 'ws+unix:' or 'wss+unix:'`);
  }
  // `hash` is empty for a bare '#'; anywhere else in an href the character is percent-encoded.
  if (url.href.includes('#')) throw new InvalidURL('url has a fragment; expected none (RFC 6455 section 3)');
  return url.protocol.endsWith('+unix:') ? socketTarget(url) : hostTarget(url, zone);
}

function hostTarget(url: URL, zone: string): Target {
  if (url.port === '0') throw new InvalidURL('url has port 0; expected 1 to 65535');
  const secure = url.protocol === 'wss:';
  const credentials = credentialsOf(url);
  url.username = '';
  url.password = '';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const zoned = (host: string, suffix: string) => (zone === '' ? host : host.replace(']', () => `${suffix}]`));
  return {
    // An href without credentials has its host's closing bracket before any other.
    href: zoned(url.href, `%25${encodeURIComponent(zone)}`),
    secure,
    hostname: zoned(url.hostname, `%${zone}`).replace(/^\[(.*)\]$/, '$1'),
    port,
    socketPath: undefined,
    endpoint: `${zoned(url.hostname, `%${zone}`)}:${port}`,
    host: url.host,
    resource: url.pathname + url.search,
    credentials,
  };
}

/**
 * `ws+unix:<path>[:<resource>]`, as ws reads it: all up to the first colon is the path, percent-encoded characters and
 * query included.
 */
function socketTarget(url: URL): Target {
  if (url.host !== '') {
    throw new InvalidURL(
      `url has host '${url.host}'; expected a path right behind the scheme, like ${url.protocol}/path`,
    );
  }
  const [, socketPath = '', resource = ''] = /^([^:]*):?(.*)$/s.exec(url.pathname + url.search) ?? [];
  if (socketPath === '') throw new InvalidURL(`url has no path of a socket; expected one like ${url.protocol}/path`);
  if (!/^([/?]|$)/.test(resource)) {
    throw new InvalidURL(
      `url has resource ${show(resource)} behind the socket's path; expected one that begins with /`,
    );
  }
  const secure = url.protocol === 'wss+unix:';
  // A path without a leading slash is opaque to URL, which then encodes little of it.
  const { pathname, search } = new URL(`ws://localhost${resource}`);
  return {
    href: url.href,
    secure,
    hostname: 'localhost',
    port: secure ? 443 : 80,
    socketPath,
    endpoint: socketPath,
    host: 'localhost',
    resource: pathname + search,
    credentials: undefined,
  };
}

/** A URL that has the zone of an IPv6 address, which `URL` refuses: without it, and the zone, decoded. */
function takeZone(text: string): { readonly text: string; readonly zone: string } {
  const [, before, encoded, after] =
    /^(\s*wss?:[\\/]{2}(?:[^\\/?#]*@)?\[[0-9a-f:.]+)%25([^\\/?#\]]*)(\].*)$/is.exec(text) ?? [];
  if (before === undefined || encoded === undefined || after === undefined) return { text, zone: '' };
  const zone = decode(encoded);
  if (zone === undefined || !/^[^\s/%[\]\0]+$/.test(zone)) {
    throw new InvalidURL(`url has zone '${encoded}' in its IPv6 address; expected the name or number of an interface`);
  }
  return { text: before + after, zone };
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function isUrl(input: unknown): input is URL {
  return typeof input === 'object' && input !== null && typeof (input as Partial<URL>).href === 'string';
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new InvalidURL(`url is ${show(withoutCredentials(text))}; expected an absolute URL like ws://host/path`);
  }
}

function credentialsOf(url: URL): Credentials | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const credentials = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
    return checkCredentials('url', credentials);
  } catch (error) {
    if (error instanceof HawserError) throw error;
    const malformed = error instanceof URIError;
    throw new InvalidURL(
      malformed ? 'url has credentials that are not percent-encoded UTF-8' : (error as Error).message,
    );
  }
}
