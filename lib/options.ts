/**
 * The options of `connect()`: what they are called, what they mean by default, and the checks that turn them into
 * settings that every other part may trust. Does no I/O and keeps nothing.
 */

import { constants } from 'node:buffer';
import type { LookupFunction } from 'node:net';
import {
  checkBoolean,
  checkInteger,
  checkNames,
  checkObject,
  checkSignal,
  checkTimeout,
  invalidSecret,
  invalidType,
  nearestName,
  outOfRange,
} from './check.js';
import { type CompressionOptions, type CompressionSettings, checkCompression } from './compression-options.js';
import { familyOf } from './dial/addresses.js';
import { type ProxyServer, parseProxy } from './dial/proxy.js';
import { nodeUsesEnvironment } from './dial/proxy-environment.js';
import { invalidArgument, NotSupported } from './errors.js';
import { type HeaderEntry, isToken } from './handshake/headers.js';
import { type Credentials, checkAuth, checkHeaders, checkHeaderValue, type HeadersOption } from './header-options.js';
import { checkQueueMarks, checkWriteMarks, type Mark, type Marks } from './marks.js';
import { checkTls, type TlsOptions, type TlsSettings } from './tls/options.js';
import { version } from './version.js';

/** What `connect()` can be told. Times are milliseconds, sizes are bytes; leaving an option out means its default. */
export interface ConnectOptions {
  /**
   * Milliseconds for resolving the name, connecting and the opening handshake together; null waits for ever.
   * @default 10_000
   */
  readonly openTimeout?: number | null | undefined;
  /**
   * Milliseconds for the closing handshake and the end of the stream together; null waits for ever.
   * @default 10_000
   */
  readonly closeTimeout?: number | null | undefined;
  /**
   * Milliseconds between two keepalive pings; null sends none.
   * @default 20_000
   */
  readonly pingInterval?: number | null | undefined;
  /**
   * Milliseconds that a keepalive ping may stay unanswered before the connection fails with 1011; null never fails it.
   * @default 20_000
   */
  readonly pingTimeout?: number | null | undefined;
  /**
   * The most bytes that a message may have, inflated. A longer one fails the connection with 1009; null leaves it to the
   * longest string the runtime can make, which is the most there is for binary messages as well. As an object it has a
   * limit for messages and one for each of their fragments, which there is none of unless given.
   * @default 16 MiB
   */
  readonly maxMessageSize?:
    | number
    | null
    | { readonly message?: number | null; readonly fragment?: number | null }
    | undefined;
  /**
   * The most fragments that a message may have. One more fails the connection with 1009; null lifts the limit.
   * @default 131_072
   */
  readonly maxFragments?: number | null | undefined;
  /**
   * How much may wait to be received before the network is no longer read. A number or a pair [high, low] counts
   * messages; an object has marks for messages and for bytes. Reading stops above the high mark and goes on at the
   * low one, which is a quarter of the high one unless given. null lifts a mark.
   * @default { messages: 65_536, bytes: 4 MiB }
   */
  readonly maxQueue?: Mark | null | { readonly messages?: Mark | null; readonly bytes?: Mark | null } | undefined;
  /**
   * How many bytes may wait to be written before `send()` waits too, or a pair [high, low] in bytes; it goes on at
   * the low mark, which is a quarter of the high one unless given.
   * @default 1 MiB
   */
  readonly writeLimit?: Mark | undefined;
  /** The subprotocols to offer, the preferred one first (RFC 6455 §1.9): distinct tokens. */
  readonly subprotocols?: readonly string[] | undefined;
  /** The value of the `Origin` header; none is sent unless given. */
  readonly origin?: string | undefined;
  /**
   * Headers to send besides those of the handshake, which can't be set here. `Host`, `Authorization`, `User-Agent`
   * and `Origin` replace the ones hawser would send; several values of `Cookie` become one.
   */
  readonly headers?: HeadersOption | undefined;
  /**
   * The value of the `User-Agent` header; null sends none.
   * @default 'hawser/<version>'
   */
  readonly userAgent?: string | null | undefined;
  /** Credentials for Basic authentication (RFC 7617), 'user:password' or apart; they win over the URL's. */
  readonly auth?: string | Credentials | undefined;
  /**
   * The address family to connect to; 0 is both.
   * @default 0
   */
  readonly family?: 0 | 4 | 6 | undefined;
  /**
   * Resolves the host's name in place of `dns.lookup`, with its signature. It is asked for all addresses.
   * @default dns.lookup
   */
  readonly lookup?: LookupFunction | undefined;
  /** The local IP address to connect from. */
  readonly localAddress?: string | undefined;
  /**
   * The local TCP port to connect from; 0 is any that is free.
   * @default 0
   */
  readonly localPort?: number | undefined;
  /**
   * The path of a Unix domain socket to connect to in place of the URL's host, which is still what the `Host` header
   * says. A leading NUL is an abstract socket's of Linux; on Windows it is the path of a named pipe. The options of TCP
   * and of resolving names then mean nothing.
   */
  readonly socketPath?: string | undefined;
  /**
   * Whether small writes go out at once (TCP_NODELAY).
   * @default true
   */
  readonly noDelay?: boolean | undefined;
  /**
   * Whether TCP probes a connection that is idle (SO_KEEPALIVE), beside the pings of WebSocket: after
   * `keepAliveInitialDelay`, and where the peer does not answer 10 times more, a second apart.
   * @default false
   */
  readonly keepAlive?: boolean | undefined;
  /**
   * Milliseconds that a connection is idle for before TCP's first probe, in effect whole seconds, rounded up; 0 leaves
   * it, and what follows, to the system. Only where `keepAlive` is true.
   * @default 0
   */
  readonly keepAliveInitialDelay?: number | undefined;
  /**
   * Milliseconds to wait for one address before the next is tried too (RFC 8305 §5): 10 at least.
   * @default 250
   */
  readonly attemptDelay?: number | undefined;
  /** How TLS is done with `wss:`, in the words of `tls.connect()`; not for `ws:`. */
  readonly tls?: TlsOptions | undefined;
  /** Aborts the opening; `connect()` then rejects with the signal's reason. An open connection is not affected. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Offers to compress messages (permessage-deflate, RFC 7692), in the way an object says; a server that does not
   * compress is none the worse. false offers nothing.
   * @default true
   */
  readonly compression?: boolean | CompressionOptions | undefined;
  /**
   * The proxy to connect through: an `http:`, `https:`, `socks4:`, `socks4a:`, `socks5:` or `socks5h:` URL, whose user
   * and password are the credentials. true takes it from the environment: `wss_proxy`, `ws_proxy`, `https_proxy`,
   * `http_proxy`, `all_proxy` and `no_proxy`. false connects directly.
   * @default true where Node itself does so (NODE_USE_ENV_PROXY=1 or --use-env-proxy), else false
   */
  readonly proxy?: string | URL | boolean | undefined;
  /**
   * Headers for an HTTP proxy's CONNECT request. `Host`, `Proxy-Authorization` and `User-Agent` replace the ones hawser
   * would send.
   */
  readonly proxyHeaders?: HeadersOption | undefined;
  /** How TLS is done with an `https:` proxy, in the words of `tls.connect()`; not for a proxy of another scheme. */
  readonly proxyTls?: TlsOptions | undefined;
  /**
   * How many redirects to follow, one after the other and all within `openTimeout`: 0 to 100. With 0 a redirect is an
   * InvalidStatus. To another origin nothing goes that may be a secret: neither credentials nor cookies nor client
   * certificates, and of `headers` no others than Accept, Accept-Language, Cache-Control, Origin, Pragma and User-Agent.
   * From `wss:` to `ws:` is never followed.
   * @default 10
   */
  readonly maxRedirects?: number | undefined;
}

