import { Buffer } from 'node:buffer';
import { describe, expect, it, vi } from 'vitest';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK, TimeoutError } from '../../lib/errors.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { desk } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

const binary = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('decoding a batch', () => {
  it('gives text as strings and binary as Buffers, in order', async () => {
    const { connection, reader } = fakeConnection();
    const messages = ['plain', binary('\x00\xff'), 'ünïcode 😀', '', binary(''), binary('abc'), 'x'.repeat(20_000)];
    reader.deliver(...messages);
    expect(await connection.recvMany()).toEqual(messages);
  });

  it('keeps nothing on the desk: what was received survives the next batch', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(binary('first'), 'one');
    const received = await connection.recvMany();
    desk.bytes.fill(0);
    expect(received).toEqual([binary('first'), 'one']);
  });

  it('shares blocks of a few KiB between small binary messages, and none with a bigger one', async () => {
    const { connection, reader } = fakeConnection();
    const small = Array.from({ length: 200 }, (_, i) => Buffer.alloc(100, i));
    const big = Buffer.alloc(12_000, 7);
    reader.deliver(...small, big, Buffer.from('behind'));
    const received = (await connection.recvMany()) as Buffer[];
    expect(received).toEqual([...small, big, Buffer.from('behind')]);
    const blocks = new Set(received.map((message) => message.buffer));
    expect(blocks.size).toBe(5);
    expect(Math.max(...received.slice(0, 200).map((message) => message.buffer.byteLength))).toBeLessThanOrEqual(8192);
    expect(received[200]?.buffer.byteLength).toBe(12_000);
  });

  it('shares a block between binary messages that have text in between', async () => {
    const { connection, reader } = fakeConnection();
    const messages = [binary('a'), 'text', binary('bc'), 'ünïcode', binary(''), binary('d')];
    reader.deliver(...messages, 'more text');
    const received = await connection.recvMany();
    expect(received).toEqual([...messages, 'more text']);
    const blocks = new Set(received.filter((message) => typeof message !== 'string').map(({ buffer }) => buffer));
    expect(blocks.size).toBe(1);
  });

  it('copies no text behind the last binary message', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(binary('a'), 'text');
    const [message] = (await connection.recvMany()) as Buffer[];
    expect(message?.buffer.byteLength).toBe(1);
  });

  it('keeps messages that share a block when one of them is transferred elsewhere', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(binary('a'), binary('b'), Buffer.alloc(12_000, 'c'));
    const [a, b, own] = (await connection.recvMany()) as Buffer[];
    const transfer = (message: Buffer | undefined): void => {
      const memory = message?.buffer as ArrayBuffer;
      try {
        structuredClone(memory, { transfer: [memory] });
      } catch {
        // Later versions of Node refuse, earlier ones copy.
      }
    };
    transfer(a);
    transfer(own);
    expect([a?.length, b?.length, own?.length]).toEqual([1, 1, 0]);
  });

  it('keeps the memory of an empty message when its neighbour is transferred elsewhere', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(binary('a'), binary(''));
    const [a, empty] = (await connection.recvMany()) as Buffer[];
    const memory = a?.buffer as ArrayBuffer;
    try {
      structuredClone(memory, { transfer: [memory] });
    } catch {
      // Later versions of Node refuse, earlier ones copy.
    }
    expect(structuredClone(empty)).toHaveLength(0);
  });
});

