/**
 * Parses the head of an HTTP/1.1 response (RFC 9112 §4 and §5) from its bytes, strictly and within limits: what would
 * make two parsers disagree is refused. Pure. Does not judge what the response says.
 */

import type { Buffer } from 'node:buffer';
import { EndOfStream, InvalidHeader, InvalidMessage } from '../errors.js';
import type { ResponseHead } from '../types.js';
import { type HeaderEntry, HeaderList, isFieldValue, isToken, trimWhitespace } from './headers.js';
import { shown } from './shown.js';

/** The most bytes of the status line, and of each header line, without its line end. */
export const maxLineSize = 8 * 1024;
/** The most header lines. */
export const maxHeaders = 128;
/** The most bytes that a head within those limits can have. */
export const maxHeadSize = (1 + maxHeaders) * (maxLineSize + 2) + 2;

/** Who answers. A proxy may still speak HTTP/1.0, whose answers to CONNECT mean the same; a WebSocket server may not. */
export type Responder = 'server' | 'proxy';

const protocols: Readonly<Record<Responder, readonly string[]>> = {
  server: ['HTTP/1.1 '],
  proxy: ['HTTP/1.1 ', 'HTTP/1.0 '],
};
const statusLinePattern = /^HTTP\/1\.[01] ([1-5][0-9][0-9])(?: (.*))?$/;

/**
 * @param bytes everything up to and including the empty line.
 * @throws InvalidMessage where it is not HTTP/1.1, malformed or over a limit.
 * @throws InvalidHeader where a header's name or value has characters that it may not have.
 */
export function parseResponseHead(bytes: Buffer, responder: Responder = 'server'): ResponseHead {
  const [statusLine = '', ...headerLines] = splitLines(bytes, protocols[responder]);
  const { status, statusText } = parseStatusLine(statusLine);
  if (headerLines.length > maxHeaders) {
    throw new InvalidMessage(`response has ${headerLines.length} headers; the limit is ${maxHeaders}`);
  }
  return { status, statusText, headers: new HeaderList(headerLines.map(parseHeaderLine)) };
}

/** Explains what came of a head that did not end: its first line may be wrong already, else it is too long or cut. */
export function judgeUnfinishedHead(bytes: Buffer): InvalidMessage {
  if (bytes.length === 0) return cutShort('HTTP status line');
  const text = bytes.toString('latin1', 0, maxLineSize + 2);
  const lineEnd = text.indexOf('\n');
  const firstLine = (lineEnd < 0 ? text : text.slice(0, lineEnd)).replace(/\r$/, '');
  if (!protocols.proxy.some((protocol) => protocol.startsWith(firstLine.slice(0, protocol.length)))) {
    return notHttp(text);
  }
  if (lineEnd < 0 && text.length > maxLineSize) return tooLong('status line', text.length);
  if (bytes.length >= maxHeadSize) {
    return new InvalidMessage(`response head has more than ${bytes.length} bytes; the limit is ${maxHeadSize}`);
  }
  return cutShort(lineEnd < 0 ? 'HTTP status line' : 'HTTP headers');
}

/** The lines before the empty line. Only CRLF ends a line: a bare LF or CR is an attack or a bug (RFC 9112 §2.2). */
function splitLines(bytes: Buffer, accepted: readonly string[]): string[] {
  const text = bytes.toString('latin1');
  // Junk deserves to be called that, whatever else is wrong with it.
  if (!accepted.some((protocol) => text.startsWith(protocol))) throw notHttp(text);
  const lines = text.split('\r\n');
  for (const [i, line] of lines.entries()) {
    const what = i === 0 ? 'status line' : 'header line';
    if (line.length > maxLineSize) throw tooLong(what, line.length);
    if (/[\r\n]/.test(line)) throw new InvalidMessage(`${what} of the response has a bare CR or LF: ${shown(line)}`);
  }
  if (lines.pop() !== '' || lines.pop() !== '' || lines.includes('')) {
    throw new InvalidMessage('response head does not end with its only empty line');
  }
  return lines;
}

function parseStatusLine(line: string): { status: number; statusText: string } {
  // The space before an empty reason is left out by many servers.
  const match = statusLinePattern.exec(line);
  if (match === null) {
    throw new InvalidMessage(`invalid status line; expected a status of three digits: ${shown(line)}`);
  }
  const [, status = '', statusText = ''] = match;
  if (!isFieldValue(statusText)) throw new InvalidMessage(`invalid status line: ${shown(line)}`);
  return { status: Number(status), statusText };
}

function parseHeaderLine(line: string): HeaderEntry {
  if (line.startsWith(' ') || line.startsWith('\t')) {
    throw new InvalidMessage(`response has a folded header line, which is obsolete: ${shown(line)}`);
  }
  const colon = line.indexOf(':');
  if (colon < 0) throw new InvalidMessage(`response has a header line without a colon: ${shown(line)}`);
  const name = line.slice(0, colon);
  const value = trimWhitespace(line.slice(colon + 1));
  // White space before the colon is no token either (RFC 9112 §5.1).
  if (!isToken(name)) throw new InvalidHeader(name, value, `invalid header name in the response: ${shown(name)}`);
  if (!isFieldValue(value)) throw new InvalidHeader(name, value);
  return [name, value];
}

/** The cause tells it from an answer that is malformed, since asking again may help. */
function cutShort(where: string): InvalidMessage {
  return new InvalidMessage(`did not receive a valid HTTP response; connection closed while reading ${where}`, {
    cause: new EndOfStream('the peer ended the stream within its response'),
  });
}

function tooLong(what: string, size: number): InvalidMessage {
  return new InvalidMessage(`${what} of the response has at least ${size} bytes; the limit is ${maxLineSize}`);
}

function notHttp(text: string): InvalidMessage {
  const [line = ''] = /^[^\r\n]*/.exec(text) ?? [];
  const problem = foreignProtocol(text) ?? `unsupported protocol; expected HTTP/1.1: ${shown(line)}`;
  return new InvalidMessage(`did not receive a valid HTTP response; ${problem}`);
}

/** What servers send whose port is another one's: a TLS record (RFC 8446 §5.1) or SETTINGS of HTTP/2 (RFC 9113 §3.4). */
function foreignProtocol(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: binary protocols are what is looked for
  if (/^[\x15\x16]\x03[\0-\x04]/.test(text)) return 'the server speaks TLS; expected HTTP/1.1, or a wss: URL for TLS';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: binary protocols are what is looked for
  if (/^\0[\0-\xff]{2}\x04[\0\x01]\0/.test(text)) return 'the server speaks HTTP/2; expected HTTP/1.1';
  return undefined;
}
