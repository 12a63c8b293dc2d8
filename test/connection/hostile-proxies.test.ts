/** Connecting through proxies that are slow, silent, wrong or gone: each its own clear error, and no reader is left. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { HawserError, InvalidMessage, ProxyError, TimeoutError, TransportError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { isTransient } from '../../lib/retry-policy.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import {
  accept,
  delay,
  destroy,
  halfClose,
  inPieces,
  neverAnswer,
  reset,
  respond,
  type Script,
  ScriptedPeer,
  type Step,
  sendRaw,
} from '../support/scripted-peer.js';
import { TestProxy } from '../support/test-proxy.js';
import { DEADLINE, MARGIN, MEDIUM, now, SHORT, withDeadline } from '../support/times.js';

/** Nobody is asked for it: the proxies here connect to nothing. */
const target = 'ws://h.example/';
const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
const socks5 = Buffer.from([5, 2, 1, 0, 5, 0, 0, 3, 4, 0x68, 0x6f, 0x73, 0x74, 0, 80]);
const socks4 = Buffer.from([0, 90, 1, 2, 3, 4, 5, 6]);

async function listen(script: Script): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(script, { tls: null });
  onTestFinished(() => peer.stop());
  return peer;
}

/** SOCKS4 has no passwords. */
function user(scheme: string): string {
  return scheme.startsWith('socks4') ? 'user' : 'user:secret';
}

/** What connecting through a proxy of this scheme and script rejects with; no reader is left by then. */
async function failure<E extends Error = ProxyError>(
  scheme: string,
  script: Script,
  options?: ConnectOptions,
): Promise<E & { took: number }> {
  const peer = await listen(script);
  const proxy = `${scheme}://${user(scheme)}@127.0.0.1:${peer.port}`;
  const began = now();
  const connected = connect(target, { ...options, proxy }).finally(() => expect(liveReaders()).toBe(0));
  const error = await withDeadline(rejection<E>(connected), DEADLINE, 'the failure');
  expect(error).toBeInstanceOf(HawserError);
  expect(error.message).toContain(`${scheme}://127.0.0.1:${peer.port}`);
  expect(error.message).not.toContain('secret');
  return Object.assign(error, { took: now() - began });
}

describe.each([
  ['http', 'HTTP', Buffer.from(established)],
  ['socks4a', 'SOCKS', socks4],
  ['socks5h', 'SOCKS', socks5],
])('a proxy of %s:', (scheme, kind, answer) => {
  const cuts = (): Buffer[] => Array.from(answer, (_, size) => answer.subarray(0, size));
  const noAnswer =
    kind === 'HTTP' ? 'did not receive a valid HTTP response from proxy' : 'failed to connect to SOCKS proxy';

  test('that closes anywhere in its answer has failed', async () => {
    for (const part of cuts()) {
      const error = await failure(scheme, [sendRaw(part), halfClose()]);
      expect(error).toBeInstanceOf(ProxyError);
      expect(error.message).toContain(noAnswer);
      expect(error.cause).toBeDefined();
    }
  });

  test('that resets the connection anywhere in its answer has failed', async () => {
    for (const part of cuts()) {
      const error = await failure<Error>(scheme, [sendRaw(part), reset()]);
      // It may come while the system has not yet said that it has connected.
      const early = error instanceof TransportError && error.syscall === 'connect';
      expect(early || error instanceof ProxyError).toBe(true);
      expect(isTransient(error)).toBe(true);
    }
  });

  test('that says nothing is given up after openTimeout', async () => {
    const error = await failure<TimeoutError>(scheme, [neverAnswer()], { openTimeout: MEDIUM });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(
      new RegExp(
        `^timed out while connecting to ${kind} proxy ${scheme}://127.0.0.1:[0-9]+; openTimeout is [0-9]+ ms$`,
      ),
    );
    expect(error.took).toBeGreaterThan(MEDIUM - SHORT);
    expect(error.took).toBeLessThan(MEDIUM + MARGIN);
  });

  test('that stops in its answer is given up after openTimeout', async () => {
    for (const part of [answer.subarray(0, 1), answer.subarray(0, 3), answer.subarray(0, -1)]) {
      const error = await failure<TimeoutError>(scheme, [sendRaw(part), neverAnswer()], { openTimeout: MEDIUM });
      expect(error.message).toContain(`timed out while connecting to ${kind} proxy`);
      expect(error.took).toBeLessThan(MEDIUM + MARGIN);
    }
  });

  test('that answers too slowly is given up after openTimeout', async () => {
    const drops: Step[] = [...answer].flatMap((byte) => [sendRaw(Uint8Array.of(byte)), delay(MEDIUM)]);
    const error = await failure<TimeoutError>(scheme, drops, { openTimeout: 3 * MEDIUM });
    expect(error.message).toContain(`timed out while connecting to ${kind} proxy`);
    expect(error.took).toBeLessThan(3 * MEDIUM + MARGIN);
  });

  test('is left at once where the signal aborts', async () => {
    for (const part of [answer.subarray(0, 0), answer.subarray(0, -1)]) {
      const peer = await listen([sendRaw(part), neverAnswer()]);
      const abort = new AbortController();
      const options = { proxy: `${scheme}://${user(scheme)}@127.0.0.1:${peer.port}`, signal: abort.signal };
      const connected = connect(target, options).finally(() => expect(liveReaders()).toBe(0));
      connected.catch(() => {});
      await peer.connection(0);
      const reason = new Error('enough');
      const began = now();
      abort.abort(reason);
      await expect(connected).rejects.toBe(reason);
      expect(now() - began).toBeLessThan(MARGIN);
      expect((await peer.ended()).how).not.toBe('closed');
    }
  });

  test('that opened the tunnel is not to blame for what the server does', async () => {
    const proxy = await TestProxy.listen();
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const options = { proxy: proxy.url(scheme), openTimeout: MEDIUM };
    const closing = await rejection(connect((await listen([halfClose()])).url, options));
    expect(closing).toBeInstanceOf(InvalidMessage);
    expect(closing.message).toMatch(/^did not receive a valid HTTP response; connection closed while reading/);
    const silent = await rejection(connect((await listen([neverAnswer()])).url, options));
    expect(silent.message).toMatch(/^timed out while waiting for handshake response; openTimeout is/);
    expect(liveReaders()).toBe(0);
  });
});

