/** Wrong arguments of a connection's methods: an error of the right class that says what was expected, and no harm. */

import { describe, expect, test } from 'vitest';
import { ConnectionClosedOK } from '../../lib/errors.js';
import { expectArgumentError, expectUsable } from '../support/arguments.js';
import { open, rejection } from '../support/opened.js';
import { answerClose, sendText } from '../support/scripted-peer.js';

const gone = 'cannot send bytes whose ArrayBuffer is detached or was resized to end before them';

// Not in the types of the language version that is compiled for.
type Resizable = ArrayBuffer & { resize(size: number): void };
const resizable = (size: number) =>
  new (ArrayBuffer as unknown as new (size: number, options: object) => Resizable)(size, { maxByteLength: 200_000 });

describe('send', () => {
  const expected = 'expected a string, a Buffer, an ArrayBuffer or a view of one';
  class Quote {}
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [5n, 'a bigint'],
    [true, 'a boolean'],
    [Symbol('s'), 'a symbol'],
    [() => {}, 'a function'],
    [{ a: 1 }, 'a plain object'],
    [Object.create(null), 'a plain object'],
    [new Quote(), 'an instance of Quote'],
    [new Date(), 'an instance of Date'],
    [Promise.resolve('x'), 'an instance of Promise'],
  ])('of %s is a TypeError that names its type', async (data, name) => {
    const { connection, peer } = await open();
    const error = await rejection(connection.send(data as never));
    expectArgumentError(error, TypeError, `cannot send ${name}; ${expected}`);
    await expectUsable(connection, peer);
  });

  test.each([
    [7, 'options is 7; expected an object'],
    [null, 'options is null; expected an object'],
    [{ text: 'yes' }, "text is 'yes'; expected true or false"],
    [{ transfer: 1 }, 'transfer is 1; expected true or false'],
    [{ texts: true }, 'unknown option texts; did you mean text?'],
    [{ compress: 1 }, 'compress is 1; expected true or false'],
    [{ compres: true }, 'unknown option compres; did you mean compress?'],
  ])('with the options %o is a TypeError', async (options, message) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection.send('x', options as never)), TypeError, message);
    await expectUsable(connection, peer);
  });

  test.each([10, 100_000])('of %i bytes as text that are not UTF-8 is a TypeError', async (size) => {
    const { connection, peer } = await open();
    const error = await rejection(connection.send(Buffer.alloc(size, 0xff), { text: true }));
    expectArgumentError(error, TypeError, `cannot send ${size} bytes as text; they are not UTF-8`);
    await expectUsable(connection, peer);
  });

  function detached(): ArrayBuffer {
    const memory = new ArrayBuffer(16);
    structuredClone(memory, { transfer: [memory] });
    return memory;
  }
  test.each([
    ['an ArrayBuffer', () => detached()],
    [
      'a Uint8Array',
      () => {
        const bytes = new Uint8Array(16);
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
        return bytes;
      },
    ],
    [
      'a DataView',
      () => {
        const view = new DataView(new ArrayBuffer(16));
        structuredClone(view.buffer, { transfer: [view.buffer] });
        return view;
      },
    ],
  ])('of %s that is detached is a TypeError', async (_what, make) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection.send(make())), TypeError, gone);
    await expectUsable(connection, peer);
  });

  test('of a view that its buffer was resized away from is a TypeError', async () => {
    const { connection, peer } = await open();
    const memory = resizable(16);
    const view = new Uint8Array(memory, 8, 8);
    memory.resize(10);
    expectArgumentError(await rejection(connection.send(view)), TypeError, gone);
    await expectUsable(connection, peer);
  });

  test.each([16, 100_000])('of a buffer that is resized after the call sends its %i bytes', async (size) => {
    const { connection, peer } = await open();
    const memory = resizable(size);
    new Uint8Array(memory).fill(7);
    const sent = connection.send(memory);
    memory.resize(0);
    await sent;
    expect((await peer.expectFrame()).payload.equals(Buffer.alloc(size, 7))).toBe(true);
  });

  test.each([16, 100_000])(
    'of a view that grows with its buffer sends what it shows at the call: %i bytes',
    async (size) => {
      const { connection, peer } = await open();
      const memory = resizable(8);
      const view = new Uint8Array(memory);
      memory.resize(size);
      view.fill(7);
      await connection.send(view);
      expect((await peer.expectFrame()).payload.equals(Buffer.alloc(size, 7))).toBe(true);
    },
  );

  test.each([16, 100_000])('of %i bytes that are detached after the call sends them', async (size) => {
    const { connection, peer } = await open();
    const bytes = new Uint8Array(size).fill(7);
    const sent = connection.send(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await sent;
    expect((await peer.expectFrame()).payload.equals(Buffer.alloc(size, 7))).toBe(true);
  });

  test('of a Uint8Array whose class misstates its length sends the bytes that it has', async () => {
    class Liar extends Uint8Array<ArrayBuffer> {
      override get byteLength() {
        return 1000;
      }
    }
    const { connection, peer } = await open();
    await connection.send(new Liar(Uint8Array.from([1, 2, 3]).buffer));
    expect((await peer.expectFrame()).payload).toEqual(Buffer.from([1, 2, 3]));
    await expectUsable(connection, peer);
  });

  test('of a Proxy of a Uint8Array is refused, since its traps could run at any time', async () => {
    const { connection, peer } = await open();
    const error = await rejection(connection.send(new Proxy(new Uint8Array(3), {})));
    expectArgumentError(error, TypeError, `cannot send a Proxy; ${expected}`);
    await expectUsable(connection, peer);
  });

  test('between refused ones is sent, and nothing of the refused', async () => {
    const { connection, peer } = await open([answerClose()]);
    const sends = [];
    for (let i = 0; i < 50; i++) {
      sends.push(connection.send(`${i}`));
      sends.push(rejection(connection.send(Buffer.from([0xff]), { text: true })));
      sends.push(rejection(connection.send({} as never)));
    }
    await Promise.all(sends);
    await connection.close();
    expect((await peer.frames('text')).map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });
});

