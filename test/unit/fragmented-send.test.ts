/** A message sent in fragments: what of an iterable goes to the reader, how, and when. */

import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { SendOptions } from '../../lib/call-options.js';
import type { SendableFragments } from '../../lib/outgoing.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { type Command, desk } from './fakes/native.js';
import { sent } from './fakes/sending.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What the reader is told of a message in fragments. */
async function commandsOf(
  items: SendableFragments,
  options?: SendOptions,
  compressFrom?: number,
): Promise<readonly Command[]> {
  const { connection, reader } = fakeConnection(compressFrom);
  await connection.send(items, options);
  await turn();
  return reader.commands;
}

/** The payloads of staged records. */
function payloadsOf(records: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < records.length; at += Math.ceil((payloads.at(-1)?.length ?? 0) / 4) * 4) {
    const length = records.readUInt32LE(at + 4);
    at += 8;
    payloads.push(records.subarray(at, at + length));
  }
  return payloads;
}

async function* asynchronous<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

describe('an iterable', () => {
  it.each<[string, () => SendableFragments]>([
    ['an array', () => ['a', 'b']],
    ['a Set', () => new Set(['a', 'b'])],
    ['the values of a Map', () => new Map(Object.entries({ x: 'a', y: 'b' })).values()],
    [
      'a generator',
      function* () {
        yield* ['a', 'b'];
      },
    ],
    ['an async generator', () => asynchronous(['a', 'b'])],
    ['an object with an iterator', () => ({ [Symbol.iterator]: () => ['a', 'b'].values() })],
    ['a stream', () => Readable.from(['a', 'b'])],
    ['an async iterator without promises', () => withoutPromises(['a', 'b'])],
  ])('%s is one message in fragments, one for each item and an empty last one', async (_what, items) => {
    const { connection, reader } = fakeConnection();
    await connection.send(items());
    await turn();
    expect(sent(reader)).toEqual(['text+ a', 'text+ b', 'text ']);
  });

  /** As an iterator written by hand may be, and `for await` takes it. */
  function withoutPromises(items: readonly string[]): AsyncIterable<string> {
    const iterator = items.values();
    return { [Symbol.asyncIterator]: () => iterator as unknown as AsyncIterator<string> };
  }

  it('of bytes in all their forms is a binary message', async () => {
    const memory = Uint8Array.from([0x61, 0x62, 0x63, 0x64]).buffer;
    const shared = new SharedArrayBuffer(1);
    new Uint8Array(shared).fill(0x65);
    const items = [bytes('x'), new Uint8Array(memory, 1, 2), new DataView(memory, 3), memory, shared, bytes('')];
    const commands = await commandsOf(items);
    expect(commands.map(({ payload }) => payload)).toEqual(['x', 'bc', 'd', 'abcd', 'e', '', '']);
    expect(new Set(commands.map(({ type }) => type))).toEqual(new Set(['binary']));
  });

  it.each([[[]], [new Set<string>()], [asynchronous<string>([])]])('without items sends nothing', async (items) => {
    const { connection, reader } = fakeConnection();
    await connection.send(items);
    await connection.send('next');
    await turn();
    expect(sent(reader)).toEqual(['text next']);
  });

  it('of empty items is an empty message in fragments', async () => {
    expect((await commandsOf(['', ''])).map(({ payload, more }) => [payload, more])).toEqual([
      ['', true],
      ['', true],
      ['', undefined],
    ]);
  });

  it('that is synchronous goes out as a whole in one post, in its turn, its end included', async () => {
    const { connection, reader } = fakeConnection();
    connection.send('before');
    connection.send(Array.from({ length: 100 }, (_, i) => `${i}`));
    expect(reader.posts).toBe(0);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(reader.posts).toBe(1);
    expect(sent(reader)).toEqual(['text before', ...Array.from({ length: 100 }, (_, i) => `text+ ${i}`), 'text ']);
  });

  it('that is asynchronous goes out item by item', async () => {
    const { connection, reader } = fakeConnection();
    let more!: (item: string) => void;
    const items = (async function* () {
      for (let i = 0; i < 2; i++) {
        yield await new Promise<string>((resolve) => {
          more = resolve;
        });
      }
    })();
    const done = connection.send(items);
    await turn();
    more('a');
    await turn();
    expect(sent(reader)).toEqual(['text+ a']);
    more('b');
    await done;
    await turn();
    expect(sent(reader)).toEqual(['text+ a', 'text+ b', 'text ']);
  });

  it('has copied an item’s bytes when it goes on to the next', async () => {
    const buffer = Buffer.alloc(4);
    const commands = await commandsOf(
      (function* () {
        for (const letter of 'abc') yield buffer.fill(letter);
      })(),
    );
    expect(commands.map(({ payload }) => payload)).toEqual(['aaaa', 'bbbb', 'cccc', '']);
  });
});

describe('large fragments', () => {
  const large = 'ö'.repeat(20_000);

  it('go by themselves, in order', async () => {
    const commands = await commandsOf(['small', large, 'small again']);
    expect(commands.map(({ way, more }) => [way, more])).toEqual([
      ['stage', true],
      ['copied', true],
      ['stage', true],
      ['stage', undefined],
    ]);
    expect(commands[1]?.payload).toBe(large);
  });

  it('are copied unless told otherwise', async () => {
    const item = new Uint8Array(20_000).fill(0x61);
    const [command] = await commandsOf([item]);
    expect([command?.way, item.length]).toEqual(['copied', 20_000]);
  });

  it('are taken from their owner with transfer: true, text as well', async () => {
    for (const text of [false, true]) {
      const items = [bytes('small'), new Uint8Array(20_000).fill(0x61), new Uint8Array(20_000).fill(0x62)];
      const commands = await commandsOf(items, { transfer: true, text });
      expect(commands.map(({ way }) => way)).toEqual(['stage', 'owned', 'owned', 'stage']);
      expect(commands[2]?.payload).toBe('b'.repeat(20_000));
      expect(items.map(({ length }) => length)).toEqual([5, 0, 0]);
    }
  });
});

