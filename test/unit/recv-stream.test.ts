/** One message fragment by fragment: what `recvStream()` yields, in which form, and when. */

import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { TimeoutError } from '../../lib/errors.js';
import type { Data } from '../../lib/types.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { desk, More } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

async function collect(stream: AsyncIterable<Data>): Promise<Data[]> {
  const items: Data[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('a stream', () => {
  it.each<[string, Data[]]>([
    ['text', ['one', 'zwei ü', '', '😀']],
    ['binary', [bytes('\x00'), bytes(''), bytes('\xff\xfe')]],
    ['text that ends with an empty frame', ['a', 'b', '']],
    ['binary that ends with an empty frame', [bytes('a'), bytes('')]],
    ['nothing but empty frames', ['', '', '']],
    ['large frames', ['ä'.repeat(20_000), 'b'.repeat(20_000)]],
  ])('yields one item for each frame: %s', async (_what, frames) => {
    for (const batchSize of [1, 2, 100]) {
      const { connection, reader } = fakeConnection();
      reader.batchSize = batchSize;
      reader.deliver(...frames.slice(0, -1).map((frame) => new More(frame)), frames.at(-1) as Data, 'next');
      expect(await collect(connection.recvStream())).toEqual(frames);
      expect(await connection.recv()).toBe('next');
    }
  });

  it.each<Data>(['text', '', bytes('binary'), bytes(''), 'x'.repeat(20_000)])(
    'yields a message that is not fragmented as one item',
    async (message) => {
      const { connection, reader } = fakeConnection();
      reader.deliver(message, 'next');
      expect(await collect(connection.recvStream())).toEqual([message]);
      expect(await connection.recv()).toBe('next');
    },
  );

  it('yields each fragment as soon as it comes', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    for (const fragment of ['a', '', 'c']) {
      const next = stream.next();
      await turn();
      reader.deliver(new More(fragment));
      expect(await next).toEqual({ done: false, value: fragment });
    }
    const last = stream.next();
    reader.deliver('d');
    expect(await last).toEqual({ done: false, value: 'd' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('has given the way free with the last fragment, before it was asked for the end', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    reader.deliver(new More('a'), 'b', 'next');
    await stream.next();
    const last = stream.next();
    expect(connection.tryRecv()).toBe('next');
    expect(await last).toEqual({ done: false, value: 'b' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('yields a message that is complete in the batch that is here', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('before', new More('a'), 'b', new More('c'), 'd', 'after');
    expect(await connection.recv()).toBe('before');
    expect(await collect(connection.recvStream())).toEqual(['a', 'b']);
    expect(await collect(connection.recvStream())).toEqual(['c', 'd']);
    expect(await collect(connection.recvStream())).toEqual(['after']);
    expect(reader.takes).toBe(1);
  });

  it('yields a message that is half here after a recv that gave up', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), new More('b'));
    await expect(connection.recv({ timeout: 1 })).rejects.toThrow(TimeoutError);
    const all = collect(connection.recvStream());
    await turn();
    reader.deliver('c', 'next');
    expect(await all).toEqual(['a', 'b', 'c']);
    expect(await connection.recv()).toBe('next');
  });

  it('can follow another', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 2;
    reader.deliver(new More('a'), new More('b'), 'c', 'd', new More('e'), 'f');
    expect(await collect(connection.recvStream())).toEqual(['a', 'b', 'c']);
    expect(await collect(connection.recvStream())).toEqual(['d']);
    expect(await collect(connection.recvStream())).toEqual(['e', 'f']);
  });

  it('asks for nothing before its first next()', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver('a');
    connection.recvStream();
    expect(reader.takes).toBe(0);
    expect(await connection.recv()).toBe('a');
  });

  it('keeps nothing on the desk', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More(bytes('one')), new More(bytes('two')), bytes('three'));
    const stream = connection.recvStream();
    const first = await stream.next();
    desk.bytes.fill(0);
    expect([first.value, (await stream.next()).value, (await stream.next()).value]).toEqual(
      ['one', 'two', 'three'].map(bytes),
    );
  });

  it.each([
    [{ timeout: -1 }, 'timeout is -1; expected'],
    [{ max: 1 }, 'unknown option max'],
    [null, 'options is null; expected an object'],
  ])('refuses wrong options at once: %o', (options, message) => {
    expect(() => fakeConnection().connection.recvStream(options as never)).toThrow(message);
  });
});

