/** What a message that is being sent in fragments keeps from happening, and iterables that fail. */

import { Buffer } from 'node:buffer';
import { describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConcurrencyError, ConnectionClosedError } from '../../lib/errors.js';
import type { SendableFragments } from '../../lib/outgoing.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { begun, completeButWaiting, sent, unhandledRejections } from './fakes/sending.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

const failed = 'fail 1011 error in fragmented message';

describe('an item that can’t be sent', () => {
  it.each<[string, unknown, string]>([
    ['a number', 7, 'cannot send a number; expected a string, a Buffer, an ArrayBuffer or a view of one'],
    ['null', null, 'cannot send null;'],
    ['an array', ['a'], 'cannot send an array;'],
    ['a promise', Promise.resolve('a'), 'cannot send an instance of Promise;'],
    ['a String object', Object('a'), 'cannot send an instance of String;'],
  ])('is told of, and nothing was sent where it was the first: %s', async (_what, item, message) => {
    const { connection, reader } = fakeConnection();
    const refused = connection.send([item, 'b'] as never);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(message);
    await connection.send('still usable');
    await turn();
    expect(sent(reader)).toEqual(['text still usable']);
    expect(connection.state).toBe('OPEN');
  });

  it.each<[string, unknown[], string]>([
    ['a number', ['a', 7], 'cannot send a number; expected'],
    ['bytes among strings', ['a', Buffer.from('b')], 'cannot send an instance of Buffer in a message that began with'],
    ['a string among bytes', [Buffer.from('a'), 'b'], 'cannot send a string in a message that began with bytes'],
  ])('fails the connection where something of the message was sent: %s', async (_what, items, message) => {
    const { connection, reader } = fakeConnection();
    const refused = connection.send(items as never);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(message);
    expect(sent(reader)).toEqual([expect.stringMatching(/^(text|binary)\+ a$/), failed]);
  });

  it('leaves the generator, so that it can clean up', async () => {
    for (const asynchronous of [false, true]) {
      let cleaned = false;
      const items = function* (): Generator<unknown> {
        try {
          yield 'a';
          yield 7;
          yield 'b';
        } finally {
          cleaned = true;
        }
      };
      const asyncItems = async function* (): AsyncGenerator<unknown> {
        yield* items();
      };
      const { connection } = fakeConnection();
      await expect(connection.send((asynchronous ? asyncItems() : items()) as never)).rejects.toThrow('a number');
      await turn();
      expect(cleaned).toBe(true);
    }
  });

  it('is told of although the iterator throws when it is left', async () => {
    const items = {
      next: () => ({ done: false, value: 7 }),
      return: () => {
        throw new Error('can’t be left');
      },
    };
    for (const iterable of [{ [Symbol.iterator]: () => items }, { [Symbol.asyncIterator]: () => items }]) {
      await expect(fakeConnection().connection.send(iterable as never)).rejects.toThrow('cannot send a number');
    }
  });
});

describe('an iterable that throws', () => {
  const problem = new Error('problem');
  function* throwing(...items: string[]): Generator<string> {
    yield* items;
    throw problem;
  }
  async function* throwingLater(...items: string[]): AsyncGenerator<string> {
    yield* throwing(...items);
  }
  const cases: [string, SendableFragments, string[]][] = [
    ['before its first item', throwing(), []],
    ['before its first item, asynchronously', throwingLater(), []],
    ['behind an item', throwing('a'), ['text+ a', failed]],
    ['behind an item, asynchronously', throwingLater('a'), ['text+ a', failed]],
    ['when it is asked for its iterator', { [Symbol.iterator]: () => throwing().next() as never }, []],
    ['when it is asked for its async iterator', { [Symbol.asyncIterator]: () => throwing().next() as never }, []],
  ];

  it.each(cases)('%s rejects with that, and fails the connection where something is out', async (_when, items, out) => {
    const { connection, reader } = fakeConnection();
    await expect(connection.send(items)).rejects.toBe(problem);
    expect(sent(reader)).toEqual(out);
    expect(connection.state).toBe(out.length === 0 ? 'OPEN' : 'CLOSING');
  });

  it('has no later send accepted, which nobody would get', async () => {
    const { connection, reader } = fakeConnection();
    await expect(connection.send(throwing('a'))).rejects.toBe(problem);
    const late = connection.send('late');
    connection.close();
    reader.finish({ sent: { code: 1011, reason: '' } });
    await expect(late).rejects.toThrow(ConnectionClosedError);
    expect(sent(reader)).toEqual(['text+ a', failed]);
  });

  it('is not left: it has ended itself', async () => {
    const { source, sending } = await begun('a');
    const rejected = expect(sending).rejects.toBe(problem);
    await source.fail(problem);
    await rejected;
    expect(source.returns).toBe(0);
  });

  it('is not left either where its next() does not get to a promise', async () => {
    const items = ['a'].values();
    const left = vi.fn();
    const next = (): unknown => {
      const result = items.next();
      if (result.done) throw problem;
      return result;
    };
    const { connection, reader } = fakeConnection();
    const iterable = { [Symbol.asyncIterator]: () => ({ next, return: left }) };
    await expect(connection.send(iterable as never)).rejects.toBe(problem);
    expect(sent(reader)).toEqual(['text+ a', failed]);
    expect(left).not.toHaveBeenCalled();
  });

  it.each([throwing(), throwing('a'), [7 as never]])(
    'is an unhandled rejection where nobody handles it',
    async (items) => {
      const unhandled = unhandledRejections();
      const { connection } = fakeConnection();
      connection.send(items);
      await turn();
      expect(unhandled).toHaveLength(1);
    },
  );
});

