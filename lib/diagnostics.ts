/**
 * For those who look on: publishes what happens on the channels of `node:diagnostics_channel`, and prints it where
 * `NODE_DEBUG` has `hawser`. Costs next to nothing where nobody looks. Decides nothing.
 *
 * Lines: `<` received, `>` sent, `=` state, `!` error, `%` keepalive; before it the connection's number.
 */

import { isUtf8 } from 'node:buffer';
import { channel } from 'node:diagnostics_channel';
import { debuglog, inspect } from 'node:util';
import { describeCloseFrame } from './close-code.js';
import type { Connection } from './connection.js';
import { ConnectionClosedError, connectionClosed } from './errors.js';
import { constants, type FrameNotice } from './native.js';
import type { CloseOutcome } from './types.js';

/** What is published on `hawser:connecting`. */
export interface ConnectingMessage {
  readonly url: string;
}
/** What is published on `hawser:open`. */
export interface OpenMessage {
  readonly connection: Connection;
}
/** What is published on `hawser:close`. */
export interface CloseMessage {
  readonly connection: Connection;
  readonly outcome: CloseOutcome;
}
/** What is published on `hawser:ping` and `hawser:pong`, for those of either side, keepalive's included. */
export interface PingMessage {
  readonly connection: Connection;
  readonly direction: 'sent' | 'received';
  readonly payload: Buffer;
}
/** What is published on `hawser:error`: an opening that failed, or a connection that did not close in good order. */
export interface ErrorMessage {
  readonly url: string;
  readonly connection?: Connection;
  readonly error: unknown;
}

const channels = {
  connecting: channel('hawser:connecting'),
  open: channel('hawser:open'),
  close: channel('hawser:close'),
  ping: channel('hawser:ping'),
  pong: channel('hawser:pong'),
  error: channel('hawser:error'),
};

const debug = debuglog('hawser');

const shownLength = 75;

const opcodeNames: ReadonlyMap<number, string> = new Map([
  [0x0, 'CONT'],
  [0x1, 'TEXT'],
  [0x2, 'BINARY'],
  [0x8, 'CLOSE'],
  [0x9, 'PING'],
  [0xa, 'PONG'],
]);

/** Which frames the reader is to tell of, one of `constants.observe*`: who looks on has to do so before connecting. */
export function observation(): number {
  if (debug.enabled) return constants.observeFrames;
  return channels.ping.hasSubscribers || channels.pong.hasSubscribers
    ? constants.observePings
    : constants.observeNothing;
}

export function connecting(url: string): void {
  log(undefined, () => `= connecting to ${url}`);
  publish('connecting', (): ConnectingMessage => ({ url }));
}

/** The opening goes on elsewhere. */
export function redirected(status: number, url: string): void {
  log(undefined, () => `= HTTP ${status}: redirected to ${url}`);
}

/** The opening failed. */
export function failed(url: string, error: unknown): void {
  log(undefined, () => `! connecting to ${url}: ${words(error)}`);
  publish('error', (): ErrorMessage => ({ url, error }));
}

/** @param id the connection's number. */
export function opened(connection: Connection, id: number): void {
  log(id, () => `= open, ${connection.url}`);
  publish('open', (): OpenMessage => ({ connection }));
}

export function closing(id: number): void {
  log(id, () => '= closing');
}

export function closed(connection: Connection, id: number, outcome: CloseOutcome): void {
  log(id, () => `= closed, ${describeCloseFrame(outcome)}`);
  publish('close', (): CloseMessage => ({ connection, outcome }));
  if (!debug.enabled && !channels.error.hasSubscribers) return;
  const error = connectionClosed(outcome);
  if (!(error instanceof ConnectionClosedError)) return;
  log(id, () => `! ${words(error)}`);
  publish('error', (): ErrorMessage => ({ url: connection.url, connection, error }));
}

export function frame(connection: Connection, id: number, seen: FrameNotice): void {
  if (seen.keepalive) log(id, () => '% sending a keepalive ping');
  log(id, () => `${seen.sent ? '>' : '<'} ${describeFrame(seen)}`);
  const name = opcodeNames.get(seen.opcode);
  if (name !== 'PING' && name !== 'PONG') return;
  const direction = seen.sent ? 'sent' : 'received';
  const { payload } = seen;
  publish(name === 'PING' ? 'ping' : 'pong', (): PingMessage => ({ connection, direction, payload }));
}

/** More frames went by than could be told of. */
export function framesLeftOut(id: number, count: number): void {
  log(id, () => `= ${counted(count, 'frame')} not shown`);
}

/** A ping was answered. */
export function answered(id: number, latency: number): void {
  log(id, () => `% latency is ${latency.toFixed(3)} ms`);
}

/** One line, whatever the peer put into it. */
function log(id: number | undefined, text: () => string): void {
  if (debug.enabled) debug('%s', printable(id === undefined ? text() : `#${id} ${text()}`));
}

function publish(name: keyof typeof channels, message: () => object): void {
  if (channels[name].hasSubscribers) channels[name].publish(message());
}

/** A frame in words: `TEXT "hello" [5 bytes]`. */
export function describeFrame({ sent, opcode, fin, compressed, length, payload, cut }: FrameNotice): string {
  const name = opcodeNames.get(opcode) ?? `OPCODE ${opcode}`;
  const notes = [counted(length, 'byte')];
  if (compressed) notes.push('compressed');
  if (!fin) notes.push('continued');
  const content = name === 'CLOSE' ? describeClose(payload) : describePayload(payload, compressed && !sent, cut);
  return [name, content, `[${notes.join(', ')}]`].filter((part) => part !== '').join(' ');
}

function describeClose(payload: Buffer): string {
  if (payload.length < 2) return '';
  const code = payload.readUInt16BE(0);
  return printable(describeCloseFrame({ code, reason: payload.toString('utf8', 2) }));
}

function describePayload(payload: Buffer, opaque: boolean, cut: boolean): string {
  if (payload.length === 0) return '';
  // Where it was cut, a code point may be as well.
  const text = cut ? payload.subarray(0, payload.length - cutBytes(payload)) : payload;
  const words = !opaque && isUtf8(text) ? printable(JSON.stringify(text.toString('utf8'))) : payload.toString('hex');
  if (words.length <= shownLength) return cut ? `${words}…` : words;
  // Half of a surrogate pair is nothing that can be printed.
  return `${words.slice(0, shownLength).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** How many bytes at the end are of a code point that is cut. */
function cutBytes(payload: Buffer): number {
  for (let back = 1; back <= Math.min(3, payload.length); back++) {
    const byte = payload[payload.length - back] as number;
    if (byte >= 0xc0) return byte < 0xf8 && back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** What ends a line, moves a terminal's cursor or reorders what is printed does not get to it. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function words(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : inspect(error, { breakLength: Number.POSITIVE_INFINITY });
}
