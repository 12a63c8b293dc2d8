import { Buffer } from 'node:buffer';
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../lib/connect.js';
import { describeFrame, observation } from '../../lib/diagnostics.js';
import { ConnectionClosedError } from '../../lib/errors.js';
import type { FrameNotice } from '../../lib/native.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { constants } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

const [continuation, text, binary, close, ping, pong] = [0, 1, 2, 8, 9, 10];

/** A received frame; `length` is that of the payload unless told otherwise. */
function frame(opcode: number, payload: string | Buffer = '', rest: Partial<FrameNotice> = {}): FrameNotice {
  const bytes = Buffer.from(payload as string);
  const parts = { sent: false, opcode, fin: true, compressed: false, length: bytes.length, cut: false };
  return { kind: 'frame', ...parts, payload: bytes, keepalive: false, ...rest };
}

const closing = (code: number, reason = ''): Buffer => Buffer.from([code >> 8, code & 255, ...Buffer.from(reason)]);

/** What is published on the channels until the test has ended, by their names without `hawser:`. */
function published(...names: string[]): [name: string, message: Record<string, unknown>][] {
  const seen: [string, Record<string, unknown>][] = [];
  for (const name of names) {
    const listener: ChannelListener = (message) => seen.push([name, message as Record<string, unknown>]);
    subscribe(`hawser:${name}`, listener);
    onTestFinished(() => {
      unsubscribe(`hawser:${name}`, listener);
    });
  }
  return seen;
}

describe('a frame in words', () => {
  it.each([
    ['a text', frame(text, 'hello'), 'TEXT "hello" [5 bytes]'],
    ['an empty text', frame(text), 'TEXT [0 bytes]'],
    ['other text than ASCII', frame(text, 'größe €😀'), 'TEXT "größe €😀" [15 bytes]'],
    ['quotes', frame(text, '{"a":1}'), 'TEXT "{\\"a\\":1}" [7 bytes]'],
    ['binary that is UTF-8', frame(binary, 'abc'), 'BINARY "abc" [3 bytes]'],
    ['binary that is not', frame(binary, Buffer.from([0, 255, 16])), 'BINARY 00ff10 [3 bytes]'],
    ['a fragment', frame(text, 'Hel', { fin: false }), 'TEXT "Hel" [3 bytes, continued]'],
    ['a continuation', frame(continuation, 'lo'), 'CONT "lo" [2 bytes]'],
    ['a Close', frame(close, closing(1001, 'bye')), 'CLOSE 1001 (going away) bye [5 bytes]'],
    ['a Close without a reason', frame(close, closing(1000)), 'CLOSE 1000 (OK) [2 bytes]'],
    ['a Close with a code of its own', frame(close, closing(4321, 'ü')), 'CLOSE 4321 (private use) ü [4 bytes]'],
    ['a Close with a code that is none', frame(close, closing(999)), 'CLOSE 999 (unknown) [2 bytes]'],
    ['an empty Close', frame(close), 'CLOSE [0 bytes]'],
    ['a Close that is too short', frame(close, 'x'), 'CLOSE [1 byte]'],
    ['a ping', frame(ping, 'abcd'), 'PING "abcd" [4 bytes]'],
    ['an empty ping', frame(ping), 'PING [0 bytes]'],
    ['a pong with any bytes', frame(pong, Buffer.from('c3', 'hex')), 'PONG c3 [1 byte]'],
    ['an opcode that has no name', frame(11, 'x'), 'OPCODE 11 "x" [1 byte]'],
  ])('shows %s', (_what, seen, line) => {
    expect(describeFrame(seen)).toBe(line);
  });

  it('shows what came compressed as bytes, and what was sent compressed as it was', () => {
    const received = frame(text, 'abc', { compressed: true });
    expect(describeFrame(received)).toBe('TEXT 616263 [3 bytes, compressed]');
    const sent = frame(text, 'größe', { compressed: true, sent: true, length: 4, fin: false });
    expect(describeFrame(sent)).toBe('TEXT "größe" [4 bytes, compressed, continued]');
  });

  it('says where there is more of the payload', () => {
    expect(describeFrame(frame(text, 'begin', { cut: true, length: 1000 }))).toBe('TEXT "begin"… [1000 bytes]');
    expect(describeFrame(frame(text, '', { cut: true, length: 1000 }))).toBe('TEXT [1000 bytes]');
    expect(describeFrame(frame(binary, Buffer.from([255]), { cut: true, length: 2 }))).toBe('BINARY ff… [2 bytes]');
  });

  it.each([
    ['é', 1],
    ['€', 1],
    ['€', 2],
    ['😀', 1],
    ['😀', 2],
    ['😀', 3],
  ])('leaves out of a text what is cut of a code point: %s after %d bytes', (point, bytes) => {
    const payload = Buffer.concat([Buffer.from('ab'), Buffer.from(point).subarray(0, bytes)]);
    expect(describeFrame(frame(text, payload, { cut: true, length: 10 }))).toBe('TEXT "ab"… [10 bytes]');
  });

  it.each(['é', '€', '😀', 'x'])('keeps a last code point that is whole: %s', (point) => {
    const seen = frame(text, `ab${point}`, { cut: true, length: 10 });
    expect(describeFrame(seen)).toBe(`TEXT "ab${point}"… [10 bytes]`);
  });

  it('takes nothing off a payload that is there whole, however short it is on the wire', () => {
    const sent = frame(text, 'é'.repeat(10), { sent: true, compressed: true, length: 5 });
    expect(describeFrame(sent)).toBe(`TEXT "${'é'.repeat(10)}" [5 bytes, compressed]`);
    const longer = frame(text, 'é', { sent: true, compressed: true, length: 9 });
    expect(describeFrame(longer)).toBe('TEXT "é" [9 bytes, compressed]');
  });

  it('shortens a long payload, and cuts no character in half', () => {
    expect(describeFrame(frame(text, 'x'.repeat(100)))).toBe(`TEXT "${'x'.repeat(74)}… [100 bytes]`);
    expect(describeFrame(frame(binary, Buffer.alloc(100, 255)))).toBe(`BINARY ${'ff'.repeat(37)}f… [100 bytes]`);
    expect(describeFrame(frame(text, `x${'😀'.repeat(40)}`))).toBe(`TEXT "x${'😀'.repeat(36)}… [161 bytes]`);
  });

  it.each([
    ['a line feed', '\n', '\\n', '\\u000a'],
    ['an escape', '\x1b[2J', '\\u001b[2J', '\\u001b[2J'],
    ['a control sequence introducer of one character', '\x9b2J', '\\u009b2J', '\\u009b2J'],
    ['DEL', '\x7f', '\\u007f', '\\u007f'],
    ['a line separator', '\u2028', '\\u2028', '\\u2028'],
    ['an override of the direction', '\u202e', '\\u202e', '\\u202e'],
    ['a tag', '\u{e0041}', '\\u{e0041}', '\\u{e0041}'],
  ])('stays one readable line whatever the peer sends: %s', (_what, sent, inPayload, inReason) => {
    expect(describeFrame(frame(text, sent))).toMatch(`TEXT "${inPayload}" [`);
    expect(describeFrame(frame(close, closing(1000, sent)))).toMatch(`CLOSE 1000 (OK) ${inReason} [`);
  });
});

