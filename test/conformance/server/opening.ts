/** The server's opening handshake (RFC 6455 §4.2): request in, response out. No I/O. */

import { createHash } from 'node:crypto';
import type { WantedCompression } from '../cases/scenario.js';
import { type Agreement, negotiate } from './negotiation.js';

export interface Request {
  /** The case asked for: `id` of the request target. */
  readonly id: string;
  /** What the client's side calls this run of it: `run` of the request target. */
  readonly run: number;
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
}

export function parseRequest(head: string): Request {
  const [requestLine = '', ...lines] = head.trimEnd().split('\r\n');
  const target = /^GET (\S+) HTTP\/1\.1$/.exec(requestLine)?.[1];
  if (target === undefined) throw new Error(`client sent the request line ${requestLine}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  const { searchParams } = new URL(target, 'ws://localhost');
  return { id: searchParams.get('id') ?? '', run: Number(searchParams.get('run')), headers };
}

export interface Acceptance {
  readonly head: string;
  readonly agreement: Agreement | undefined;
}

/** Throws, saying why, where the client can't be accepted. */
export function accept({ headers }: Request, wanted: readonly WantedCompression[] | undefined): Acceptance {
  const key = headers.get('sec-websocket-key');
  if (key === undefined || headers.get('sec-websocket-version') !== '13')
    throw new Error('client asked for no WebSocket');
  const agreement = wanted && negotiate(headers.get('sec-websocket-extensions'), wanted);
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')}`,
    ...(agreement ? [`Sec-WebSocket-Extensions: ${agreement.header}`] : []),
  ];
  return { head: `${lines.join('\r\n')}\r\n\r\n`, agreement };
}
