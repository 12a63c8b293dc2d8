/** What becomes of a message that is being sent in fragments when the connection ends. */

import { describe, expect, it, vi } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { begun, completeButWaiting, type Sending, Source, sent, unhandledRejections } from './fakes/sending.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

describe('close()', () => {
  const cut = 'fail 1011 close during fragmented message';

  it('before the first item is a normal one', async () => {
    const { connection, reader, sending } = await begun();
    connection.close(4000, 'done');
    expect(sent(reader)).toEqual(['close 4000 done']);
    reader.finish();
    await expect(sending).rejects.toThrow(ConnectionClosedOK);
  });

  it('between items fails the connection, and the message is told why when it has ended', async () => {
    const { connection, reader, sending } = await begun('a');
    connection.ping('before').catch(() => {});
    const closed = connection.close();
    expect(sent(reader)).toEqual(['text+ a', 'ping before', cut]);
    expect(connection.state).toBe('CLOSING');
    reader.finish({ received: undefined, sent: { code: 1011, reason: 'close during fragmented message' } });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
    await expect(sending).rejects.toThrow(
      'sent 1011 (internal error) close during fragmented message; no close frame received',
    );
    expect(await closed).toMatchObject({ code: 1006 });
  });

  it.each([
    ['the end of the stream', 'end-of-stream', undefined],
    ['a stream that does not end', 'close-timeout', undefined],
    ['a reset', 'transport', 'ECONNRESET'],
    ['terminate()', 'terminated', 'HAWSER_TERMINATED'],
  ] as const)('has no other cause than itself, unless there is one: %s', async (_what, cause, code) => {
    const { connection, reader } = await begun('a');
    const closed = connection.close();
    const sentFrame = { code: 1011, reason: 'close during fragmented message' };
    reader.finish({ received: undefined, sent: sentFrame, cause, transportError: code === 'ECONNRESET' ? -104 : 0 });
    expect(((await closed).cause as { code?: string } | undefined)?.code).toBe(code);
  });

  it('that could not be told to the peer has the cause of that', async () => {
    const { connection, reader } = await begun('a');
    const closed = connection.close();
    reader.finish({ received: undefined, sent: undefined, cause: 'end-of-stream' });
    expect((await closed).cause).toMatchObject({ code: 'HAWSER_END_OF_STREAM' });
  });

  it('twice fails it once', async () => {
    const { connection, reader } = await begun('a');
    connection.close();
    connection.close();
    expect(sent(reader)).toEqual(['text+ a', cut]);
  });

  it('behind a synchronous iterable, which is complete, is a normal one', async () => {
    const { connection, reader } = fakeConnection();
    const sending = connection.send(['a', 'b']);
    connection.close();
    expect(sent(reader)).toEqual(['text+ a', 'text+ b', 'text ', 'close 1000 ']);
    await sending;
  });

  it('is a normal one also where the promise of a complete message waits for the peer', async () => {
    const { connection, reader, sending } = completeButWaiting();
    connection.close();
    expect(sent(reader).at(-1)).toBe('close 1000 ');
    reader.finish();
    await expect(sending).rejects.toThrow(ConnectionClosedOK);
  });

  it('called by the generator fails the connection, and no further item is taken', async () => {
    const { connection, reader } = fakeConnection();
    let pulled = 0;
    const sending = connection.send(
      (function* () {
        yield 'a';
        connection.close();
        for (;;) yield `${++pulled}`;
      })(),
    );
    await turn();
    expect(sent(reader)).toEqual(['text+ a', cut]);
    reader.finish({ received: undefined });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
    expect(pulled).toBe(1);
  });

  it('called by the generator at its end sends no end of the message', async () => {
    const { connection, reader } = fakeConnection();
    const sending = connection.send(
      (function* () {
        yield 'a';
        connection.close();
      })(),
    );
    await turn();
    expect(sent(reader)).toEqual(['text+ a', cut]);
    reader.finish({ received: undefined });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
  });

  it.each([false, true])('while an item waits for the peer takes no further one (asynchronous: %s)', async (later) => {
    const { connection, reader } = fakeConnection();
    let pulled = 0;
    const items = function* (): Generator<string> {
      for (; ; pulled++) yield 'x'.repeat(1200);
    };
    const itemsLater = async function* (): AsyncGenerator<string> {
      yield* items();
    };
    reader.unwritten = 1200;
    const sending = connection.send(later ? itemsLater() : items());
    await turn();
    connection.close();
    reader.notify({ kind: 'drained' });
    await turn();
    expect([pulled, reader.commands.length]).toEqual([0, 2]);
    reader.finish({ received: undefined });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
  });
});