describe('ping and pong', () => {
  test.each([
    ['ping', [1, 2], /^ping payload is \[ 1, 2 \]; expected a string, an ArrayBuffer or a view of one$/],
    ['ping', 5, /^ping payload is 5; expected a string/],
    ['ping', null, /^ping payload is null; expected a string/],
    ['pong', ['a'], /^pong payload is \[ 'a' \]; expected a string/],
    ['pong', {}, /^pong payload is \{\}; expected a string/],
  ] as const)('%s(%o) is a TypeError', async (name, payload, message) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection[name](payload as never)), TypeError, message);
    await expectUsable(connection, peer);
  });

  test.each(['ping', 'pong'] as const)('%s with more than 125 bytes is a RangeError', async (name) => {
    const { connection, peer } = await open();
    for (const payload of ['x'.repeat(126), 'é'.repeat(63), Buffer.alloc(126)]) {
      const error = await rejection(connection[name](payload));
      expectArgumentError(error, RangeError, `${name} payload is 126 bytes; the limit is 125`);
    }
    await expectUsable(connection, peer);
  });

  test.each(['ping', 'pong'] as const)('%s with bytes that are gone is a TypeError', async (name) => {
    const { connection, peer } = await open();
    const detached = new Uint8Array(8);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const memory = resizable(16);
    const outside = new Uint8Array(memory, 8, 8);
    memory.resize(10);
    for (const payload of [detached, detached.buffer, outside]) {
      expectArgumentError(await rejection(connection[name](payload)), TypeError, gone);
    }
    await expectUsable(connection, peer);
  });
});

describe('close', () => {
  test.each([
    ...[999, 0, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, -1, 1000.5, Number.NaN, Infinity].map(
      (code) =>
        [[code], RangeError, `close code is ${code}; expected 1000 to 1003, 1007 to 1014, or 3000 to 4999`] as const,
    ),
    [['1000'], TypeError, "close code is '1000'; expected a number"],
    [[null], TypeError, 'close code is null; expected a number'],
    [[1000, 5], TypeError, 'close reason is 5; expected a string'],
    [[1000, null], TypeError, 'close reason is null; expected a string'],
    [[1000, 'x'.repeat(124)], RangeError, 'close reason is 124 bytes; the limit is 123'],
    [[1000, 'é'.repeat(62)], RangeError, 'close reason is 124 bytes; the limit is 123'],
    [[1000, '\ud800'.repeat(42)], RangeError, 'close reason is 126 bytes; the limit is 123'],
  ] as const)('with %j is refused, and the connection stays open', async (args, type, message) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection.close(...(args as unknown as [number]))), type, message);
    await expectUsable(connection, peer);
    expect(await peer.frames('close')).toEqual([]);
  });

  test('with wrong arguments is refused after the end too', async () => {
    const { connection } = await open([answerClose()]);
    await connection.close();
    expect(await rejection(connection.close(5))).toBeInstanceOf(RangeError);
  });
});

describe('recv', () => {
  test.each([
    ['recv', { timeout: '5' }, TypeError, /^timeout is '5'; expected a number of milliseconds from 0 to/],
    ['recv', { timeout: -1 }, RangeError, /^timeout is -1; expected a number of milliseconds from 0 to/],
    ['recv', { timeout: Number.NaN }, RangeError, /^timeout is NaN; expected/],
    ['recv', { timeout: 2 ** 31 }, RangeError, /^timeout is 2147483648; expected/],
    ['recv', { signal: {} }, TypeError, /^signal is \{\}; expected an AbortSignal$/],
    ['recv', { decode: 'utf8' }, TypeError, /^decode is 'utf8'; expected true or false$/],
    ['recv', { max: 5 }, TypeError, /^unknown option max/],
    ['recv', 5, TypeError, /^options is 5; expected an object$/],
    ['recvMany', { max: 0 }, RangeError, /^max is 0; expected a whole number of messages, 1 at least$/],
    ['recvMany', { max: 1.5 }, RangeError, /^max is 1.5; expected a whole number/],
    ['recvMany', { max: '5' }, TypeError, /^max is '5'; expected a whole number/],
  ] as const)('%s(%o) is refused', async (name, options, type, message) => {
    const { connection, peer } = await open([sendText('kept')]);
    expectArgumentError(await rejection(connection[name](options as never)), type, message);
    expect(await connection.recv()).toBe('kept');
    await expectUsable(connection, peer);
  });

  test('tryRecv with a timeout is refused', async () => {
    const { connection } = await open();
    expect(() => connection.tryRecv({ timeout: 5 } as never)).toThrow(/^unknown option timeout/);
  });
});

test('using a connection after it was closed tells that it was closed, before it looks at the arguments', async () => {
  const { connection } = await open([answerClose()]);
  await connection.close();
  for (const call of [
    connection.send('x'),
    connection.send({} as never),
    connection.ping('x'.repeat(126)),
    connection.pong(),
  ]) {
    expect(await rejection(call)).toBeInstanceOf(ConnectionClosedOK);
  }
});