describe('text', () => {
  it('false sends strings as binary', async () => {
    const commands = await commandsOf(['grün', '😀'], { text: false });
    expect(commands.map(({ type, payload }) => `${type} ${payload}`)).toEqual(['binary grün', 'binary 😀', 'binary ']);
  });

  it('true sends bytes as text, wherever they cut a code point', async () => {
    const { connection, reader } = fakeConnection();
    const utf8 = Buffer.from('a€😀');
    const pushed: Buffer[] = [];
    // The fake shows what it gets as strings, which would hide what is cut.
    reader.post = (size) => void pushed.push(Buffer.from(desk.stage.subarray(0, size)));
    for (let cut = 0; cut <= utf8.length; cut++) {
      pushed.length = 0;
      await connection.send([utf8.subarray(0, cut), utf8.subarray(cut)], { text: true });
      await turn();
      expect(payloadsOf(Buffer.concat(pushed))).toEqual([utf8.subarray(0, cut), utf8.subarray(cut), bytes('')]);
    }
  });

  it.each<[string, Buffer[], number]>([
    ['in the first item', [bytes('\xff')], 0],
    ['in a later item', [bytes('a'), bytes('\xff')], 1],
    ['where an item does not go on with a code point', [bytes('a\xc3'), bytes('b')], 1],
    ['at the end', [bytes('a'), bytes('b\xe2\x82')], 2],
  ])('true refuses bytes that are not UTF-8: %s', async (_where, items, out) => {
    const { connection, reader } = fakeConnection();
    const refused = connection.send(items, { text: true });
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow('cannot send bytes as text; they are not UTF-8');
    await turn();
    const failed = ['fail 1011 error in fragmented message'];
    expect(reader.commands.map(({ type, payload }) => (type === 'fail' ? `fail ${payload}` : type))).toEqual(
      out === 0 ? [] : [...Array.from({ length: out }, () => 'text'), ...failed],
    );
  });

  it('true sends what it has checked, whoever else can write to the bytes', async () => {
    const { connection, reader } = fakeConnection();
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(0x61);
    const decode = vi.spyOn(TextDecoder.prototype, 'decode').mockImplementation(() => {
      shared.fill(0xff);
      return '';
    });
    const sending = connection.send([shared], { text: true });
    decode.mockRestore();
    await sending;
    await turn();
    expect(reader.commands[0]?.payload).toBe('aa');
  });
});

describe('surrogate pairs', () => {
  it.each<[string, string[], string[]]>([
    ['cut between two items stay together', ['a\ud83d', '\ude00b'], ['a', '😀b', '']],
    ['cut with empty items in between stay together', ['\ud83d', '', '\ude00'], ['', '', '😀', '']],
    ['that are whole stay where they are', ['😀', '😀'], ['😀', '😀', '']],
    ['whose second half never comes are replaced', ['\ud83d', 'a'], ['', '\ufffda', '']],
    ['whose first half came twice are replaced once', ['\ud83d', '\ud83d\ude00'], ['', '\ufffd😀', '']],
    ['whose first half is the end are replaced', ['a\ud83d'], ['a', '\ufffd']],
    ['without first half are replaced', ['a', '\ude00'], ['a', '\ufffd', '']],
  ])('%s', async (_what, items, payloads) => {
    for (const text of [undefined, false]) {
      expect((await commandsOf(items, { text })).map(({ payload }) => payload)).toEqual(payloads);
    }
  });

  it('are kept together around large fragments', async () => {
    const large = 'x'.repeat(20_000);
    const commands = await commandsOf([`${large}\ud83d`, `\ude00${large}`]);
    expect(commands.map(({ payload }) => payload)).toEqual([large, `😀${large}`, '']);
  });
});

describe('compression', () => {
  const flags = (commands: readonly Command[]): boolean[] => commands.map(({ compress }) => compress === true);

  it.each<[string, boolean | undefined, number, boolean]>([
    ['is asked for where the connection is able to', undefined, 1000, true],
    ['is asked for where it is told to', true, 1000, true],
    ['is not asked for where it is told not to', false, 1, false],
    ['is not asked for where the connection is not able to', undefined, Number.POSITIVE_INFINITY, false],
    ['is not asked for even if told to where the connection is not able to', true, Number.POSITIVE_INFINITY, false],
  ])('%s, with every record of the message', async (_what, compress, compressFrom, expected) => {
    expect(flags(await commandsOf(['a', 'x'.repeat(20_000)], { compress }, compressFrom))).toEqual([
      expected,
      expected,
      expected,
    ]);
    expect(flags(await commandsOf([bytes('a')], { compress }, compressFrom))).toEqual([expected, expected]);
  });

  it('of a message in one frame goes by its size, unless told', async () => {
    const { connection, reader } = fakeConnection(10);
    for (const compress of [undefined, true, false]) {
      connection.send('x'.repeat(9), { compress }).catch(() => {});
      connection.send(Buffer.alloc(10), { compress }).catch(() => {});
    }
    connection.send('x'.repeat(20_000)).catch(() => {});
    connection.send(new Uint8Array(20_000), { compress: false, transfer: true }).catch(() => {});
    await turn();
    expect(flags(reader.commands)).toEqual([false, true, true, true, false, false, true, false]);
  });
});