/** Options that have been checked, with every default filled in. A timeout of 0 is switched off. */
export interface ResolvedOptions {
  readonly openTimeout: number;
  readonly closeTimeout: number;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  /** Bytes; a fragment's is Infinity where there is none. */
  readonly maxMessageSize: { readonly message: number; readonly fragment: number };
  readonly maxFragments: number;
  /** Marks of `Infinity` are switched off. */
  readonly maxQueue: { readonly messages: Marks; readonly bytes: Marks };
  readonly writeLimit: Marks;
  readonly subprotocols: readonly string[];
  readonly origin: string | undefined;
  readonly headers: readonly HeaderEntry[];
  readonly userAgent: string | undefined;
  readonly auth: Credentials | undefined;
  readonly family: 0 | 4 | 6;
  readonly lookup: LookupFunction | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number;
  readonly socketPath: string | undefined;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
  readonly attemptDelay: number;
  readonly tls: TlsSettings;
  /** 'environment' looks for one anew with every dial. */
  readonly proxy: ProxyServer | 'environment' | undefined;
  readonly proxyHeaders: readonly HeaderEntry[];
  readonly proxyTls: TlsSettings;
  readonly signal: AbortSignal | undefined;
  /** undefined where none is wanted. */
  readonly compression: CompressionSettings | undefined;
  readonly maxRedirects: number;
}