describe('while a message is being sent in fragments', () => {
  const others: [string, (connection: Connection) => Promise<void>][] = [
    ['send of a string', (c) => c.send('other')],
    ['send of bytes', (c) => c.send(Buffer.from('other'))],
    ['send with options', (c) => c.send('other', { text: false })],
    ['send of strings', (c) => c.send(['other'])],
    ['send of bytes in fragments', (c) => c.send([Buffer.from('other')])],
    ['send of an empty iterable', (c) => c.send([])],
    ['sendMany', (c) => c.sendMany(['other'])],
    ['sendMany of nothing', (c) => c.sendMany([])],
  ];

  it.each(others)('%s is refused, and the message completes', async (name, call) => {
    for (const items of [[], ['a']]) {
      const { connection, reader, source, sending } = await begun(...items);
      const refused = call(connection);
      await expect(refused).rejects.toThrow(ConcurrencyError);
      const callee = name.split(' ')[0];
      await expect(refused).rejects.toThrow(`cannot call ${callee} while a message is being sent in fragments`);
      await source.give('b');
      await source.finish();
      await sending;
      await connection.send('next');
      await turn();
      expect(sent(reader)).toEqual([...items.map((item) => `text+ ${item}`), 'text+ b', 'text ', 'text next']);
    }
  });

  it('pings and pongs go out between', async () => {
    const { connection, reader, source } = await begun('a');
    connection.ping('ping').catch(() => {});
    connection.pong('pong');
    await source.give('b');
    expect(sent(reader)).toEqual(['text+ a', 'ping ping', 'pong pong', 'text+ b']);
  });

  it('what its generator sends is refused', async () => {
    const { connection, reader } = fakeConnection();
    const refused: Promise<unknown>[] = [];
    await connection.send(
      (function* () {
        refused.push(expect(connection.send('inner')).rejects.toThrow(ConcurrencyError));
        yield 'a';
        refused.push(expect(connection.send(['inner'])).rejects.toThrow(ConcurrencyError));
        refused.push(expect(connection.sendMany(['inner'])).rejects.toThrow(ConcurrencyError));
      })(),
    );
    await Promise.all(refused);
    await turn();
    expect(sent(reader)).toEqual(['text+ a', 'text ']);
  });

  it('messages are received', async () => {
    const { connection, reader } = await begun('a');
    reader.deliver('received');
    expect(await connection.recv()).toBe('received');
  });
});

describe('the write limit', () => {
  const item = 'x'.repeat(600);

  it('has the next item wait until the peer has read enough', async () => {
    for (const asynchronous of [false, true]) {
      const { connection, reader } = fakeConnection();
      let pulled = 0;
      const items = (function* () {
        for (; pulled < 4; pulled++) yield item;
      })();
      const later = async function* (): AsyncGenerator<string> {
        yield* items;
      };
      reader.unwritten = 1200;
      const sending = connection.send(asynchronous ? later() : items);
      await turn();
      expect([pulled, reader.drainAsked]).toEqual([1, true]);
      reader.unwritten = 0;
      reader.notify({ kind: 'drained' });
      await sending;
      await turn();
      expect(sent(reader)).toEqual([...Array.from({ length: 4 }, () => `text+ ${item}`), 'text ']);
    }
  });

  it('has the promise wait at the end, when the message is complete', async () => {
    const { connection, reader, sending } = completeButWaiting();
    expect(await Promise.race([sending.then(() => 'sent'), turn().then(() => 'waits')])).toBe('waits');
    expect(reader.commands.map(({ more }) => more)).toEqual([true, true, undefined]);
    await expect(connection.send('other')).rejects.toThrow(ConcurrencyError);
    reader.notify({ kind: 'drained' });
    await sending;
  });

  it('rejects who waits when the connection ends, and leaves the generator', async () => {
    const { connection, reader } = fakeConnection();
    let cleaned = false;
    reader.unwritten = 1200;
    const sending = connection.send(
      (function* () {
        try {
          for (;;) yield item;
        } finally {
          cleaned = true;
        }
      })(),
    );
    await turn();
    reader.finish({ received: undefined, cause: 'end-of-stream' });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
    expect(cleaned).toBe(true);
    expect(sent(reader)).not.toContain(failed);
  });
});
