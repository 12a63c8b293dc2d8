/**
 * WebSocket URLs (RFC 6455 §3): what of one is dialled, what is asked for, and who asks. Pure. Does not decide whether
 * a scheme is supported.
 */

import { show } from '../check.js';
import { HawserError, InvalidURL, invalidArgument } from '../errors.js';
import { type Credentials, checkCredentials } from '../header-options.js';
import { withoutCredentials } from './shown.js';

/** What a URL says. */
export interface Target {
  /** The URL without its credentials, as it may be logged. */
  readonly href: string;
  /** Whether the scheme is `wss:`. */
  readonly secure: boolean;
  /** The host to dial: a name or an IP address, without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Host and port, as an error message names them. */
  readonly endpoint: string;
  /** The value of the `Host` header: the port only where it is not the scheme's default. */
  readonly host: string;
  /** The resource name: path and query. */
  readonly resource: string;
  /** User and password, percent-decoded. */
  readonly credentials: Credentials | undefined;
}

/**
 * Takes a WebSocket URL apart.
 *
 * @throws InvalidURL where it is no absolute `ws:` or `wss:` URL, or has a fragment (RFC 6455 §3).
 * @throws TypeError where it is neither a string nor a URL.
 */
export function parseUrl(input: string | URL): Target {
  if (typeof input !== 'string' && !isUrl(input)) {
    throw invalidArgument(`url is ${show(input)}; expected a string or a URL`);
  }
  const url = parse(typeof input === 'string' ? input : input.href);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new InvalidURL(`url has scheme '${url.protocol}'; expected 'ws:' or 'wss:'`);
  }
  // `hash` is empty for a bare '#'; anywhere else in an href the character is percent-encoded.
  if (url.href.includes('#')) throw new InvalidURL('url has a fragment; expected none (RFC 6455 section 3)');
  if (url.port === '0') throw new InvalidURL('url has port 0; expected 1 to 65535');
  const secure = url.protocol === 'wss:';
  const credentials = credentialsOf(url);
  url.username = '';
  url.password = '';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return {
    href: url.href,
    secure,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    endpoint: `${url.hostname}:${port}`,
    host: url.host,
    resource: url.pathname + url.search,
    credentials,
  };
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
