/**
 * The opening handshake's two judgements (RFC 6455 §4.1): what to ask, and whether the answer opens a connection. Pure:
 * the key comes from the caller, bytes go to and come from the caller.
 */

import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import type { CompressionSettings } from '../compression-options.js';
import { InvalidHeader, InvalidUpgrade, NegotiationError } from '../errors.js';
import type { Credentials } from '../header-options.js';
import type { RequestHead, ResponseHead } from '../types.js';
import { type HeaderEntry, HeaderList, isToken, listMembers } from './headers.js';
import { type AgreedDeflate, extensionsHeader, judgeExtensions, offerDeflate } from './permessage-deflate.js';
import type { Target } from './url.js';

/** What of the options shapes the request. */
export interface RequestSettings {
  readonly subprotocols: readonly string[];
  readonly origin: string | undefined;
  readonly headers: readonly HeaderEntry[];
  readonly userAgent: string | undefined;
  readonly auth: Credentials | undefined;
  /** undefined offers no compression. */
  readonly compression: CompressionSettings | undefined;
}

/** What the request said that the response has to fit. */
export interface Offer {
  /** The value of `Sec-WebSocket-Key`. */
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly compression: CompressionSettings | undefined;
}

/** What the response made of the offer. */
export interface Agreement {
  /** The subprotocol that the server chose, if it chose one. */
  readonly subprotocol: string | undefined;
  /** How messages are compressed, if they are. */
  readonly deflate: AgreedDeflate | undefined;
}

/** A fresh value for `Sec-WebSocket-Key`: sixteen random bytes in base64. */
export function newKey(): string {
  return randomBytes(16).toString('base64');
}

/** The `Sec-WebSocket-Accept` that belongs to a key (RFC 6455 §4.2.2, 5.4). */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** Headers of the settings that the request has elsewhere. */
const placedHeaders: ReadonlySet<string> = new Set(['host', 'cookie']);

/** The request that asks for a WebSocket connection. Headers of the settings replace those that hawser would send. */
export function buildRequest(target: Target, settings: RequestSettings, key: string): RequestHead {
  const { subprotocols, origin, headers, userAgent, auth = target.credentials, compression } = settings;
  const chosen = new HeaderList(headers);
  const entries: HeaderEntry[] = [
    ['Host', chosen.get('host') ?? target.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  ];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && !chosen.has(name)) entries.push([name, value]);
  };
  add('Origin', origin);
  add('Sec-WebSocket-Protocol', subprotocols.length === 0 ? undefined : subprotocols.join(', '));
  add(extensionsHeader, compression === undefined ? undefined : offerDeflate(compression));
  add('Authorization', auth === undefined ? undefined : basicAuthorization(auth));
  add('User-Agent', userAgent);
  entries.push(...headers.filter(([name]) => !placedHeaders.has(name.toLowerCase())));
  // All cookies have to be in one header (RFC 6265 §5.4).
  if (chosen.has('cookie')) entries.push(['Cookie', chosen.getAll('cookie').join('; ')]);
  return { method: 'GET', target: target.resource, headers: new HeaderList(entries) };
}

/** Basic credentials, as UTF-8 (RFC 7617 §2.1). */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** A request head as it goes on the wire (RFC 9112 §2.1). */
export function encodeRequest({ method, target, headers }: RequestHead): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/**
 * Judges a response with status 101 (RFC 6455 §4.1, the client's checks 2 to 6).
 *
 * @returns what both sides agree upon.
 * @throws InvalidUpgrade, InvalidHeader or NegotiationError where a header does not fit the offer.
 */
export function judgeResponse({ headers }: ResponseHead, offer: Offer): Agreement {
  checkUpgrade(headers);
  checkAccept(headers, offer.key);
  const deflate = judgeExtensions(headers, offer.compression);
  return { subprotocol: chosenSubprotocol(headers, offer.subprotocols), deflate };
}

function checkUpgrade(headers: HeaderList): void {
  const upgrade = listMembers(headers.getAll('Upgrade'));
  if (upgrade.length === 0 || !upgrade.every((protocol) => protocol.toLowerCase() === 'websocket')) {
    throw new InvalidUpgrade('Upgrade', headers.get('Upgrade'));
  }
  const connection = listMembers(headers.getAll('Connection'));
  if (!connection.some((option) => option.toLowerCase() === 'upgrade')) {
    throw new InvalidUpgrade('Connection', headers.get('Connection'));
  }
}

function checkAccept(headers: HeaderList, key: string): void {
  const value = single(headers, 'Sec-WebSocket-Accept');
  if (value === undefined) throw new InvalidHeader('Sec-WebSocket-Accept');
  if (value !== acceptFor(key)) throw new InvalidHeader('Sec-WebSocket-Accept', value);
}

/** The server may choose one of those offered, or none (check 6). */
function chosenSubprotocol(headers: HeaderList, offered: readonly string[]): string | undefined {
  const chosen = single(headers, 'Sec-WebSocket-Protocol');
  if (chosen === undefined) return undefined;
  if (!isToken(chosen)) throw new InvalidHeader('Sec-WebSocket-Protocol', chosen);
  // Subprotocols are compared with regard to case.
  if (!offered.includes(chosen)) {
    const offer = offered.length === 0 ? 'none was offered' : `offered were ${offered.join(', ')}`;
    throw new NegotiationError(`server chose subprotocol '${chosen}'; ${offer}`);
  }
  return chosen;
}

/** The value of a header that may come once at most (RFC 6455 §11.3.3, §11.3.4). */
function single(headers: HeaderList, name: string): string | undefined {
  const values = headers.getAll(name);
  if (values.length > 1) {
    throw new InvalidHeader(name, headers.get(name), `response has ${values.length} ${name} headers; expected one`);
  }
  return values[0];
}
