/**
 * The options that become headers of the request: `headers`, `auth`, `origin`, `userAgent`. Whatever passes here can be
 * written into a request head as it is. Error messages never show a header's value or a password.
 */

import { invalidSecret, show } from './check.js';
import { invalidArgument } from './errors.js';
import { type HeaderEntry, isFieldValue, isToken, trimWhitespace } from './handshake/headers.js';

/** Headers as an object, as pairs, or as `Headers`. An array of values becomes as many headers of one name. */
export type HeadersOption =
  | Iterable<readonly [name: string, value: string | readonly string[]]>
  | { readonly [name: string]: string | readonly string[] | undefined };

/** A user and a password for Basic authentication. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Headers whose values the handshake decides (RFC 6455 §4.1), or that would give the GET a body. */
const ownedHeaders: ReadonlySet<string> = new Set(['connection', 'upgrade', 'content-length', 'transfer-encoding']);

/**
 * The headers to add to a request, names as given.
 *
 * @param option the option they come from.
 */
export function checkHeaders(value: unknown, option = 'headers'): readonly HeaderEntry[] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null) throw invalidSecret(option, value, 'an object or pairs');
  const headers: HeaderEntry[] = [];
  const seen = new Set<string>();
  for (const [name, values] of headerPairs(value, option)) {
    checkHeaderName(name, option);
    for (const one of Array.isArray(values) ? values : [values]) {
      headers.push([name, checkHeaderValue(`header ${name}`, one)]);
      if (name.toLowerCase() === 'host' && seen.has('host')) throw invalidArgument(`${option} has Host twice`);
      seen.add(name.toLowerCase());
    }
  }
  return headers;
}

function* headerPairs(value: object, option: string): Iterable<[string, unknown]> {
  if (!(Symbol.iterator in value)) {
    for (const [name, values] of Object.entries(value)) if (values !== undefined) yield [name, values];
    return;
  }
  for (const pair of value as Iterable<unknown>) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalidSecret(`an entry of ${option}`, pair, 'a pair [name, value]');
    }
    yield [pair[0], pair[1]];
  }
}

function checkHeaderName(name: unknown, option: string): asserts name is string {
  if (typeof name !== 'string' || !isToken(name)) {
    throw invalidArgument(`header name is ${show(name)}; expected a token (RFC 9110 section 5.6.2)`);
  }
  const key = name.toLowerCase();
  if (ownedHeaders.has(key) || key.startsWith('sec-websocket-')) {
    throw invalidArgument(`${option} has ${name}; expected a header that the handshake does not set itself`);
  }
}

/** A header's value without the white space around it. */
export function checkHeaderValue(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidSecret(name, value, 'a string');
  const trimmed = trimWhitespace(value);
  if (!isFieldValue(trimmed)) {
    throw invalidArgument(`${name} has a control character or one beyond latin1; expected a header value`);
  }
  return trimmed;
}

/** The credentials of `auth`. */
export function checkAuth(value: unknown): Credentials | undefined {
  if (value === undefined) return undefined;
  const expected = "'user:password' or { username, password }";
  if (typeof value === 'string') {
    const colon = value.indexOf(':');
    if (colon < 0) throw invalidArgument(`auth has no colon; expected ${expected}`);
    return checkCredentials('auth', { username: value.slice(0, colon), password: value.slice(colon + 1) });
  }
  const { username, password } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Credentials>;
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw invalidSecret('auth', value, expected);
  }
  return checkCredentials('auth', { username, password });
}

/** Basic authentication can't carry a colon in the user's name, nor control characters (RFC 7617 §2). */
export function checkCredentials(name: string, credentials: Credentials): Credentials {
  if (credentials.username.includes(':')) throw invalidArgument(`the username in ${name} has a colon; expected none`);
  for (const text of [credentials.username, credentials.password]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\x00-\x1f\x7f]/.test(text)) throw invalidArgument(`${name} has a control character; expected none`);
  }
  return credentials;
}