describe('who looks on', () => {
  it('gets no frame from the reader where nobody does', () => {
    published('connecting', 'open', 'close', 'error');
    expect(observation()).toBe(constants.observeNothing);
  });

  it.each(['ping', 'pong'])('gets pings and pongs where somebody subscribes to %s', (name) => {
    published(name);
    expect(observation()).toBe(constants.observePings);
  });

  it('is told of pings and pongs of both sides', () => {
    const seen = published('ping', 'pong');
    const { connection, reader } = fakeConnection();
    reader.notify(
      frame(ping, 'a'),
      frame(pong, 'b', { sent: true }),
      frame(text, 'c'),
      frame(ping, 'd', { sent: true }),
    );
    expect(seen).toEqual([
      ['ping', { connection, direction: 'received', payload: Buffer.from('a') }],
      ['pong', { connection, direction: 'sent', payload: Buffer.from('b') }],
      ['ping', { connection, direction: 'sent', payload: Buffer.from('d') }],
    ]);
  });

  it('is told of an orderly end once, when the connection has ended, and of no error', async () => {
    const seen = published('close', 'error');
    const { connection, reader } = fakeConnection();
    const outcome = connection.close();
    expect(seen).toEqual([]);
    reader.finish();
    expect(connection.state).toBe('CLOSED');
    expect(seen).toEqual([['close', { connection, outcome: await outcome }]]);
    expect(seen[0]?.[1]['outcome']).toBe(await outcome);
  });

  it('is told of an end in disorder, and then of its error', () => {
    const seen = published('close', 'error');
    const { connection, reader } = fakeConnection();
    reader.finish({ received: undefined, cause: 'transport', transportError: -104 });
    expect(seen.map(([name]) => name)).toEqual(['close', 'error']);
    expect(seen[1]?.[1]).toMatchObject({ url: 'ws://localhost/', connection });
    expect(seen[1]?.[1]['error']).toBeInstanceOf(ConnectionClosedError);
    expect(seen[1]?.[1]['error']).toMatchObject({ outcome: seen[0]?.[1]['outcome'], cause: { code: 'ECONNRESET' } });
  });

  it('hears nothing of arguments that are wrong', async () => {
    const seen = published('connecting', 'error');
    await expect(connect('http://localhost/')).rejects.toThrow('url has scheme');
    await expect(connect('ws://localhost/', { openTimeout: -1 })).rejects.toThrow('openTimeout is -1');
    expect(seen).toEqual([]);
  });

  it.each([Object.create(null), Symbol('reason'), undefined, 'words'])(
    'gets whatever connecting was aborted with, and so does the caller: %o',
    async (reason) => {
      const seen = published('connecting', 'error');
      const abort = new AbortController();
      const opening = connect('ws://user:secret@h.example/', { signal: abort.signal, lookup: () => {} });
      abort.abort(reason);
      const error = await opening.then(
        () => expect.unreachable(),
        (thrown) => thrown,
      );
      await turn();
      expect(error).toBe(abort.signal.reason);
      expect(seen).toEqual([
        ['connecting', { url: 'ws://h.example/' }],
        ['error', { url: 'ws://h.example/', error }],
      ]);
    },
  );
});