it('close() called by the next() of an async iterator leaves that, once', async () => {
  const { connection, reader } = fakeConnection();
  const left = vi.fn(async () => ({ done: true, value: undefined }));
  const next = (): Promise<never> => {
    connection.close();
    return new Promise(() => {});
  };
  const sending = connection.send({ [Symbol.asyncIterator]: () => ({ next, return: left }) } as never);
  expect(sent(reader)).toEqual(['close 1000 ']);
  reader.finish();
  await expect(sending).rejects.toThrow(ConnectionClosedOK);
  expect(left).toHaveBeenCalledOnce();
});

describe('an end', () => {
  const ends: [string, (sending: Sending) => void][] = [
    ['close()', ({ connection }) => void connection.close()],
    ['terminate()', ({ connection }) => void connection.terminate()],
    ['the peer’s Close', ({ reader }) => reader.notify({ kind: 'closing' })],
    ['a broken connection', ({ reader }) => reader.finish({ received: undefined, cause: 'end-of-stream' })],
  ];

  describe.each(ends)('by %s', (_what, end) => {
    it.each([[[]], [['a']]])('rejects a message whose iterable hangs, and leaves it: %o', async (items) => {
      const unhandled = unhandledRejections();
      const one = await begun(...items);
      end(one);
      one.reader.finish({ received: undefined, cause: 'end-of-stream' });
      await expect(one.sending).rejects.toThrow(ConnectionClosedError);
      expect(one.source.returns).toBe(1);
      await one.source.fail(new Error('too late for anybody'));
      expect(unhandled).toEqual([]);
    });

    it('sends no item that comes after it, and takes no other', async () => {
      const one = await begun('a');
      end(one);
      const { pulls } = one.source;
      const before = sent(one.reader);
      await one.source.give('b');
      one.reader.finish({ received: undefined, cause: 'end-of-stream' });
      await expect(one.sending).rejects.toThrow(ConnectionClosedError);
      await turn();
      expect(sent(one.reader)).toEqual(before);
      expect([one.source.pulls, one.source.returns]).toEqual([pulls, 1]);
    });

    it('is no unhandled rejection where nobody awaits the message', async () => {
      const unhandled = unhandledRejections();
      const one = await begun('a');
      const { connection, reader } = fakeConnection();
      connection.send(
        (async function* () {
          yield 'a';
          await new Promise(() => {});
        })(),
      );
      await turn();
      end({ ...one, connection, reader });
      reader.finish({ received: undefined, cause: 'end-of-stream' });
      await turn();
      expect(unhandled).toEqual([]);
    });

    it('lets a generator that waits clean up when it goes on', async () => {
      let cleaned = false;
      let goOn!: () => void;
      const { connection, reader } = fakeConnection();
      const sending = connection.send(
        (async function* () {
          try {
            yield 'a';
            await new Promise<void>((resolve) => {
              goOn = resolve;
            });
            yield 'b';
          } finally {
            cleaned = true;
          }
        })(),
      );
      await turn();
      end({ connection, reader, source: new Source(), sending });
      reader.finish({ received: undefined, cause: 'end-of-stream' });
      await expect(sending).rejects.toThrow(ConnectionClosedError);
      goOn();
      await turn();
      expect(cleaned).toBe(true);
    });
  });

  it.each(ends.slice(1, 3))('by %s in the middle is no failure of ours', async (_what, end) => {
    const one = await begun('a');
    end(one);
    one.reader.finish({ received: { code: 1001, reason: '' } });
    await expect(one.sending).rejects.toThrow(ConnectionClosedOK);
    expect(sent(one.reader).filter((command) => command.startsWith('fail'))).toEqual([]);
  });

  it('leaves an iterable that hangs at once, before the connection has ended', async () => {
    const { connection, reader, source, sending } = await begun('a');
    connection.close();
    expect(source.returns).toBe(1);
    expect(connection.state).toBe('CLOSING');
    reader.finish({ received: undefined });
    await expect(sending).rejects.toThrow(ConnectionClosedError);
    expect(source.returns).toBe(1);
  });

  it('refuses a message in fragments that comes after it, and does not ask for an item', async () => {
    const { connection, reader } = fakeConnection();
    reader.notify({ kind: 'closing' });
    const source = new Source();
    const late = connection.send(source);
    reader.finish();
    await expect(late).rejects.toThrow(ConnectionClosedOK);
    expect(source.pulls).toBe(0);
  });
});
