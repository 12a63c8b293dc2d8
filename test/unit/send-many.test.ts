/** `sendMany()`: messages one by one, in one post where none has to wait. */

import { Buffer } from 'node:buffer';
import { describe, expect, it, vi } from 'vitest';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import type { Sendable } from '../../lib/outgoing.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { sent, unhandledRejections } from './fakes/sending.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

describe('sendMany', () => {
  it('sends what an iterable has as messages, in order, with one post', async () => {
    const { connection, reader } = fakeConnection();
    connection.send('before');
    const sending = connection.sendMany(['text', Buffer.from('binary'), '', new Uint8Array([0x61]).buffer]);
    connection.send('behind');
    expect(reader.posts).toBe(0);
    await sending;
    await turn();
    expect(reader.posts).toBe(1);
    expect(sent(reader)).toEqual(['text before', 'text text', 'binary binary', 'text ', 'binary a', 'text behind']);
  });

  it.each<[string, () => Iterable<Sendable>]>([
    ['a Set', () => new Set(['a', 'b'])],
    [
      'a generator',
      function* () {
        yield* ['a', 'b'];
      },
    ],
    ['an object with an iterator', () => ({ [Symbol.iterator]: () => ['a', 'b'].values() })],
  ])('takes %s', async (_what, messages) => {
    const { connection, reader } = fakeConnection();
    await connection.sendMany(messages());
    await turn();
    expect(sent(reader)).toEqual(['text a', 'text b']);
  });

  it('sends nothing of an iterable without messages', async () => {
    const { connection, reader } = fakeConnection();
    await connection.sendMany([]);
    await turn();
    expect(reader.commands).toEqual([]);
  });

  it('sends each message as it is told', async () => {
    const { connection, reader } = fakeConnection(5);
    const large = new Uint8Array(20_000).fill(0x61);
    const options = { text: true, transfer: true, compress: false };
    await connection.sendMany([Buffer.from('bytes'), 'string'], options);
    connection.sendMany([large], options).catch(() => {});
    connection.sendMany(['longer', 'tiny']).catch(() => {});
    await turn();
    expect(reader.commands.map(({ type, way, compress }) => [type, way, compress])).toEqual([
      ['text', 'stage', undefined],
      ['text', 'stage', undefined],
      ['text', 'owned', undefined],
      ['text', 'stage', true],
      ['text', 'stage', undefined],
    ]);
    expect(large).toHaveLength(0);
  });

  it.each<[unknown, string]>([
    ['text', 'cannot send many of a string; expected an iterable of messages'],
    [Object('text'), 'cannot send many of an instance of String;'],
    [Buffer.from('bytes'), 'cannot send many of an instance of Buffer;'],
    [new Uint8Array(2), 'cannot send many of an instance of Uint8Array;'],
    [new ArrayBuffer(2), 'cannot send many of an instance of ArrayBuffer;'],
    [{ a: 'b' }, 'cannot send many of a plain object;'],
    [null, 'cannot send many of null;'],
    [undefined, 'cannot send many of undefined;'],
    [7, 'cannot send many of a number;'],
    [(async function* () {})(), 'cannot send many of a'],
  ])('refuses %o', async (messages, text) => {
    const { connection, reader } = fakeConnection();
    const refused = connection.sendMany(messages as never);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(text);
    await turn();
    expect(reader.commands).toEqual([]);
  });

  it('refuses wrong options before anything is sent', async () => {
    const { connection, reader } = fakeConnection();
    await expect(connection.sendMany(['a'], { test: true } as never)).rejects.toThrow('unknown option test');
    await turn();
    expect(reader.commands).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['a message that can’t be sent', ['a', 'b', 7, 'c'], 'cannot send a number'],
    ['fragments', ['a', 'b', ['c']], 'cannot send an array'],
  ])('has sent the messages before %s, and the connection goes on', async (_what, messages, text) => {
    const { connection, reader } = fakeConnection();
    await expect(connection.sendMany(messages as never)).rejects.toThrow(text);
    await connection.sendMany(['next']);
    await turn();
    expect(sent(reader)).toEqual(['text a', 'text b', 'text next']);
    expect(connection.state).toBe('OPEN');
  });

  it('rejects with what the iterable throws, and is free again', async () => {
    const { connection, reader } = fakeConnection();
    const problem = new Error('problem');
    const messages = function* (): Generator<string> {
      yield 'a';
      throw problem;
    };
    await expect(connection.sendMany(messages())).rejects.toBe(problem);
    await connection.send(['frag', 'ments']);
    await turn();
    expect(sent(reader)).toEqual(['text a', 'text+ frag', 'text+ ments', 'text ']);
  });

  it('leaves a generator whose message can’t be sent', async () => {
    const { connection } = fakeConnection();
    let cleaned = false;
    const messages = function* (): Generator<unknown> {
      try {
        yield 7;
      } finally {
        cleaned = true;
      }
    };
    await expect(connection.sendMany(messages() as never)).rejects.toThrow(TypeError);
    expect(cleaned).toBe(true);
  });

  it('is an unhandled rejection where nobody handles a wrong message, and none where the connection ended', async () => {
    const unhandled = unhandledRejections();
    const { connection, reader } = fakeConnection();
    connection.sendMany([7 as never]);
    await turn();
    expect(unhandled).toEqual([expect.any(TypeError)]);
    reader.unwritten = 1200;
    connection.sendMany(['x'.repeat(1200)]);
    reader.finish();
    connection.sendMany(['late']);
    await turn();
    expect(unhandled).toHaveLength(1);
  });
});