const kibi = 1024;
const mebi = 1024 * kibi;

/** The value of the `User-Agent` header unless it is chosen. */
export const defaultUserAgent = `hawser/${version}`;
/** Milliseconds; more than 32,767 seconds is nothing that Linux takes. */
const maxKeepAliveDelay = 32_767_000;
/** The most fragments that a message may have where `maxFragments` is null. */
const mostFragments = 2 ** 32 - 1;

const knownOptions: ReadonlySet<string> = new Set<keyof ConnectOptions>([
  'openTimeout',
  'closeTimeout',
  'pingInterval',
  'pingTimeout',
  'maxMessageSize',
  'maxFragments',
  'maxQueue',
  'writeLimit',
  'subprotocols',
  'origin',
  'headers',
  'userAgent',
  'auth',
  'family',
  'lookup',
  'localAddress',
  'localPort',
  'socketPath',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'attemptDelay',
  'tls',
  'signal',
  'compression',
  'proxy',
  'proxyHeaders',
  'proxyTls',
  'maxRedirects',
]);

/** Options of later versions, whatever their value. */
const laterOptions: ReadonlySet<string> = new Set(['reader']);

/** What the options of other clients are called here. */
const foreignNames: ReadonlyMap<string, string> = new Map([
  ['handshakeTimeout', 'openTimeout'],
  ['maxPayload', 'maxMessageSize'],
  ['maxSize', 'maxMessageSize'],
  ['perMessageDeflate', 'compression'],
  ['protocol', 'subprotocols'],
  ['protocols', 'subprotocols'],
  ['agent', 'proxy'],
  ['followRedirects', 'maxRedirects'],
  ['timeout', 'openTimeout'],
]);

const noNames: ReadonlyMap<string, string> = new Map();

/**
 * Checks options and fills in the defaults.
 *
 * @param otherNames names that an unknown one may have meant besides those of `connect()`, each with what it is called
 * where the caller takes it.
 * @throws TypeError where a name is unknown or a value is of the wrong type or form.
 * @throws RangeError where a number is out of range.
 * @throws NotSupported where an option of a later version is used.
 */
export function resolveOptions(options: ConnectOptions = {}, otherNames = noNames): ResolvedOptions {
  checkObject('options', options);
  checkOptionNames(options, otherNames);
  const { openTimeout = 10_000, closeTimeout = 10_000, pingInterval = 20_000, pingTimeout = 20_000 } = options;
  const { localPort = 0, noDelay = true, keepAlive = false, keepAliveInitialDelay = 0 } = options;
  const { attemptDelay = 250, maxFragments = 128 * kibi } = options;
  const { userAgent = defaultUserAgent, origin, signal, maxRedirects = 10 } = options;
  return {
    openTimeout: checkTimeout('openTimeout', openTimeout),
    closeTimeout: checkTimeout('closeTimeout', closeTimeout),
    pingInterval: checkTimeout('pingInterval', pingInterval),
    pingTimeout: checkTimeout('pingTimeout', pingTimeout),
    maxMessageSize: checkSizes(options.maxMessageSize),
    maxFragments: checkLimit('maxFragments', maxFragments, mostFragments, 'fragments'),
    maxQueue: checkQueueMarks(options.maxQueue, { messages: 64 * kibi, bytes: 4 * mebi }),
    writeLimit: checkWriteMarks(options.writeLimit, mebi),
    subprotocols: checkSubprotocols(options.subprotocols),
    origin: origin === undefined ? undefined : checkHeaderValue('origin', origin),
    headers: checkHeaders(options.headers),
    userAgent: userAgent === null ? undefined : checkHeaderValue('userAgent', userAgent),
    auth: checkAuth(options.auth),
    family: checkFamily(options.family),
    lookup: checkLookup(options.lookup),
    localAddress: checkLocalAddress(options.localAddress),
    localPort: checkInteger('localPort', localPort, 0, 65_535),
    socketPath: checkSocketPath(options.socketPath),
    noDelay: checkBoolean('noDelay', noDelay),
    keepAlive: checkBoolean('keepAlive', keepAlive),
    keepAliveInitialDelay: checkKeepAliveDelay(keepAliveInitialDelay),
    attemptDelay: checkInteger('attemptDelay', attemptDelay, 10, 60_000, 'milliseconds'),
    tls: checkTls('tls', options.tls),
    proxy: checkProxy(options),
    proxyHeaders: checkHeaders(options.proxyHeaders, 'proxyHeaders'),
    proxyTls: checkTls('proxyTls', options.proxyTls),
    signal: signal === undefined ? undefined : checkSignal('signal', signal),
    compression: checkCompression(options.compression),
    maxRedirects: checkInteger('maxRedirects', maxRedirects, 0, 100, 'redirects'),
  };
}

