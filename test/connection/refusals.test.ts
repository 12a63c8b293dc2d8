/** Answers that open no connection: what each is told as, how soon, and that nothing is left. */

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import * as errors from '../../lib/errors.js';
import { rejection } from '../support/opened.js';
import { head, listen, refused, timed } from '../support/refused.js';
import {
  accept,
  delay,
  halfClose,
  inPieces,
  neverAnswer,
  reset,
  respond,
  type Script,
  sendRaw,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT } from '../support/times.js';

describe('an answer that is no acceptance, though its status is 101,', () => {
  const accepts = (headers: Record<string, string | null>): Script => [accept({ headers }), neverAnswer()];
  const cases: [string, Script, unknown, string][] = [
    ['lacks Upgrade', accepts({ Upgrade: null }), errors.InvalidUpgrade, 'missing Upgrade header'],
    ['upgrades to something else', accepts({ Upgrade: 'h2c' }), errors.InvalidUpgrade, 'invalid Upgrade header: "h2c"'],
    ['lacks Connection', accepts({ Connection: null }), errors.InvalidUpgrade, 'missing Connection header'],
    [
      'keeps the connection alive instead',
      accepts({ Connection: 'keep-alive' }),
      errors.InvalidUpgrade,
      'invalid Connection header: "keep-alive"',
    ],
    [
      'lacks the accept',
      accepts({ 'Sec-WebSocket-Accept': null }),
      errors.InvalidHeader,
      'missing Sec-WebSocket-Accept header',
    ],
    [
      'has a wrong accept',
      [accept({ accept: 'wrong' }), neverAnswer()],
      errors.InvalidHeader,
      'invalid Sec-WebSocket-Accept header: "wrong"',
    ],
    [
      'has the accept twice',
      accepts({ 'sec-websocket-accept': 'wrong' }),
      errors.InvalidHeader,
      'response has 2 Sec-WebSocket-Accept headers; expected one',
    ],
    [
      'chooses a subprotocol that was not offered',
      accepts({ 'Sec-WebSocket-Protocol': 'c' }),
      errors.NegotiationError,
      "server chose subprotocol 'c'; offered were a, b",
    ],
    [
      'chooses one in another case',
      accepts({ 'Sec-WebSocket-Protocol': 'A' }),
      errors.NegotiationError,
      "server chose subprotocol 'A'; offered were a, b",
    ],
    [
      'chooses several subprotocols',
      accepts({ 'Sec-WebSocket-Protocol': 'a', 'sec-websocket-protocol': 'b' }),
      errors.InvalidHeader,
      'response has 2 Sec-WebSocket-Protocol headers; expected one',
    ],
    [
      'chooses an extension that was not offered',
      accepts({ 'Sec-WebSocket-Extensions': 'permessage-bzip2' }),
      errors.NegotiationError,
      'server chose extension "permessage-bzip2"; offered was "permessage-deflate; client_max_window_bits"',
    ],
    [
      'accepts compression otherwise than offered',
      accepts({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }),
      errors.NegotiationError,
      'server accepted "permessage-deflate; client_max_window_bits"; client_max_window_bits has no value, ' +
        'expected 8 to 15; offered was "permessage-deflate; client_max_window_bits"',
    ],
  ];
  test.each(cases)('is refused where it %s', async (_what, script, type, message) => {
    const { value: error, took } = await timed(refused(script, { subprotocols: ['a', 'b'] }));
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(errors.InvalidHandshake);
    expect(error.message).toBe(message);
    expect(took).toBeLessThan(LONG);
  });

  test('chooses a subprotocol where none was offered', async () => {
    const error = await refused(accepts({ 'Sec-WebSocket-Protocol': 'c' }));
    expect(error.message).toBe("server chose subprotocol 'c'; none was offered");
  });

  test('chooses an extension where none was offered', async () => {
    const script = accepts({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    const error = await refused(script, { compression: false });
    expect(error).toBeInstanceOf(errors.NegotiationError);
    expect(error.message).toBe('server chose extension "permessage-deflate"; none was offered');
  });

  test('sees the end of the stream at once, though it keeps its own open', async () => {
    const peer = await listen([accept({ accept: 'wrong' }), neverAnswer()]);
    const began = now();
    await rejection(connect(peer.url));
    await peer.ended();
    expect(now() - began).toBeLessThan(LONG);
    expect(await peer.frames()).toEqual([]);
  });
});

describe('another status', () => {
  test('is an InvalidStatus with head and body', async () => {
    const error = await refused<errors.InvalidStatus>([
      respond({ status: 200, body: 'héllo', headers: { 'X-A': 'b' } }),
      neverAnswer(),
    ]);
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    expect(error.message).toBe('server rejected WebSocket connection: HTTP 200');
    expect(error.response).toMatchObject({ status: 200, statusText: 'Scripted' });
    expect(error.response.headers.get('x-a')).toBe('b');
    expect(error.body).toEqual(Buffer.from('héllo'));
    expect(error.text).toBe('héllo');
  });

  test.each([200, 300, 400, 401, 403, 404, 426, 429, 500, 501, 502, 503, 504])('%i is told', async (status) => {
    const error = await refused<errors.InvalidStatus>([
      respond({ status, headers: { Location: 'ws://127.0.0.1:1/', 'Retry-After': '1' }, body: `no: ${status}` }),
      neverAnswer(),
    ]);
    expect(error).toMatchObject({
      code: 'HAWSER_INVALID_STATUS',
      response: { status },
      text: `no: ${status}`,
      retryAfter: 1_000,
    });
    expect(error.message).toContain(`HTTP ${status}`);
  });

  test('may say what it wants instead', async () => {
    const headers = { 'WWW-Authenticate': 'Basic realm="feeds"' };
    const error = await refused([respond({ status: 401, headers }), neverAnswer()], { auth: 'user:secret' });
    expect(error.message).toBe(
      'server rejected WebSocket connection: HTTP 401; WWW-Authenticate is "Basic realm=\\"feeds\\""',
    );
  });

  test('may have a body in another charset', async () => {
    const headers = { 'Content-Type': 'text/plain; charset=iso-8859-1' };
    const script = [respond({ status: 403, headers, body: Buffer.from('h\xe9llo', 'latin1') }), neverAnswer()];
    expect(await refused(script)).toMatchObject({ text: 'héllo' });
  });

  test.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('may have a body in %s, though nobody asked for that', async (coding, encode) => {
    const body = encode(Buffer.from('héllo'));
    const script = [respond({ status: 403, headers: { 'Content-Encoding': coding }, body }), neverAnswer()];
    expect(await refused(script)).toMatchObject({ text: 'héllo' });
  });

  test('may have a body that is chunked and compressed', async () => {
    const body = gzipSync('hello').toString('latin1');
    const chunks = `1\r\n${body[0]}\r\n${(body.length - 1).toString(16)}\r\n${body.slice(1)}\r\n0\r\n\r\n`;
    const coded = head('403 No', 'Transfer-Encoding: chunked', 'Content-Encoding: gzip');
    expect(await refused([inPieces(5, sendRaw(coded + chunks)), neverAnswer()])).toMatchObject({ text: 'hello' });
  });

  test('keeps no more than 1 MiB of what a body inflates to', async () => {
    const body = gzipSync(Buffer.alloc(32 << 20, 'x'));
    const script = [respond({ status: 500, headers: { 'Content-Encoding': 'gzip' }, body }), neverAnswer()];
    const { value: error, took } = await timed(refused<errors.InvalidStatus>(script));
    expect(error.body.equals(Buffer.alloc(1 << 20, 'x'))).toBe(true);
    expect(took).toBeLessThan(LONG);
  });

  test('may have a body that ends with the stream', async () => {
    const script = [sendRaw(`${head('200 OK')}hel`), delay(SHORT), sendRaw('lo'), halfClose()];
    expect(await refused(script)).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello' });
  });

  test('may have a chunked body', async () => {
    const body = '5;extension=x\r\nhello\r\n1\r\n!\r\n0\r\n\r\n';
    const script = [inPieces(1, sendRaw(head('403 No', 'Transfer-Encoding: chunked') + body)), neverAnswer()];
    expect(await refused(script)).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hello!' });
  });

  test.each([
    ['of no bytes', respond({ status: 410, headers: { Connection: 'keep-alive', 'Content-Length': '0' } })],
    ['that its status can’t have', sendRaw(head('204 No Content'))],
  ])('is not kept waiting for by a body %s', async (_what, step) => {
    const { value: error, took } = await timed(refused([step, neverAnswer()]));
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    expect(took).toBeLessThan(LONG);
  });

  test.each([
    ['a stream that ends too early', [halfClose()]],
    ['a reset', [delay(SHORT), reset()]],
    ['openTimeout', [neverAnswer()]],
  ])('has what came of a body that is cut short by %s', async (_what, steps: Script) => {
    const error = await refused([sendRaw(`${head('500 No', 'Content-Length: 9')}hel`), ...steps], {
      openTimeout: 5 * MEDIUM,
    });
    expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS', text: 'hel' });
  });

  test('is not kept waiting for long by a body that never ends', async () => {
    const drip = Array.from({ length: 500 }, () => [sendRaw('x'), delay(SHORT)]).flat();
    const { value: error, took } = await timed(refused([sendRaw(head('500 No')), ...drip]));
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    // Two seconds for a body, whatever openTimeout is.
    expect(took).toBeLessThan(2000 + 2 * LONG);
  });

  test('keeps no more than 1 MiB of its body, and waits for no more', async () => {
    const script = [sendRaw(head('500 No')), sendRaw(Buffer.alloc(3 << 20, 'x')), neverAnswer()];
    const { value: error, took } = await timed(refused<errors.InvalidStatus>(script));
    expect(error.body).toHaveLength(1 << 20);
    expect(took).toBeLessThan(LONG);
  });
});