describe('recv', () => {
  it('resolves from the batch that is here without asking the reader again', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a', 'b', 'c');
    expect([await connection.recv(), await connection.recv(), await connection.recv()]).toEqual(['a', 'b', 'c']);
    expect(reader.takes).toBe(1);
    expect(reader.releases).toBe(1);
  });

  it('waits for the next message', async () => {
    const { connection, reader } = fakeConnection();
    const received = connection.recv();
    await turn();
    reader.deliver('late');
    expect(await received).toBe('late');
  });

  it('refuses to be called while another waits, which goes on', async () => {
    const { connection, reader } = fakeConnection();
    const first = connection.recv();
    const message = /^cannot call \w+ while another call to recv, recvMany, recvStream or batches is under way$/;
    await expect(connection.recv()).rejects.toThrow(ConcurrencyError);
    await expect(connection.recv()).rejects.toThrow(message);
    await expect(connection.recvMany()).rejects.toThrow(message);
    await expect(connection.batches().next()).rejects.toThrow(message);
    await expect(connection[Symbol.asyncIterator]().next()).rejects.toThrow(message);
    expect(() => connection.tryRecv()).toThrow(message);
    reader.deliver('for the first');
    expect(await first).toBe('for the first');
  });

  it('with a timeout of 0 takes what is here and never waits', async () => {
    const { connection, reader } = fakeConnection();
    await expect(connection.recv({ timeout: 0 })).rejects.toThrow(TimeoutError);
    reader.deliver('here');
    expect(await connection.recv({ timeout: 0 })).toBe('here');
  });

  it('times out and loses nothing', async () => {
    const { connection, reader } = fakeConnection();
    await expect(connection.recv({ timeout: 5 })).rejects.toThrow('recv got no message within 5 ms');
    reader.deliver('kept');
    expect(await connection.recv()).toBe('kept');
  });

  it('gets a message that was in time, although its timer comes before the news of it', async () => {
    const { connection, reader } = fakeConnection();
    const received = connection.recv({ timeout: 5 });
    reader.deliverUnannounced('in time');
    expect(await received).toBe('in time');
  });

  it('is aborted by its signal with its reason and loses nothing', async () => {
    const { connection, reader } = fakeConnection();
    const controller = new AbortController();
    const received = connection.recv({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(received).rejects.toBe(reason);
    await expect(connection.recv({ signal: controller.signal })).rejects.toBe(reason);
    reader.deliver('kept');
    expect(await connection.recv({ signal: new AbortController().signal })).toBe('kept');
  });

  it('leaves no listener at the signal and no timer behind', async () => {
    const { connection, reader } = fakeConnection();
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const received = connection.recv({ signal, timeout: 60_000 });
    reader.deliver('a');
    await received;
    expect(removed).toHaveBeenCalledOnce();
    expect(timers()).toBe(before);
  });

  it('decodes as it is told', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('grün', Buffer.from('blau€'));
    expect(await connection.recv({ decode: false })).toEqual(Buffer.from('grün'));
    expect(await connection.recv({ decode: true })).toBe('blau€');
  });

  it('leaves a binary message that is not UTF-8 where it is when text is asked for', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(binary('\xff'), 'behind');
    await expect(connection.recv({ decode: true })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'HAWSER_INVALID_UTF8',
    });
    expect(await connection.recv()).toEqual(binary('\xff'));
    expect(await connection.recv()).toBe('behind');
  });

  it.each([
    [{ timeout: -1 }, 'timeout is -1; expected a number of milliseconds from 0 to 2147483647, or null'],
    [{ timeout: 2 ** 31 }, 'timeout is 2147483648; expected'],
    [{ timeout: '5' }, "timeout is '5'; expected a number"],
    [{ signal: {} }, 'signal is {}; expected an AbortSignal'],
    [{ decode: 1 }, 'decode is 1; expected true or false'],
    [{ timout: 1 }, 'unknown option timout; did you mean timeout?'],
    [null, 'options is null; expected an object'],
    [{ max: 1 }, 'unknown option max'],
  ])('rejects wrong options: %o', async (options, message) => {
    const { connection, reader } = fakeConnection();
    reader.deliver('kept');
    await expect(connection.recv(options as never)).rejects.toThrow(message);
    expect(await connection.recv()).toBe('kept');
  });
});

describe('tryRecv', () => {
  it('takes a message that is here, else nothing', () => {
    const { connection, reader } = fakeConnection();
    expect(connection.tryRecv()).toBeUndefined();
    reader.deliver('a', 'b');
    expect(connection.tryRecv()).toBe('a');
    expect(connection.tryRecv({ decode: false })).toEqual(Buffer.from('b'));
    expect(connection.tryRecv()).toBeUndefined();
  });

  it('throws once the connection has ended and everything was received', () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('last');
    reader.finish();
    expect(connection.tryRecv()).toBe('last');
    expect(() => connection.tryRecv()).toThrow(ConnectionClosedOK);
  });
});