describe('decode', () => {
  it('false yields text as its UTF-8', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('grün'), new More(''), '😀', bytes('\xff'));
    const stream = connection.recvStream({ decode: false });
    expect(await collect(stream)).toEqual([Buffer.from('grün'), bytes(''), Buffer.from('😀')]);
    expect(await collect(connection.recvStream({ decode: false }))).toEqual([bytes('\xff')]);
  });

  it('true yields text as it is', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('grün'), '😀', 'whole');
    expect(await collect(connection.recvStream({ decode: true }))).toEqual(['grün', '😀']);
    expect(await collect(connection.recvStream({ decode: true }))).toEqual(['whole']);
  });

  const text = '\ufeffa€😀z';
  const utf8 = Buffer.from(text);
  it.each(Array.from({ length: utf8.length + 1 }, (_, i) => i))(
    'true moves what byte %i cuts of a code point to the next string',
    async (cut) => {
      const { connection, reader } = fakeConnection();
      reader.deliver(new More(utf8.subarray(0, cut)), utf8.subarray(cut));
      const items = (await collect(connection.recvStream({ decode: true }))) as string[];
      expect(items).toHaveLength(2);
      expect(items.join('')).toBe(text);
      for (const item of items) expect(Buffer.from(item).toString()).toBe(item);
    },
  );

  it('true puts a code point of four frames together, with the last an empty one', async () => {
    const { connection, reader } = fakeConnection();
    const [a, b, c, d] = [...Buffer.from('😀')].map((byte) => Buffer.from([byte])) as Buffer[];
    reader.batchSize = 1;
    reader.deliver(
      new More(a as Buffer),
      new More(b as Buffer),
      new More(c as Buffer),
      new More(d as Buffer),
      bytes(''),
    );
    expect(await collect(connection.recvStream({ decode: true }))).toEqual(['', '', '', '😀', '']);
  });

  it.each<[string, Buffer[], number]>([
    ['in one frame', [bytes('\xff')], 0],
    ['in the first', [bytes('\xff'), bytes('a')], 0],
    ['in a later one', [bytes('a'), bytes('\xff'), bytes('b')], 1],
    ['where the next frame does not go on with a code point', [bytes('\xc3'), bytes('a'), bytes('b')], 1],
    ['where the message ends inside a code point', [bytes('a'), bytes('\xe2\x82')], 1],
    ['where an empty frame ends it inside one', [bytes('\xe2\x82'), bytes('')], 1],
  ])('true refuses what is no UTF-8 %s, and drops the rest of the message', async (_where, frames, before) => {
    for (const batchSize of [1, 100]) {
      const { connection, reader } = fakeConnection();
      reader.batchSize = batchSize;
      reader.deliver(...frames.slice(0, -1).map((frame) => new More(frame)), frames.at(-1) as Buffer, 'next');
      const stream = connection.recvStream({ decode: true });
      for (let i = 0; i < before; i++) expect((await stream.next()).done).toBe(false);
      const bad = stream.next();
      await expect(bad).rejects.toMatchObject({ name: 'TypeError', code: 'HAWSER_INVALID_UTF8' });
      await expect(bad).rejects.toThrow(`binary fragment of ${frames[before]?.length} bytes is not UTF-8`);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(await connection.recv()).toBe('next');
    }
  });

  it('true refuses what is no UTF-8 also where it was waited for', async () => {
    const { connection, reader } = fakeConnection();
    const next = connection.recvStream({ decode: true }).next();
    reader.deliver(new More(bytes('\xff')), bytes(''), 'next');
    await expect(next).rejects.toMatchObject({ code: 'HAWSER_INVALID_UTF8' });
    expect(await connection.recv()).toBe('next');
  });
});

