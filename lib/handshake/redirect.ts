/**
 * Redirects of the opening handshake (RFC 9110 §15.4): which responses are some, where they lead, and what may come
 * along. Pure; counting them and connecting are `connect.ts`'s. The rule for secrets: nothing that the caller set for one
 * origin goes to another, but the headers that `travellingHeaders` names.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { InvalidHeader, InvalidURL, SecurityError } from '../errors.js';
import type { Credentials } from '../header-options.js';
import type { TlsSettings } from '../tls/options.js';
import type { ResponseHead } from '../types.js';
import type { HeaderEntry } from './headers.js';
import { shown, withoutCredentials } from './shown.js';
import { parseUrl, type Target } from './url.js';

/** The statuses that redirect. 300 and 304 to 306 don't. */
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** A response may name the schemes of HTTP, since that is what it is a response of. */
const websocketSchemes: ReadonlyMap<string, string> = new Map([
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
  ['http:', 'ws:'],
  ['https:', 'wss:'],
]);

/**
 * The headers of `headers` that go to another origin too. No name tells a secret for sure, so all others stay: an
 * `X-Api-Key` as well as an `X-Request-Id`.
 */
const travellingHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'origin',
  'pragma',
  'user-agent',
]);

/** What of the options may be for one origin alone. */
export interface OriginSettings {
  readonly headers: readonly HeaderEntry[];
  readonly auth: Credentials | undefined;
  readonly tls: Pick<TlsSettings, 'cert' | 'key' | 'pfx' | 'servername' | 'session'>;
  /** The socket to dial in place of the origin's host. */
  readonly socketPath?: string | undefined;
}

/** Whether a response with this status is a redirect. */
export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status);
}

/**
 * Where a redirect leads. Its fragment is of no use here and is dropped. What a URL of HTTP can't say stays where the
 * origin does: the path of a socket, the zone of an address, and credentials unless `Location` has its own.
 *
 * @throws InvalidHeader where there is not exactly one `Location`, or it is no URL that can be connected to.
 * @throws SecurityError where it leads to another scheme, or from `wss:` to `ws:`.
 */
export function redirectTarget(from: Target, response: ResponseHead): Target {
  const location = locationOf(response);
  const url = resolveLocation(location, from);
  const scheme = websocketSchemes.get(url.protocol);
  if (scheme === undefined) {
    throw new SecurityError(`redirect leads to scheme '${url.protocol}'; expected 'ws:', 'wss:', 'http:' or 'https:'`);
  }
  if (from.secure && scheme === 'ws:') {
    throw new SecurityError(`redirect leads from 'wss:' to '${url.protocol}'; expected 'wss:' or 'https:'`);
  }
  url.protocol = scheme;
  url.hash = '';
  if (isRelative(location, from)) return elsewhere(from, url.pathname + url.search);
  const to = parseLocation(url, location);
  if (!sameOrigin(from, to)) return to;
  return { ...elsewhere(from, to.resource, to.secure), credentials: to.credentials ?? from.credentials };
}

/**
 * Whether one target may have the other's secrets: host and port are the same and so is the scheme. That `ws:` becomes
 * `wss:` on the default ports, or on the same port, counts as the same: whoever had the secrets before was less safe.
 * A Unix domain socket is an origin of its own, whatever its `Host` is.
 */
export function sameOrigin(from: Target, to: Target): boolean {
  // Each has its port only where it is not the scheme's default.
  return socketOf(from) === socketOf(to) && from.host === to.host && (to.secure || !from.secure);
}

/**
 * The settings as another origin may see them: without credentials, client certificates, `Host`, and all headers that
 * may be secrets. The name and the session of the server before go too, lest its certificate passes for another's, and
 * its socket; whom to trust, and whether to, stays.
 */
export function forAnotherOrigin<Settings extends OriginSettings>(settings: Settings): Settings {
  const headers = settings.headers.filter(([name]) => travellingHeaders.has(name.toLowerCase()));
  const tls = { ...settings.tls, cert: [], key: [], pfx: [], servername: undefined, session: undefined };
  return { ...settings, headers, auth: undefined, tls, socketPath: undefined };
}

function locationOf({ status, headers }: ResponseHead): string {
  const values = headers.getAll('Location');
  const [value] = values;
  if (value === undefined) {
    throw new InvalidHeader('Location', undefined, `missing Location header in a response with status ${status}`);
  }
  if (values.length > 1) {
    throw new InvalidHeader('Location', value, `response has ${values.length} Location headers; expected one`);
  }
  if (value === '') throw new InvalidHeader('Location', value);
  // Many servers write UTF-8 where percent-encoding is due, and browsers read it so.
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}

/** Scheme and path of a URL that leads to a Unix domain socket; undefined where it has a host. */
function socketOf({ href }: Target): string | undefined {
  return /^wss?\+unix:[^:]*/.exec(href)?.[0];
}

/** Another resource of the same host, over TLS perhaps, or of the same socket. */
function elsewhere(from: Target, resource: string, secure = from.secure): Target {
  const socket = socketOf(from);
  // Not what is left without the resource: an href may end with a bare question mark.
  const [, authority] = /^wss?:(\/\/[^/]*)/.exec(from.href) ?? [];
  const href = socket === undefined ? `${secure ? 'wss:' : 'ws:'}${authority}${resource}` : `${socket}:${resource}`;
  return { ...parseUrl(href), credentials: from.credentials };
}

// Not against the target's own URL: one that has a socket or a zone can't be resolved against.
function resolveLocation(location: string, from: Target): URL {
  try {
    return new URL(location, `${schemeOf(from)}//${from.host}${from.resource}`);
  } catch {
    throw invalidLocation(location, 'expected a URL');
  }
}

/** Whether a location that can be resolved names no host. */
function isRelative(location: string, from: Target): boolean {
  const host = 'no-such-host.invalid';
  return new URL(location, `${schemeOf(from)}//${host}/`).host === host;
}

function schemeOf({ secure }: Target): string {
  return secure ? 'wss:' : 'ws:';
}

function parseLocation(url: URL, location: string): Target {
  try {
    return parseUrl(url);
  } catch (error) {
    if (error instanceof InvalidURL) throw invalidLocation(location, error.message);
    throw error;
  }
}

function invalidLocation(location: string, problem: string): InvalidHeader {
  const value = withoutCredentials(location);
  return new InvalidHeader('Location', value, `invalid Location header: ${shown(value)}; ${problem}`);
}
