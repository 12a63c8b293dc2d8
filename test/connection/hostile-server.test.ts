/**
 * Servers that are hostile, broken or speak something else: each has an error of its own, at once or by `openTimeout`,
 * and leaves no reader. What a well-formed refusal is told as is in `refusals.test.ts`.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import * as errors from '../../lib/errors.js';
import { maxHeaders, maxLineSize } from '../../lib/handshake/response-head.js';
import { openRaw } from '../support/opened.js';
import { head, listen, refused, refusedBy, timed } from '../support/refused.js';
import {
  accept,
  delay,
  flood,
  halfClose,
  inPieces,
  neverAnswer,
  reset,
  type Script,
  sendRaw,
  sendText,
} from '../support/scripted-peer.js';
import { LONG, SHORT } from '../support/times.js';

/** The head of an acceptance, but for the accept. */
const upgrade = ['Upgrade: websocket', 'Connection: Upgrade'];
const accepting = (...headers: string[]): string => head('101 Switching Protocols', ...upgrade, ...headers);
const lines = (count: number, size = 1): string => `A: ${'b'.repeat(size)}\r\n`.repeat(count);

describe('a server that is malformed, too much or something else', () => {
  const notHttp = 'did not receive a valid HTTP response; ';
  const { InvalidMessage, InvalidHeader, InvalidUpgrade, NegotiationError, SecurityError } = errors;
  const cases: [what: string, bytes: string, type: unknown, words: string | RegExp][] = [
    // Something else.
    ['SMTP', '220 smtp.example ESMTP\r\n', InvalidMessage, 'expected HTTP/1.1: "220 smtp.example ESMTP"'],
    ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n', InvalidMessage, 'expected HTTP/1.1: "SSH-2.0-OpenSSH_9.6"'],
    ['a page without a head', '<html>\r\n\r\n', InvalidMessage, 'expected HTTP/1.1: "<html>"'],
    ['RTSP', 'RTSP/1.0 200 OK\r\n\r\n', InvalidMessage, 'expected HTTP/1.1: "RTSP/1.0 200 OK"'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', InvalidMessage, 'expected HTTP/1.1: "HTTP/1.0 200 OK"'],
    ['HTTP/1.0 that accepts', 'HTTP/1.0 101 Yes\r\n\r\n', InvalidMessage, 'expected HTTP/1.1: "HTTP/1.0 101 Yes"'],
    ['HTTP/2 in words', 'HTTP/2 101\r\n\r\n', InvalidMessage, 'expected HTTP/1.1: "HTTP/2 101"'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', InvalidMessage, '"PRI * HTTP/2.0"'],
    ['HTTP/2', '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80', InvalidMessage, `${notHttp}the server speaks HTTP/2`],
    ['an alert of TLS', '\x15\x03\x03\0\x02\x02\x46', InvalidMessage, `${notHttp}the server speaks TLS`],
    ['an alert of old TLS', '\x15\x03\x01\0\x02\x02\x28', InvalidMessage, 'or a wss: URL for TLS'],
    ['a handshake of TLS', '\x16\x03\x03\0\x7a\x02\0\0\x76', InvalidMessage, `${notHttp}the server speaks TLS`],
    ['frames right away', '\x81\x05hello', InvalidMessage, `${notHttp}unsupported protocol`],
    ['noise', '\xf3\x9c\x01\x7f\0\0\0\0\0\0', InvalidMessage, `${notHttp}unsupported protocol`],
    ['nothing but zeros', '\0'.repeat(100), InvalidMessage, `${notHttp}unsupported protocol`],
    ['an empty line first', `\r\n${accepting()}`, InvalidMessage, `${notHttp}unsupported protocol`],
    // Malformed.
    ['a status that is none', 'HTTP/1.1 1x1 OK\r\n\r\n', InvalidMessage, 'invalid status line'],
    ['a status of four digits', 'HTTP/1.1 1010 OK\r\n\r\n', InvalidMessage, 'invalid status line'],
    ['NUL in the reason', 'HTTP/1.1 101 O\0K\r\n\r\n', InvalidMessage, 'invalid status line'],
    ['bare line feeds', 'HTTP/1.1 101 OK\nA: b\n\n', InvalidMessage, 'bare CR or LF'],
    ['one bare line feed', 'HTTP/1.1 101 OK\r\nA: b\nC: d\r\n\r\n', InvalidMessage, 'bare CR or LF'],
    [
      'a bare line feed at the end',
      'HTTP/1.1 101 OK\r\nA: b\r\n\n',
      InvalidMessage,
      /bare CR or LF|its only empty line/,
    ],
    ['a bare carriage return', 'HTTP/1.1 101 OK\r\nA: b\rC: d\r\n\r\n', InvalidMessage, 'bare CR or LF'],
    ['a doubled carriage return', 'HTTP/1.1 101 OK\r\nA: b\r\r\n\r\n', InvalidMessage, 'bare CR or LF'],
    ['a folded header', 'HTTP/1.1 101 OK\r\nA: b\r\n c\r\n\r\n', InvalidMessage, 'folded header line'],
    ['one folded by a tab', 'HTTP/1.1 101 OK\r\nA: b\r\n\tc\r\n\r\n', InvalidMessage, 'folded header line'],
    ['a folded first line', 'HTTP/1.1 101 OK\r\n A: b\r\n\r\n', InvalidMessage, 'folded header line'],
    ['a header without a colon', 'HTTP/1.1 101 OK\r\nABC\r\n\r\n', InvalidMessage, 'without a colon'],
    ['a header without a name', 'HTTP/1.1 101 OK\r\n: b\r\n\r\n', InvalidHeader, 'invalid header name'],
    [
      'a name with a space',
      'HTTP/1.1 101 OK\r\nA B: c\r\n\r\n',
      InvalidHeader,
      'invalid header name in the response: "A B"',
    ],
    [
      'a space before the colon',
      'HTTP/1.1 101 OK\r\nA : b\r\n\r\n',
      InvalidHeader,
      'invalid header name in the response: "A "',
    ],
    ['a name that is no ASCII', 'HTTP/1.1 101 OK\r\n\xe9: b\r\n\r\n', InvalidHeader, 'invalid header name'],
    ['NUL in a name', 'HTTP/1.1 101 OK\r\nA\0: b\r\n\r\n', InvalidHeader, 'invalid header name'],
    ['NUL in a value', 'HTTP/1.1 101 OK\r\nA: b\0c\r\n\r\n', InvalidHeader, 'invalid A header: "b\\u0000c"'],
    ['ESC in a value', 'HTTP/1.1 101 OK\r\nA: \x1b[31m\r\n\r\n', InvalidHeader, 'invalid A header: "\\u001b[31m"'],
    // Too much.
    [
      'a header too many',
      `HTTP/1.1 101 OK\r\n${lines(maxHeaders + 1)}\r\n`,
      InvalidMessage,
      '129 headers; the limit is 128',
    ],
    ['a long status line', `HTTP/1.1 101 ${'b'.repeat(maxLineSize)}\r\n\r\n`, InvalidMessage, 'the limit is 8192'],
    ['a long header', `HTTP/1.1 101 OK\r\n${lines(1, maxLineSize)}\r\n`, InvalidMessage, 'the limit is 8192'],
    ['a long name', `HTTP/1.1 101 OK\r\n${'A'.repeat(maxLineSize)}: b\r\n\r\n`, InvalidMessage, 'the limit is 8192'],
    ['a line that never ends', `HTTP/1.1 101 ${'b'.repeat(2 << 20)}`, InvalidMessage, 'the limit is 8192'],
    ['a head that never ends', `HTTP/1.1 101 OK\r\n${lines(400_000)}`, InvalidMessage, 'the limit is'],
    ['long headers that never end', `HTTP/1.1 101 OK\r\n${lines(300, 8000)}`, InvalidMessage, 'the limit is'],
    ['junk that never ends', 'x'.repeat(2 << 20), InvalidMessage, 'expected HTTP/1.1'],
    ['100 for ever', head('100 Continue').repeat(1000), SecurityError, 'more than 8 informational heads'],
    [
      'early hints for ever',
      head('103 Hints', 'Link: </x>').repeat(9),
      SecurityError,
      'more than 8 informational heads',
    ],
    // An acceptance that is none.
    ['101 and nothing else', head('101 OK'), InvalidUpgrade, 'missing Upgrade header'],
    [
      'an answer from before it was asked',
      accepting('Sec-WebSocket-Accept: x'),
      InvalidHeader,
      'invalid Sec-WebSocket-Accept',
    ],
    ['an empty accept', accepting('Sec-WebSocket-Accept: '), InvalidHeader, 'invalid Sec-WebSocket-Accept header: ""'],
    ['no accept', accepting(), InvalidHeader, 'missing Sec-WebSocket-Accept header'],
    [
      'an accept twice',
      accepting('Sec-WebSocket-Accept: x', 'sec-websocket-accept: y'),
      InvalidHeader,
      'has 2 Sec-WebSocket-Accept',
    ],
    [
      'two protocols to switch to',
      head('101 OK', 'Upgrade: websocket, h2c', 'Connection: Upgrade'),
      InvalidUpgrade,
      'websocket, h2c',
    ],
    [
      'Upgrade twice, unlike',
      head('101 OK', 'Upgrade: websocket', 'Upgrade: h2c', 'Connection: Upgrade'),
      InvalidUpgrade,
      'h2c',
    ],
    [
      'Connection that closes',
      head('101 OK', 'Upgrade: websocket', 'Connection: close'),
      InvalidUpgrade,
      'invalid Connection header: "close"',
    ],
  ];
  // Whole and byte by byte, what is short: an error is not to depend on how the network cuts.
  const cut = cases.filter(([, bytes]) => bytes.length < 300);
  const run = async (script: Script, type: unknown, words: string | RegExp): Promise<void> => {
    const { value: error, took } = await timed(refused([...script, neverAnswer()], { openTimeout: 3 * LONG }));
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(errors.InvalidHandshake);
    expect(error.message).toMatch(words);
    expect(error.message.length).toBeLessThan(400);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(took).toBeLessThan(2 * LONG);
  };
  test.each(cases)('is told at once: %s', async (_what, bytes, type, words) => {
    await run([sendRaw(bytes)], type, words);
  });
  test.each(cut)('is told byte by byte: %s', async (_what, bytes, type, words) => {
    await run([inPieces(1, sendRaw(bytes))], type, words);
  });
  test.each(cut)('is told though it hangs up: %s', async (_what, bytes, type, words) => {
    await run([sendRaw(bytes), halfClose()], type, words);
  });

  test('is told in the terms of what it chose', async () => {
    const script = [accept({ headers: { 'Sec-WebSocket-Protocol': 'x', 'Sec-WebSocket-Extensions': 'y' } })];
    expect(await refused(script)).toBeInstanceOf(NegotiationError);
  });
});

describe('a server that goes', () => {
  /** What it was about to say. */
  const whole = accepting('Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=');
  const steps = Array.from({ length: whole.length }, (_, i) => i);

  test('at any byte of its answer is told so', async () => {
    const peer = await listen(...steps.map((size) => [accept({ head: whole.slice(0, size) }), halfClose()]));
    const statusLine = whole.indexOf('\n');
    for (const size of steps) {
      const error = await refusedBy(peer.url);
      const where = size <= statusLine ? 'HTTP status line' : 'HTTP headers';
      expect(error.message).toBe(`did not receive a valid HTTP response; connection closed while reading ${where}`);
      expect(error).toBeInstanceOf(errors.InvalidMessage);
      expect(error.cause).toBeInstanceOf(errors.EndOfStream);
    }
  });

  test('by a reset is a TransportError at any step', async () => {
    const sizes = [0, 1, 5, 12, 13, whole.indexOf('\r\n') + 1, whole.indexOf('\r\n') + 2, whole.length - 1];
    const peer = await listen(...sizes.map((size) => [accept({ head: whole.slice(0, size) }), delay(SHORT), reset()]));
    for (const _ of sizes) {
      const error = await refusedBy(peer.url);
      expect(error).toBeInstanceOf(errors.TransportError);
      expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
    }
  });

  test('within a line of junk is told by the junk', async () => {
    const error = await refused([sendRaw('220 smtp.exam'), halfClose()]);
    expect(error.message).toContain('unsupported protocol; expected HTTP/1.1: "220 smtp.exam"');
  });

  test('between two informational heads is told so', async () => {
    const error = await refused([sendRaw(head('103 Hints')), halfClose()]);
    expect(error.message).toContain('connection closed while reading HTTP status line');
  });
});

test('a server that drips a right answer is waited for no longer than openTimeout', async () => {
  const drops = [...accepting()].flatMap((drop) => [sendRaw(drop), delay(SHORT)]);
  const openTimeout = 10 * SHORT;
  const { value: error, took } = await timed(refused(drops, { openTimeout }));
  expect(error).toBeInstanceOf(errors.TimeoutError);
  expect(error.message).toBe(`timed out while waiting for handshake response; openTimeout is ${openTimeout} ms`);
  expect(took).toBeGreaterThanOrEqual(openTimeout - 2);
  expect(took).toBeLessThan(openTimeout + LONG);
});

test('a server that drips informational heads is waited for no longer than openTimeout', async () => {
  const drops = Array.from({ length: 8 }, () => [sendRaw(head('102 Processing')), delay(5 * SHORT)]).flat();
  expect(await refused(drops, { openTimeout: 10 * SHORT })).toBeInstanceOf(errors.TimeoutError);
});

test('a server that floods behind a bad answer is hung up on', async () => {
  const script = [accept({ accept: 'wrong' }), flood(Number.POSITIVE_INFINITY, { size: 64 * 1024 })];
  const { value: error, took } = await timed(refused(script));
  expect(error).toBeInstanceOf(errors.InvalidHeader);
  expect(took).toBeLessThan(LONG);
});

test('a server whose port speaks TLS is no server, within openTimeout', async () => {
  const server = tls.createServer().listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { value: error, took } = await timed(refusedBy(`ws://127.0.0.1:${port}/`, { openTimeout: 3 * LONG }));
  expect(error).not.toBeInstanceOf(errors.TimeoutError);
  expect([errors.InvalidMessage, errors.TransportError].some((type) => error instanceof type)).toBe(true);
  expect(took).toBeLessThan(2 * LONG);
});

test('an answer as large as the limits allow opens the connection', async () => {
  const padding = Array.from({ length: maxHeaders - 3 }, (_, i) => [
    `A-${i}`,
    'b'.repeat(maxLineSize - `A-${i}: `.length),
  ]);
  const { connection } = await openRaw([accept({ headers: Object.fromEntries(padding) }), sendText('here')]);
  expect(await connection.recv()).toBe('here');
  expect(connection.response.headers.size).toBe(maxHeaders);
});

test('a hundred connections to a hostile server leave no reader', async () => {
  const peer = await listen([sendRaw('\x15\x03\x03\0\x02\x02\x46'), neverAnswer()]);
  const all = await Promise.allSettled(Array.from({ length: 100 }, () => connect(peer.url)));
  for (const each of all) expect(each).toMatchObject({ status: 'rejected', reason: expect.any(errors.InvalidMessage) });
});