describe('sendMany at the write limit', () => {
  const message = 'x'.repeat(600);

  it('goes on when the peer has read enough', async () => {
    const { connection, reader } = fakeConnection();
    let pulled = 0;
    const messages = function* (): Generator<string> {
      for (; pulled < 6; pulled++) yield message;
    };
    reader.unwritten = 1200;
    const sending = connection.sendMany(messages());
    await turn();
    expect([pulled, reader.commands.length, reader.drainAsked]).toEqual([1, 2, true]);
    reader.unwritten = 0;
    reader.notify({ kind: 'drained' });
    await sending;
    await turn();
    expect(reader.commands).toHaveLength(6);
  });

  it('lets other messages go between, but none in fragments, which would cut it short', async () => {
    const { connection, reader } = fakeConnection();
    reader.unwritten = 1200;
    const sending = connection.sendMany([message, message, 'last']);
    await turn();
    connection.send('between').catch(() => {});
    const refused = connection.send(['fragments']);
    await expect(refused).rejects.toThrow(ConcurrencyError);
    await expect(refused).rejects.toThrow('cannot call send with fragments while sendMany waits');
    reader.unwritten = 0;
    reader.notify({ kind: 'drained' });
    await sending;
    await connection.send(['fragments']);
    await turn();
    expect(sent(reader).slice(2)).toEqual(['text between', 'text last', 'text+ fragments', 'text ']);
  });

  it.each<[string, (c: ReturnType<typeof fakeConnection>) => void]>([
    ['close()', ({ connection }) => void connection.close()],
    ['the peer’s Close', ({ reader }) => reader.notify({ kind: 'closing' })],
    ['a broken connection', () => {}],
  ])('rejects when %s ends the connection, and leaves the generator', async (_what, end) => {
    const { connection, reader } = fakeConnection();
    let cleaned = false;
    const messages = function* (): Generator<string> {
      try {
        for (;;) yield message;
      } finally {
        cleaned = true;
      }
    };
    reader.unwritten = 1200;
    const sending = connection.sendMany(messages());
    await turn();
    end({ connection, reader });
    reader.finish({ received: undefined, cause: 'end-of-stream' });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
    expect(cleaned).toBe(true);
    expect(reader.commands.filter(({ type }) => type === 'text')).toHaveLength(2);
  });
});

describe('sendMany while the connection is closing', () => {
  it('sends nothing, whatever it is given, and says why once that is known', async () => {
    const { connection, reader } = fakeConnection();
    reader.notify({ kind: 'closing' });
    const refused = [connection.sendMany(['late']), connection.sendMany([]), connection.sendMany(null as never)];
    const settled = Promise.allSettled(refused);
    reader.finish();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(ConnectionClosedOK) });
    }
    expect(reader.commands).toEqual([]);
  });

  it('that its generator has called for sends no more', async () => {
    const { connection, reader } = fakeConnection();
    const sending = connection.sendMany(
      (function* () {
        yield 'a';
        connection.close();
        yield 'b';
      })(),
    );
    expect(sent(reader)).toEqual(['text a', 'close 1000 ']);
    reader.finish();
    await expect(sending).rejects.toThrow(ConnectionClosedOK);
    expect(reader.commands).toHaveLength(2);
  });
});