describe('back pressure', () => {
  it('takes no batch before the one that is here was used up', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 2;
    reader.deliver(...Array.from({ length: 9 }, (_, i) => new More(`${i}`)), 'last');
    const stream = connection.recvStream();
    const takes: number[] = [];
    for await (const _ of stream) takes.push(reader.takes);
    expect(takes).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  });

  it('takes no batch once it is left', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    reader.deliver(new More('a'), new More('b'), 'c');
    for await (const _ of connection.recvStream()) break;
    await turn();
    expect(reader.takes).toBe(1);
  });

  it.each([
    ['the end of its message', [new More('a'), 'b'], 2],
    ['the last fragment that is here', [new More('a'), new More('b')], 2],
    ['a message of one frame', ['a'], 1],
  ])('makes room on the reader’s side with %s', async (_what, messages, count) => {
    const { connection, reader } = fakeConnection();
    reader.deliver('first');
    await connection.recv();
    const before = reader.releases;
    const stream = connection.recvStream();
    reader.deliver(...messages);
    for (let i = 0; i < count; i++) {
      expect(reader.releases).toBe(before);
      await stream.next();
    }
    expect(reader.releases).toBe(before + 1);
  });

  it('makes room on the reader’s side when the rest of its message is dropped', async () => {
    const { connection, reader } = fakeConnection();
    reader.deliver(new More('a'), new More('b'));
    for await (const _ of connection.recvStream()) break;
    expect(reader.releases).toBe(1);
  });

  it('makes it once, also where the stream is left after that', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream({ timeout: 1 });
    reader.deliver(new More('a'));
    await stream.next();
    expect(reader.releases).toBe(1);
    await expect(stream.next()).rejects.toThrow(TimeoutError);
    expect(reader.releases).toBe(1);
  });

  it('makes none while messages of the batch are left', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    const first = stream.next();
    reader.deliver(new More('a'));
    await first;
    const before = reader.releases;
    reader.deliver('b', 'next');
    await stream.next();
    expect(reader.releases).toBe(before);
    expect(await connection.recv()).toBe('next');
    expect(reader.releases).toBe(before + 1);
  });

  it('lets the event loop turn where fragments come without end', async () => {
    const { connection, reader } = fakeConnection();
    reader.batchSize = 1;
    reader.onEmpty = () => reader.deliver(new More('more'));
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    let received = 0;
    for await (const _ of connection.recvStream()) {
      if (turned) break;
      received++;
    }
    expect(received).toBe(16);
  });
});

describe('memory', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  /** Takes one item, and says whether it can be collected while the stream goes on. */
  async function isKept(stream: AsyncIterator<Data>): Promise<boolean> {
    const taken = await (async () => new WeakRef((await stream.next()).value as Buffer))();
    // A WeakRef keeps what it refers to until the end of the turn.
    await turn();
    collectGarbage();
    return taken.deref() !== undefined;
  }

  it.each([
    ['fragments that were here', [new More(bytes('a')), new More(bytes('b')), bytes('c')], false],
    ['fragments that were waited for', [new More(bytes('a')), bytes('b')], true],
    ['a message of one frame', [bytes('a')], true],
  ])('does not keep %s', async (_what, messages, waits) => {
    const { connection, reader } = fakeConnection();
    if (!waits) reader.deliver(...messages);
    const stream = connection.recvStream();
    for (const message of messages) {
      const kept = isKept(stream);
      if (waits) reader.deliver(message);
      expect(await kept).toBe(false);
    }
    await stream.return?.();
  });

  it('does not keep what is dropped', async () => {
    const { connection, reader } = fakeConnection();
    const stream = connection.recvStream();
    reader.deliver(new More('a'));
    await stream.next();
    await stream.return?.();
    const copied: WeakRef<ArrayBuffer>[] = [];
    const { slice } = desk.memory;
    const spy = vi.spyOn(desk.memory, 'slice').mockImplementation((start, end) => {
      const memory = slice.call(desk.memory, start, end);
      copied.push(new WeakRef(memory));
      return memory;
    });
    reader.deliver(new More(bytes('b')), new More(bytes('c')));
    expect(connection.tryRecv()).toBeUndefined();
    spy.mockRestore();
    await turn();
    collectGarbage();
    expect(copied.map((memory) => memory.deref())).toEqual([undefined, undefined]);
  });
});
