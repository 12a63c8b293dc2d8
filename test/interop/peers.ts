/**
 * The servers that echo, and what each of them does in its own way. All are asked the same; the tests expect what stands
 * here, so that a server that changes its ways is noticed as well as a hawser that does.
 *
 * Each returns messages as they are, but for two: at `please ping` it sends a ping with `are you there?`, and `pong:` and
 * the payload once that is answered; at `please close` it closes with 4001 and `as you wish`.
 */

import type { CloseFrame } from '../../lib/types.js';
import type { Command, Start } from './support/server.js';

export interface Peer {
  readonly name: string;
  readonly start: Start;
  /** Path of the echo on the server. */
  readonly path: string;
  /** Whether it accepts permessage-deflate. The others answer as if it had not been offered. */
  readonly deflates: boolean;
  /** Whether it chooses the subprotocol `echo` where that is offered. The others choose none. */
  readonly subprotocols: boolean;
  /** Whether binary messages come back, as such. */
  readonly binary: boolean;
  /** How many messages of a KiB may be on their way through it at once before it may stand still. */
  readonly underWay: number;
  /** Whether it pings at `please ping`. */
  readonly pings: boolean;
  /** Whether its pongs have the payloads of the pings where those are not UTF-8. */
  readonly pongsBinary: boolean;
  /** What it answers a Close that says 4001 and `bye` with. */
  readonly answersClose: CloseFrame;
  /** Whether it ends the stream after having answered a Close, as servers should (RFC 6455 §7.1.1). */
  readonly endsStream: boolean;
  /** The Close it sends at `please close`; undefined where it just ends the stream. */
  readonly closesWith: CloseFrame | undefined;
}

/** What `compression` is tried with. */
export const compressions: readonly boolean[] = [false, true];

const echoed = { code: 4001, reason: 'bye' };
const withoutReason = { code: 4001, reason: '' };
const always1000 = { code: 1000, reason: '' };

const usual = {
  path: '/',
  deflates: false,
  subprotocols: true,
  binary: true,
  underWay: Number.POSITIVE_INFINITY,
  pings: true,
  pongsBinary: true,
  answersClose: echoed,
  endsStream: true,
  closesWith: { code: 4001, reason: 'as you wish' },
};

export const peers: readonly Peer[] = [
  { ...usual, name: 'ws', start: node('ws.mjs'), deflates: true },
  { ...usual, name: 'websocket', start: node('websocket.mjs'), answersClose: always1000 },
  { ...usual, name: 'faye-websocket for Node', start: node('faye.mjs'), deflates: true },
  // It reads the payloads of pings as text, and leaves the end of the stream to the client that closes.
  { ...usual, name: 'nodejs-websocket', start: node('nodejs-websocket.mjs'), pongsBinary: false, endsStream: false },
  { ...usual, name: 'bun', start: ['node_modules/.bin/bun', 'servers/bun.mjs'], deflates: true },
  // It has no call that sends a ping.
  { ...usual, name: 'deno', start: deno('deno.mjs'), pings: false },
  { ...usual, name: 'websockets', start: python('websockets-echo.py'), deflates: true },
  { ...usual, name: 'tornado', start: python('tornado-echo.py'), deflates: true, answersClose: withoutReason },
  { ...usual, name: 'aiohttp', start: python('aiohttp-echo.py'), deflates: true, answersClose: always1000 },
  // ASGI has no message that sends a ping.
  { ...usual, name: 'uvicorn with wsproto', start: python('wsproto-echo.py'), deflates: true, pings: false },
  { ...usual, name: 'gorilla', start: ['../../build/interop/gorilla'], deflates: true, answersClose: withoutReason },
  { ...usual, name: 'mojolicious', start: ['perl', 'servers/mojolicious.pl'] },
  {
    ...usual,
    name: 'mojolicious told to compress',
    start: ['perl', 'servers/mojolicious.pl'],
    path: '/deflate',
    deflates: true,
  },
  // It chooses no subprotocol of its own accord.
  {
    ...usual,
    name: 'em-websocket',
    start: ['ruby', 'servers/em-websocket.rb'],
    subprotocols: false,
    answersClose: withoutReason,
  },
  { ...usual, name: 'faye-websocket for Ruby', start: ['ruby', 'servers/faye.rb'] },
  // A line is a message and every message is text; the program at its other end knows of no pings and no Close.
  // While it writes to the program it does not read from it, so that both wait for ever once both pipes are full.
  {
    ...usual,
    name: 'websocketd',
    start: (port) => websocketd(port, 'sed', '--unbuffered', '/^please close$/Q'),
    subprotocols: false,
    binary: false,
    underWay: 32,
    pings: false,
    answersClose: withoutReason,
    closesWith: undefined,
  },
];

/** The folder's other servers do not echo, or not at once. */
export const engineIo: Start = node('engine-io.mjs');

export function libwebsockets(port: number): Command {
  return ['libwebsockets-test-server', '--port', `${port}`, '--interface', 'lo'];
}

/** Runs the program once for each connection, and has it read and write the messages as lines. */
export function websocketd(port: number, ...program: readonly [string, ...string[]]): Command {
  return ['websocketd', '--address=127.0.0.1', `--port=${port}`, '--loglevel=error', ...program];
}

function node(file: string): Command {
  return [process.execPath, `servers/${file}`];
}

function deno(file: string): Command {
  return ['env', 'DENO_NO_UPDATE_CHECK=1', 'node_modules/.bin/deno', 'run', '--allow-net', `servers/${file}`];
}

/** Debian's own Python, whose packages they need, whatever else comes first in the path. */
function python(file: string): Command {
  return ['/usr/bin/python3', `servers/${file}`];
}