function checkOptionNames(options: object, otherNames: ReadonlyMap<string, string>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (laterOptions.has(name)) throw new NotSupported(`option ${name} is not supported yet`);
    if (!knownOptions.has(name)) throw unknownOption(name, otherNames);
  }
}

function unknownOption(name: string, otherNames: ReadonlyMap<string, string>): TypeError {
  const nearest = foreignNames.get(name) ?? nearestName(name, [...knownOptions, ...laterOptions, ...otherNames.keys()]);
  const meant = nearest === undefined ? undefined : (otherNames.get(nearest) ?? nearest);
  return invalidArgument(`unknown option ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`);
}

function checkSizes(value: unknown): ResolvedOptions['maxMessageSize'] {
  const most = constants.MAX_STRING_LENGTH;
  const noFragmentLimit = Number.POSITIVE_INFINITY;
  if (typeof value !== 'object' || value === null) {
    const message = checkLimit('maxMessageSize', value === undefined ? 16 * mebi : value, most, 'bytes');
    return { message, fragment: noFragmentLimit };
  }
  checkNames('maxMessageSize', value, ['message', 'fragment'], 'maxMessageSize.');
  const { message = 16 * mebi, fragment = null } = value as { message?: unknown; fragment?: unknown };
  return {
    message: checkLimit('maxMessageSize.message', message, most, 'bytes'),
    fragment: fragment === null ? noFragmentLimit : checkInteger('maxMessageSize.fragment', fragment, 1, most, 'bytes'),
  };
}

function checkLimit(name: string, value: unknown, most: number, unit: string): number {
  return value === null ? most : checkInteger(name, value, 1, most, unit);
}

function checkSubprotocols(value: unknown): readonly string[] {
  if (value === undefined) return [];
  // A string is iterable too, and would be offered letter by letter.
  if (!Array.isArray(value)) throw invalidType('subprotocols', value, 'an array of tokens');
  const seen = new Set<string>();
  for (const [i, subprotocol] of value.entries()) {
    if (typeof subprotocol !== 'string' || !isToken(subprotocol)) {
      throw invalidType(`subprotocols[${i}]`, subprotocol, 'a token (RFC 9110 section 5.6.2)');
    }
    if (seen.has(subprotocol)) throw invalidArgument(`subprotocols has '${subprotocol}' twice; expected it once`);
    seen.add(subprotocol);
  }
  return [...seen];
}

function checkFamily(value: unknown = 0): 0 | 4 | 6 {
  if (value !== 0 && value !== 4 && value !== 6) throw invalidType('family', value, '0, 4 or 6');
  return value;
}

function checkLookup(value: unknown): LookupFunction | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'function') throw invalidType('lookup', value, 'a function with the signature of dns.lookup');
  return value as LookupFunction;
}

function checkLocalAddress(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || familyOf(value) === 0) {
    throw invalidType('localAddress', value, 'an IP address');
  }
  return value;
}

function checkSocketPath(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^(\0|[^\0])[^\0]*$/.test(value) || value === '\0') {
    throw invalidType('socketPath', value, "a socket's path that is not empty and has no NUL but a leading one");
  }
  return value;
}

function checkKeepAliveDelay(value: unknown): number {
  if (typeof value !== 'number') throw invalidType('keepAliveInitialDelay', value, 'a number of milliseconds');
  if (!(value >= 0 && value <= maxKeepAliveDelay)) {
    throw outOfRange(`keepAliveInitialDelay is ${value}; expected milliseconds from 0 to ${maxKeepAliveDelay}`);
  }
  return value;
}

function checkProxy({ proxy, proxyTls }: ConnectOptions): ResolvedOptions['proxy'] {
  const value: unknown = proxy === undefined ? nodeUsesEnvironment(process.env, process.execArgv) : proxy;
  if (typeof value === 'boolean') return value ? 'environment' : undefined;
  const text = typeof value === 'string' ? value : (value as Partial<URL> | null)?.href;
  if (typeof text !== 'string') throw invalidSecret('proxy', value, 'a URL, true or false');
  const server = parseProxy('proxy', text);
  if (proxyTls !== undefined && server.scheme !== 'https') {
    throw invalidArgument(
      `proxyTls is given and proxy has scheme '${server.scheme}:'; expected 'https:', or no proxyTls`,
    );
  }
  return server;
}
