/**
 * A tunnel through a SOCKS proxy over a stream that leads to it: SOCKS4 and 4a, SOCKS5 (RFC 1928) with or without a
 * user's name and password (RFC 1929). Reads exactly what belongs to an answer, so that the tunnel's first byte stays
 * where it is. Knows neither dialling nor names' addresses.
 */

import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import { ProxyError } from '../errors.js';
import type { Credentials } from '../header-options.js';
import type { HandshakeStream } from '../opening.js';
import { maxSocksField, type ProxyServer } from './proxy.js';
import { addressBytes } from './socks-address.js';

/** Where the tunnel is to lead. */
export interface Destination {
  /** A name or an IP address, without brackets. */
  readonly hostname: string;
  readonly port: number;
}

const socks4Version = 4;
const socks5Version = 5;
const connectCommand = 1;

const noAuthentication = 0;
const passwordAuthentication = 2;
const noAcceptableMethod = 0xff;
const passwordVersion = 1;

/** Types of addresses (RFC 1928 §5). */
const ipv4 = 1;
const domainName = 3;
const ipv6 = 4;

const granted = 90;
const socks4Replies: ReadonlyMap<number, string> = new Map([
  [91, 'request rejected or failed'],
  [92, 'identd of this host cannot be reached'],
  [93, 'identd of this host reports another user'],
]);

/** The words of RFC 1928 §6. */
const socks5Replies: ReadonlyMap<number, string> = new Map([
  [1, 'general SOCKS server failure'],
  [2, 'connection not allowed by ruleset'],
  [3, 'network unreachable'],
  [4, 'host unreachable'],
  [5, 'connection refused'],
  [6, 'TTL expired'],
  [7, 'command not supported'],
  [8, 'address type not supported'],
]);

/**
 * Asks the proxy for a tunnel.
 *
 * @param destination an IP address where the scheme wants one resolved.
 * @throws ProxyError where the proxy refuses or its answer makes no sense; what else the stream throws is the caller's
 * to explain.
 */
export function connectThroughSocks(
  stream: HandshakeStream,
  proxy: ProxyServer,
  destination: Destination,
): Promise<void> {
  return proxy.scheme.startsWith('socks4')
    ? connectSocks4(stream, proxy, destination)
    : connectSocks5(stream, proxy, destination);
}

async function connectSocks4(stream: HandshakeStream, proxy: ProxyServer, destination: Destination): Promise<void> {
  const { hostname, port } = destination;
  const family = isIP(hostname);
  if (family === 6) throw failure(proxy, `SOCKS4 can only connect to IPv4 addresses; the host is ${hostname}`);
  // An address that no host has says that the name comes behind the user: SOCKS4a.
  const address = family === 4 ? addressBytes(hostname) : Buffer.from([0, 0, 0, 1]);
  const user = Buffer.from(`${proxy.credentials?.username ?? ''}\0`, 'utf8');
  const name = family === 4 ? Buffer.alloc(0) : Buffer.from(`${hostname}\0`, 'utf8');
  stream.write(Buffer.concat([Buffer.from([socks4Version, connectCommand]), portBytes(port), address, user, name]));
  const reply = await stream.exactly(8);
  checkVersion(proxy, reply[0], 0);
  const code = reply[1] as number;
  if (code !== granted) throw refused(proxy, code, socks4Replies);
}

async function connectSocks5(stream: HandshakeStream, proxy: ProxyServer, destination: Destination): Promise<void> {
  const address = encodeDestination(proxy, destination);
  const { credentials } = proxy;
  const methods = credentials === undefined ? [noAuthentication] : [noAuthentication, passwordAuthentication];
  stream.write(Buffer.from([socks5Version, methods.length, ...methods]));
  const choice = await stream.exactly(2);
  checkVersion(proxy, choice[0], socks5Version);
  const method = choice[1] as number;
  if (method === noAcceptableMethod) {
    const offered = credentials === undefined ? 'no credentials were given' : 'other than by username and password';
    throw failure(proxy, `it requires authentication; ${offered}`);
  }
  if (!methods.includes(method)) {
    throw failure(proxy, `it chose authentication method ${method}; offered were ${methods.join(' and ')}`);
  }
  if (method === passwordAuthentication && credentials !== undefined) await authenticate(stream, proxy, credentials);
  stream.write(Buffer.concat([Buffer.from([socks5Version, connectCommand, 0]), address]));
  await readReply(stream, proxy);
}

/** RFC 1929. A password may be empty here, as proxies that look at the user's name only have it. */
async function authenticate(stream: HandshakeStream, proxy: ProxyServer, credentials: Credentials): Promise<void> {
  const username = counted(credentials.username);
  const password = counted(credentials.password);
  stream.write(Buffer.concat([Buffer.from([passwordVersion]), username, password]));
  const answer = await stream.exactly(2);
  checkVersion(proxy, answer[0], passwordVersion, ' of the authentication');
  if (answer[1] !== 0) throw failure(proxy, `it rejected the credentials with status ${answer[1]}`);
}

/** Reads the reply (RFC 1928 §6) with the address behind it, which nobody needs. */
async function readReply(stream: HandshakeStream, proxy: ProxyServer): Promise<void> {
  // A proxy that refuses may leave the rest out, so that is not waited for.
  const start = await stream.exactly(2);
  checkVersion(proxy, start[0], socks5Version);
  const code = start[1] as number;
  if (code !== 0) throw refused(proxy, code, socks5Replies);
  const [, type] = await stream.exactly(2);
  const port = 2;
  if (type === ipv4) await stream.exactly(4 + port);
  else if (type === ipv6) await stream.exactly(16 + port);
  else if (type === domainName) await stream.exactly(((await stream.exactly(1))[0] as number) + port);
  else throw failure(proxy, `its reply has an address of type ${type}; expected ${ipv4}, ${domainName} or ${ipv6}`);
}

function encodeDestination(proxy: ProxyServer, { hostname, port }: Destination): Buffer {
  const family = isIP(hostname);
  if (family !== 0) {
    return Buffer.concat([Buffer.from([family === 4 ? ipv4 : ipv6]), addressBytes(hostname), portBytes(port)]);
  }
  const bytes = Buffer.byteLength(hostname, 'utf8');
  if (bytes > maxSocksField) {
    throw failure(proxy, `the host's name has ${bytes} bytes; the limit of SOCKS5 is ${maxSocksField}`);
  }
  return Buffer.concat([Buffer.from([domainName]), counted(hostname), portBytes(port)]);
}

/** A text of at most 255 bytes behind its length. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}

function checkVersion(proxy: ProxyServer, actual: number | undefined, expected: number, of = ''): void {
  if (actual === expected) return;
  // 'H' is how HTTP begins.
  const hint = actual === 0x48 ? ', and seems to be an HTTP proxy' : '';
  throw failure(proxy, `it answered with version ${actual}${of}${hint}; expected ${expected}`);
}

function refused(proxy: ProxyServer, replyCode: number, words: ReadonlyMap<number, string>): ProxyError {
  const meaning = words.get(replyCode) ?? 'unknown reply';
  return new ProxyError(`SOCKS proxy failed to connect: ${meaning} (reply ${replyCode})`, {
    proxy: proxy.href,
    replyCode,
  });
}

function failure(proxy: ProxyServer, why: string): ProxyError {
  return new ProxyError(`failed to connect to SOCKS proxy: ${why}`, { proxy: proxy.href });
}