describe('an HTTP proxy', () => {
  test.each<[string, string]>([
    ['junk', '220 smtp.example ESMTP\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['SOCKS', '\x05\xff'],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x46'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['bare LFs', 'HTTP/1.1 200 OK\nX: y\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nX\r\n\r\n'],
    ['a header with a NUL', 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n'],
    ['a long line', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(9000)}\r\n\r\n`],
    ['many headers', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(200)}\r\n`],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(300_000)}`],
    ['an endless line', 'HTTP/1.1 200 OK'.padEnd(2_000_000, '!')],
    ['endless information', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)],
  ])('that answers with %s is a ProxyError whose cause says what', async (_what, answer) => {
    const error = await failure('http', [sendRaw(answer), halfClose()]);
    expect(error).toBeInstanceOf(ProxyError);
    expect(error.message).toMatch(/^did not receive a valid HTTP response from proxy; the proxy is http:/);
    expect(error.cause).toBeInstanceOf(HawserError);
    expect(error.status).toBeUndefined();
  });

  test('that refuses is heard out even where it closes at once', async () => {
    const error = await failure('http', [respond({ status: 403, body: 'no feeds here' }), destroy()]);
    expect(error.message).toMatch(/^proxy rejected connection: HTTP 403; the proxy is http:/);
    expect(error).toMatchObject({ status: 403, text: 'no feeds here' });
  });

  test('that refuses a byte at a time is heard out', async () => {
    const error = await failure('http', [inPieces(1, respond({ status: 407, body: 'who are you' }))]);
    expect(error).toMatchObject({ status: 407, text: 'who are you' });
  });

  test('is not waited for where its refusal has an endless body', async () => {
    const script = [respond({ status: 502, headers: { 'Content-Length': '9' }, body: 'part' }), neverAnswer()];
    const error = await failure('http', script, { openTimeout: MEDIUM });
    expect(error).toMatchObject({ status: 502, text: 'part' });
    expect(error.took).toBeLessThan(MEDIUM + MARGIN);
  });

  test('may send bytes of the tunnel with its answer, and they are the server’s', async () => {
    const proxy = await TestProxy.listen({ success: `${established}220 smtp.example ESMTP\r\n\r\n` });
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const peer = await listen([neverAnswer()]);
    const error = await rejection(connect(peer.url, { proxy: proxy.url('http') }));
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error.message).toContain('unsupported protocol; expected HTTP/1.1: "220 smtp.example ESMTP"');
    expect(liveReaders()).toBe(0);
  });

  test('that resets the connection once it was asked is a ProxyError', async () => {
    const error = await failure('http', [accept({ head: '' }), reset()]);
    expect(error).toBeInstanceOf(ProxyError);
    expect(error.message).toMatch(/^connection to proxy broke: read ECONNRESET; the proxy is http:/);
    expect(error.cause).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a SOCKS proxy', () => {
  const failed = 'failed to connect to SOCKS proxy: ';
  test.each<[string, string, number[], string]>([
    [
      'socks5h',
      'HTTP',
      [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      'version 72, and seems to be an HTTP proxy',
    ],
    [
      'socks4a',
      'HTTP',
      [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      'version 72, and seems to be an HTTP proxy',
    ],
    ['socks5h', 'zeros', [0, 0, 0, 0, 0, 0, 0, 0], 'it answered with version 0; expected 5'],
    ['socks4a', 'the other version', [5, 0, 0, 0, 0, 0, 0, 0], 'it answered with version 5; expected 0'],
    ['socks5h', 'no method', [5, 255], 'it requires authentication'],
    ['socks5h', 'a method not offered', [5, 1], 'it chose authentication method 1; offered were 0 and 2'],
    ['socks5h', 'a refusal of the credentials', [5, 2, 1, 255], 'it rejected the credentials with status 255'],
    ['socks5h', 'a wrong version of authentication', [5, 2, 5, 0], 'it answered with version 5 of the authentication'],
    ['socks5h', 'a wrong version of the reply', [5, 0, 4, 0], 'it answered with version 4; expected 5'],
    ['socks5h', 'an unknown address', [5, 0, 5, 0, 0, 9, 0, 0], 'its reply has an address of type 9'],
  ])('of %s: that answers with %s is a ProxyError that says so', async (scheme, _what, answer, words) => {
    for (const ending of [halfClose(), neverAnswer()]) {
      const error = await failure(scheme, [sendRaw(Uint8Array.from(answer)), ending]);
      expect(error).toBeInstanceOf(ProxyError);
      expect(error.message.startsWith(failed)).toBe(true);
      expect(error.message).toContain(words);
      expect(error.replyCode).toBeUndefined();
    }
  });

  test('that refuses need not finish its reply', async () => {
    const error = await failure('socks5h', [sendRaw(Uint8Array.of(5, 0, 5, 2)), neverAnswer()]);
    expect(error).toMatchObject({ replyCode: 2 });
    expect(error.message).toMatch(/^SOCKS proxy failed to connect: connection not allowed by ruleset \(reply 2\); the/);
  });
});