describe('recvMany', () => {
  it('takes what is left of the batch, at most as many as asked for', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a', 'b', 'c', 'd');
    expect(await connection.recv()).toBe('a');
    expect(await connection.recvMany({ max: 2 })).toEqual(['b', 'c']);
    expect(await connection.recvMany()).toEqual(['d']);
  });

  it('returns what could be decoded before the message that could not', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(binary('a'), binary('\xff'), binary('b'));
    expect(await connection.recvMany({ decode: true })).toEqual(['a']);
    await expect(connection.recvMany({ decode: true })).rejects.toThrow('binary message of 1 bytes is not UTF-8');
    expect(await connection.recvMany()).toEqual([binary('\xff'), binary('b')]);
  });

  it.each([0, -1, 1.5, Number.NaN, '3'])('refuses max %o', async (max) => {
    await expect(fakeConnection().connection.recvMany({ max: max as number })).rejects.toThrow(
      'expected a whole number of messages, 1 at least',
    );
  });
});

describe('iteration', () => {
  it('yields messages and ends quietly on a normal closure', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a', 'b');
    setImmediate(() => {
      reader.deliver('c');
      reader.finish();
    });
    const received: unknown[] = [];
    for await (const message of connection) received.push(message);
    expect(received).toEqual(['a', 'b', 'c']);
  });

  it('throws where the connection ended otherwise, after all messages', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a');
    reader.finish({ received: undefined, cause: 'end-of-stream' });
    const received: unknown[] = [];
    const loop = (async () => {
      for await (const messages of connection.batches()) received.push(...messages);
    })();
    await expect(loop).rejects.toThrow(ConnectionClosedError);
    expect(received).toEqual(['a']);
  });

  it('can be left and taken up again, and the connection stays open', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a', 'b');
    for await (const message of connection) {
      expect(message).toBe('a');
      break;
    }
    expect(await connection.recv()).toBe('b');
    expect(connection.state).toBe('OPEN');
    expect(reader.commands).toEqual([]);
  });

  it('gives up its waiting when it is left', async () => {
    const { connection, reader } = fakeConnection();
    const iterator = connection.batches();
    const next = iterator.next();
    await iterator.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    reader.deliver('kept');
    expect(await connection.recv()).toBe('kept');
  });

  it('yields batches that belong to the user', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a', 'b');
    const { value } = await connection.batches().next();
    (value as unknown[]).length = 0;
    reader.deliver('c');
    expect(await connection.recv()).toBe('c');
  });
});

describe('a consumer that is faster than the network', () => {
  it('lets the event loop turn after 16 batches', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    reader.onEmpty = () => reader.deliver('more');
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    let received = 0;
    while (!turned) {
      await connection.recv();
      received++;
    }
    expect(received).toBe(17);
    expect(reader.takes).toBe(17);
  });

  it('does not stop a recv with a timeout of 0 from getting what is here', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    reader.deliver(...'abcdefghijklmnopqrstuvwxyz');
    for (const letter of 'abcdefghijklmnopqrstuvwxyz') expect(await connection.recv({ timeout: 0 })).toBe(letter);
  });
});

describe('the end', () => {
  it('gives a waiting recv what arrived, then rejects every later one in the same way', async () => {
    const { connection, reader } = fakeConnection();
    const received = connection.recv();
    await turn();
    reader.deliver('a', 'b');
    reader.finish({ received: { code: 1001, reason: 'bye' } });
    expect(await received).toBe('a');
    expect(connection.state).toBe('CLOSED');
    expect(await connection.recv()).toBe('b');
    for (const closed of [connection.recv(), connection.recvMany(), connection.recv({ timeout: 0 })]) {
      await expect(closed).rejects.toMatchObject({ name: 'ConnectionClosedOK', closeCode: 1001, closeReason: 'bye' });
    }
    expect(reader.joins).toBe(1);
  });

  it('rejects a waiting recv where nothing arrived', async () => {
    const { connection, reader } = fakeConnection();
    const received = connection.recv({ timeout: 60_000 });
    reader.finish({ received: undefined, sent: undefined, cause: 'transport', transportError: -104 });
    await expect(received).rejects.toMatchObject({
      name: 'ConnectionClosedError',
      closeCode: 1006,
      cause: { code: 'ECONNRESET' },
    });
  });

  it('settles closed and close() although messages are unread, which stay to be received', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('unread');
    const closing = connection.close();
    reader.finish();
    expect(await closing).toBe(await connection.closed);
    expect(await connection.recv()).toBe('unread');
    await expect(connection.recv()).rejects.toThrow(ConnectionClosedOK);
  });
});
