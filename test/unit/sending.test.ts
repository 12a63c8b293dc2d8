import { Buffer } from 'node:buffer';
import { describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import { fakeConnection, turn } from './fakes/connection.js';
import type { FakeSession } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

/** The one part of WebAssembly needed here; the types for it belong to browsers. */
declare const WebAssembly: { readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

const payloads = (reader: FakeSession): string[] => reader.commands.map(({ payload }) => payload);

describe('send', () => {
  it('sends strings as text and bytes as binary, in order, with one post for a turn', async () => {
    const { connection, reader } = fakeConnection();
    const memory = Uint8Array.from([0x20, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x20]).buffer;
    const shared = new SharedArrayBuffer(2);
    new Uint8Array(shared).set([0x78, 0x79]);
    const sent = [
      connection.send('grün 😀'),
      connection.send(''),
      connection.send(Buffer.from('buffer')),
      connection.send(new Uint8Array(memory, 1, 2)),
      connection.send(new DataView(memory, 3, 2)),
      connection.send(new Uint16Array(memory, 4, 1)),
      connection.send(Buffer.alloc(0)),
      connection.send(memory),
      connection.send(shared),
      connection.send('text', { text: false }),
      connection.send(Buffer.from('bytes'), { text: true }),
    ];
    expect(reader.posts).toBe(0);
    await Promise.all(sent);
    await turn();
    expect(reader.posts).toBe(1);
    expect(reader.commands.map(({ type, payload }) => `${type} ${payload}`)).toEqual([
      'text grün 😀',
      'text ',
      'binary buffer',
      'binary ab',
      'binary cd',
      'binary de',
      'binary ',
      'binary  abcdef ',
      'binary xy',
      'binary text',
      'text bytes',
    ]);
  });

  it('has copied the bytes when it returns', async () => {
    const { connection, reader } = fakeConnection();
    const bytes = Buffer.from('before');
    connection.send(bytes);
    bytes.fill('x');
    await turn();
    expect(payloads(reader)).toEqual(['before']);
  });

  it('replaces lone surrogates', async () => {
    const { connection, reader } = fakeConnection();
    connection.send('a\ud800b\udc00');
    await turn();
    expect(payloads(reader)).toEqual(['a\ufffdb\ufffd']);
  });

  it('posts what is staged when the stage is full', async () => {
    const { connection, reader } = fakeConnection();
    const messages = Array.from({ length: 30 }, (_, i) => String.fromCharCode(97 + i).repeat(5000));
    for (const message of messages) connection.send(message).catch(() => {});
    expect(reader.posts).toBeGreaterThan(1);
    await turn();
    expect(payloads(reader)).toEqual(messages);
  });

  it('takes turns with other connections at the stage', async () => {
    const [a, b] = [fakeConnection(), fakeConnection()];
    a.connection.send('a1');
    b.connection.send('b1');
    a.connection.send('a2');
    await turn();
    expect(payloads(a.reader)).toEqual(['a1', 'a2']);
    expect(payloads(b.reader)).toEqual(['b1']);
  });

  it('sends large messages behind the small ones before them', async () => {
    const { connection, reader } = fakeConnection();
    const large = 'ö'.repeat(20_000);
    connection.send('small');
    connection.send(large);
    connection.send(Buffer.from(large));
    connection.send(Buffer.from(large), { text: true });
    connection.send('after');
    await turn();
    expect(payloads(reader)).toEqual(['small', large, large, large, 'after']);
    expect(reader.commands.map(({ way }) => way)).toEqual(['stage', 'copied', 'copied', 'copied', 'stage']);
  });

  it('hands large bytes over where it may, and detaches them', async () => {
    const { connection, reader } = fakeConnection();
    const memory = new ArrayBuffer(100_000);
    const view = new Uint8Array(memory, 10, 50_000).fill(0x61);
    connection.send(view, { transfer: true });
    expect(memory.byteLength).toBe(0);
    expect(reader.commands).toEqual([{ type: 'binary', payload: 'a'.repeat(50_000), way: 'owned' }]);
    await expect(connection.send(view)).rejects.toThrow('cannot send bytes whose ArrayBuffer is detached');
  });

  it('copies what can not be handed over: small, shared and untransferable memory', async () => {
    const { connection, reader } = fakeConnection();
    const small = Buffer.from('pooled');
    const shared = new Uint8Array(new SharedArrayBuffer(20_000)).fill(0x62);
    const wasm = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, 20_000).fill(0x63);
    for (const bytes of [small, shared, wasm]) connection.send(bytes, { transfer: true });
    await turn();
    expect(payloads(reader)).toEqual(['pooled', 'b'.repeat(20_000), 'c'.repeat(20_000)]);
    expect([small.length, shared.length, wasm.length]).toEqual([6, 20_000, 20_000]);
  });

  const gone = new ArrayBuffer(8);
  const views = [new Uint8Array(gone), new DataView(gone), new Float32Array(gone), gone];
  structuredClone(gone, { transfer: [gone] });
  it.each(views)('refuses a detached %o', async (data) => {
    await expect(fakeConnection().connection.send(data)).rejects.toMatchObject({
      name: 'TypeError',
      message: 'cannot send bytes whose ArrayBuffer is detached or was resized to end before them',
    });
  });

  it('refuses a view that its buffer no longer reaches', async () => {
    const memory = new (ArrayBuffer as new (size: number, options: object) => ArrayBuffer)(16, { maxByteLength: 32 });
    const view = new Uint8Array(memory, 8, 8);
    (memory as unknown as { resize(size: number): void }).resize(4);
    await expect(fakeConnection().connection.send(view)).rejects.toThrow('was resized to end before them');
  });

  it.each([
    [null, 'cannot send null; expected a string, a Buffer, an ArrayBuffer or a view of one'],
    [undefined, 'cannot send undefined;'],
    [7, 'cannot send a number;'],
    [true, 'cannot send a boolean;'],
    [{ a: 1 }, 'cannot send a plain object;'],
    [Object.create(null), 'cannot send a plain object;'],
    [new Date(), 'cannot send an instance of Date;'],
    [() => {}, 'cannot send a function;'],
    [Symbol('s'), 'cannot send a symbol;'],
    [1n, 'cannot send a bigint;'],
  ])('refuses %o', async (data, message) => {
    const { connection, reader } = fakeConnection();
    const sent = connection.send(data as never);
    await expect(sent).rejects.toThrow(TypeError);
    await expect(sent).rejects.toThrow(message);
    await connection.send('still usable');
    await turn();
    expect(payloads(reader)).toEqual(['still usable']);
  });

  it.each([Buffer.from([0xff]), Buffer.alloc(20_000, 0xff)])(
    'refuses bytes as text that are not UTF-8',
    async (bytes) => {
      const { connection, reader } = fakeConnection();
      await expect(connection.send(bytes, { text: true })).rejects.toThrow('as text; they are not UTF-8');
      await turn();
      expect(reader.commands).toEqual([]);
    },
  );

  it.each([
    [{ text: 'yes' }, "text is 'yes'; expected true or false"],
    [{ transfer: 1 }, 'transfer is 1; expected true or false'],
    [{ binary: true }, 'unknown option binary'],
    [null, 'options is null; expected an object'],
  ])('refuses wrong options: %o', async (options, message) => {
    await expect(fakeConnection().connection.send('a', options as never)).rejects.toThrow(message);
  });
});

describe('the write limit', () => {
  async function isPending(promise: Promise<unknown>): Promise<boolean> {
    const pending = Symbol('pending');
    return (await Promise.race([promise, turn().then(() => pending)])) === pending;
  }

  function fill(connection: Connection, reader: FakeSession): Promise<void> {
    reader.unwritten = 1200;
    return connection.send('x'.repeat(1200));
  }

  it('has sends wait until the peer has read enough', async () => {
    const { connection, reader } = fakeConnection();
    const sent = fill(connection, reader);
    expect(reader.drainAsked).toBe(true);
    expect(await isPending(sent)).toBe(true);
    const alsoSent = connection.send('more');
    reader.unwritten = 50;
    reader.notify({ kind: 'drained' });
    await Promise.all([sent, alsoSent]);
    expect(await isPending(connection.send('below'))).toBe(false);
  });

  it('counts bytes that were taken over', async () => {
    const { connection, reader } = fakeConnection();
    reader.unwritten = 20_000;
    const sent = connection.send(new Uint8Array(20_000), { transfer: true });
    expect(reader.drainAsked).toBe(true);
    expect(await isPending(sent)).toBe(true);
  });

  it('does not have a send wait where the reader was fast enough', async () => {
    const { connection, reader } = fakeConnection();
    for (let i = 0; i < 10; i++) expect(await isPending(connection.send('x'.repeat(600)))).toBe(false);
    expect(reader.drainAsked).toBe(false);
  });

  it('counts what is staged and what is unwritten', () => {
    const { connection, reader } = fakeConnection();
    reader.unwritten = 10;
    connection.send('ü');
    connection.send(Buffer.from('abc'));
    expect(connection.bufferedAmount).toBe(15);
  });

  it('rejects who waits when the connection ends', async () => {
    const { connection, reader } = fakeConnection();
    const sent = fill(connection, reader);
    reader.finish({ received: undefined, cause: 'end-of-stream' });
    await expect(sent).rejects.toThrow(ConnectionClosedError);
  });
});

describe('ping', () => {
  it('resolves with the latency of the pong that answers it', async () => {
    const { connection, reader } = fakeConnection();
    const [first, second] = [connection.ping('one'), connection.ping(Buffer.from('two'))];
    await turn();
    expect(reader.commands.map(({ type, payload }) => [type, payload])).toEqual([
      ['ping', 'one'],
      ['ping', 'two'],
    ]);
    reader.notify(
      { kind: 'pong', id: reader.commands[0]?.id as number, latency: 3 },
      { kind: 'pong', id: reader.commands[1]?.id as number, latency: 2 },
      { kind: 'pong', id: 999, latency: 1 },
    );
    expect(await Promise.all([first, second])).toEqual([3, 2]);
  });

  it('sends four random bytes unless told otherwise', async () => {
    const { connection, reader } = fakeConnection();
    connection.ping().catch(() => {});
    connection.ping().catch(() => {});
    await turn();
    const [a, b] = payloads(reader);
    expect(a).toHaveLength(4);
    expect(a).not.toBe(b);
  });

  it('refuses a payload that another waits for, until that was answered', async () => {
    const { connection, reader } = fakeConnection();
    const first = connection.ping('same');
    const again = connection.ping('same');
    await expect(again).rejects.toThrow(ConcurrencyError);
    await expect(again).rejects.toThrow('already waiting for a pong with the same payload');
    await turn();
    reader.notify({ kind: 'pong', id: reader.commands[0]?.id as number, latency: 1 });
    await first;
    connection.ping('same').catch(() => {});
    await turn();
    expect(reader.commands).toHaveLength(2);
  });

  it('rejects when the connection ends', async () => {
    const { connection, reader } = fakeConnection();
    const pinged = connection.ping();
    reader.finish();
    await expect(pinged).rejects.toThrow(ConnectionClosedOK);
  });

  it.each([
    ['x'.repeat(126), 'ping payload is 126 bytes; the limit is 125'],
    [7, 'ping payload is 7; expected a string, an ArrayBuffer or a view of one'],
    [['a'], "ping payload is [ 'a' ]; expected"],
  ])('refuses a payload of the wrong kind', async (payload, message) => {
    await expect(fakeConnection().connection.ping(payload as never)).rejects.toThrow(message);
  });
});

describe('pong', () => {
  it('is sent empty or with a payload', async () => {
    const { connection, reader } = fakeConnection();
    await connection.pong();
    await connection.pong('text');
    await connection.pong(new Uint8Array([0x62]));
    await turn();
    expect(payloads(reader)).toEqual(['', 'text', 'b']);
    await expect(connection.pong('x'.repeat(126))).rejects.toThrow('pong payload is 126 bytes; the limit is 125');
  });
});
