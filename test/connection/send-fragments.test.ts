/** Messages sent in fragments, end to end: the frames as the peer records them. */

import { inflateRawSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SendOptions } from '../../lib/call-options.js';
import { ConcurrencyError, ConnectionClosedError, ConnectionClosedOK, TransportError } from '../../lib/errors.js';
import type { SendableFragments } from '../../lib/outgoing.js';
import type { Frame } from '../support/frames.js';
import { type Opened, open, openRaw, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  expectFrame,
  halfClose,
  mark,
  reset,
  resumeReading,
  type Script,
  sendClose,
  sendFragments,
  sendFrame,
  sendPing,
  sendText,
  stopReading,
  waitForClose,
} from '../support/scripted-peer.js';
import { MEDIUM, SHORT, sleep } from '../support/times.js';

const mebi = 1024 * 1024;

/** Frames in short: `text+ a` is a first fragment, `continuation+ b` a further one, without plus it is the last. */
function shown(frames: readonly Frame[]): string[] {
  return frames.map(({ type, fin, text }) => `${type}${fin ? '' : '+'} ${text}`);
}

/** The data frames until a message that is sent behind them. */
async function framesUntilNext({ connection, peer }: Opened): Promise<Frame[]> {
  await connection.send('next');
  for (;;) {
    const frame = await peer.expectFrame();
    if (frame.text === 'next') break;
  }
  return (await peer.frames()).filter(({ type, text }) => type !== 'ping' && text !== 'next');
}

async function framesOf(items: SendableFragments, options?: SendOptions): Promise<Frame[]> {
  const opened = await open();
  await opened.connection.send(items, options);
  return framesUntilNext(opened);
}

/** A message whose items come when the test says so. */
function pendingMessage(): { items: AsyncGenerator<string>; give(item?: string): Promise<void>; left: () => boolean } {
  let give!: (item: string | undefined) => void;
  let left = false;
  const items = async function* (): AsyncGenerator<string> {
    try {
      for (;;) {
        const item = await new Promise<string | undefined>((resolve) => {
          give = resolve;
        });
        if (item === undefined) return;
        yield item;
      }
    } finally {
      left = true;
    }
  };
  return {
    items: items(),
    left: () => left,
    give: async (item) => {
      give(item);
      await sleep(0);
    },
  };
}

/** A connection on which a message in fragments has begun: `one` is out. */
async function begun(
  script = [expectFrame(), mark('begun')],
): Promise<Opened & { message: ReturnType<typeof pendingMessage>; sending: Promise<void> }> {
  const opened = await open(script);
  const message = pendingMessage();
  const sending = opened.connection.send(message.items);
  await message.give('one');
  await opened.peer.reached('begun');
  return { ...opened, message, sending };
}

describe('send', () => {
  test('of an iterable of strings is a text message in fragments', async () => {
    expect(shown(await framesOf(['größe', '', '😀']))).toEqual([
      'text+ größe',
      'continuation+ ',
      'continuation+ 😀',
      'continuation ',
    ]);
  });

  test('of an iterable of bytes is a binary message in fragments', async () => {
    expect(shown(await framesOf([Buffer.from('a'), new Uint8Array([0x62]), new ArrayBuffer(0)]))).toEqual([
      'binary+ a',
      'continuation+ b',
      'continuation+ ',
      'continuation ',
    ]);
  });

  test('of strings with text: false is a binary message in fragments', async () => {
    expect(shown(await framesOf(['a', 'ü'], { text: false }))).toEqual([
      'binary+ a',
      'continuation+ ü',
      'continuation ',
    ]);
  });

  test('of bytes with text: true is a text message in fragments, also where they cut a code point', async () => {
    const euro = Buffer.from('€');
    const frames = await framesOf([euro.subarray(0, 1), euro.subarray(1)], { text: true });
    expect(frames.map(({ type, fin }) => [type, fin])).toEqual([
      ['text', false],
      ['continuation', false],
      ['continuation', true],
    ]);
    expect(Buffer.concat(frames.map(({ payload }) => payload)).toString()).toBe('€');
  });

  test('of an async generator sends each item as it comes', async () => {
    const { peer, message, sending } = await begun();
    await message.give('two');
    expect(await peer.expectFrame()).toMatchObject({ type: 'continuation', fin: false, text: 'two' });
    await message.give();
    expect(await peer.expectFrame()).toMatchObject({ type: 'continuation', fin: true, text: '' });
    await sending;
  });

  test('of an empty iterable sends nothing, and the connection stays fine', async () => {
    const { connection, peer } = await open([answerClose()]);
    await connection.send([]);
    await connection.send((async function* () {})());
    expect(await connection.close()).toMatchObject({ code: 1000, wasClean: true });
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
  });

  test.each([
    ['strings and bytes', ['one', Buffer.from('two')], 'in a message that began with strings'],
    ['bytes and strings', [Buffer.from('one'), 'two'], 'in a message that began with bytes'],
    ['strings and numbers', ['one', 2], 'cannot send a number'],
  ])('of an iterable that mixes %s rejects with TypeError, and fails the connection', async (_what, items, text) => {
    const { connection, peer } = await open([waitForClose(), halfClose()]);
    const error = await rejection(connection.send(items as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(text);
    expect(connection.state).toBe('CLOSING');
    expect(await connection.closed).toMatchObject({
      code: 1006,
      sent: { code: 1011, reason: 'error in fragmented message' },
    });
    expect((await peer.frames()).map(({ type, code, text }) => code ?? `${type} ${text}`)).toEqual([
      expect.stringMatching(/one$/),
      1011,
    ]);
  });

  test.each([
    ['numbers', [1, 2], 'cannot send a number'],
    ['null', [null], 'cannot send null'],
    ['iterables', [['a']], 'cannot send an array'],
  ])('of an iterable of %s rejects with TypeError, and nothing was sent', async (_what, items, text) => {
    const opened = await open();
    const error = await rejection(opened.connection.send(items as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(text);
    expect(await framesUntilNext(opened)).toEqual([]);
  });

  test.each([
    [{ a: 'b' }, 'cannot send a plain object'],
    [null, 'cannot send null'],
    [Object('text'), 'cannot send an instance of String'],
  ])('of %o is no message in fragments, but a TypeError', async (data, text) => {
    const opened = await open();
    const error = await rejection(opened.connection.send(data as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(text);
    expect(await framesUntilNext(opened)).toEqual([]);
  });

  test('of an iterable that throws in the middle rejects with that, and fails the connection', async () => {
    const { connection, peer } = await open([waitForClose(), halfClose()]);
    const problem = new Error('problem');
    const items = async function* (): AsyncGenerator<string> {
      yield 'one';
      throw problem;
    };
    expect(await rejection(connection.send(items()))).toBe(problem);
    const late = await rejection(connection.send('late'));
    expect(late).toBeInstanceOf(ConnectionClosedError);
    expect(late.message).toBe('sent 1011 (internal error) error in fragmented message; no close frame received');
    expect(shown(await peer.frames())).toEqual(['text+ one', 'close error in fragmented message']);
  });

  test('of bytes as text that are not UTF-8 in the end fails the connection', async () => {
    const { connection, peer } = await open([waitForClose(), halfClose()]);
    const error = await rejection(connection.send([Buffer.from('a'), Buffer.from([0xe2, 0x82])], { text: true }));
    expect(error.message).toBe('cannot send bytes as text; they are not UTF-8');
    await connection.closed;
    expect(await peer.frames('close')).toMatchObject([{ code: 1011 }]);
  });

  test.each([
    ['a normal closure', 1000, ConnectionClosedOK],
    ['an error closure', 1011, ConnectionClosedError],
  ])('of an iterable after %s rejects', async (_what, code, type) => {
    const { connection } = await open([sendClose(code), waitForClose(), halfClose()]);
    await connection.closed;
    expect(await rejection(connection.send(['late']))).toBeInstanceOf(type);
    expect(await rejection(connection.send(pendingMessage().items))).toBeInstanceOf(type);
  });

  test('of big items sends them whole, taken from their owner where told', async () => {
    const sizes = [100, 20_000, 3 * mebi, 0, 16_385];
    const payloads = sizes.map((size, i) => Buffer.alloc(size, i + 1));
    for (const transfer of [false, true]) {
      const { connection, peer } = await open();
      const items = payloads.map((payload) => new Uint8Array(payload));
      await connection.send(items, { transfer });
      for (const payload of payloads) expect((await peer.expectFrame()).payload.equals(payload)).toBe(true);
      expect(await peer.expectFrame()).toMatchObject({ type: 'continuation', fin: true });
      expect(items.map(({ length }) => length > 0)).toEqual(
        sizes.map((size) => size > 0 && (size < 16_385 || !transfer)),
      );
    }
  });

  test('of a stream that another connection receives passes its fragments on as they come', async () => {
    const from = await open();
    const { connection, peer } = await open();
    const sending = connection.send(from.connection.recvStream());
    for (const text of ['one', '', 'three']) {
      await from.peer.do(sendFrame({ opcode: text === 'one' ? 'binary' : 'continuation', fin: false, payload: text }));
      expect(await peer.expectFrame()).toMatchObject({ fin: false, text });
    }
    await from.peer.do(sendFrame({ opcode: 'continuation', payload: 'four' }));
    await sending;
    expect(shown(await framesUntilNext({ connection, peer }))).toEqual([
      'binary+ one',
      'continuation+ ',
      'continuation+ three',
      'continuation+ four',
      'continuation ',
    ]);
  });

  test('of the stream that the same connection receives echoes it, until close() cuts both', async () => {
    const { connection, peer } = await open([
      ...sendFragments('text', 'a', 'b'),
      sendFrame({ opcode: 'text', fin: false, payload: 'c' }),
    ]);
    await connection.send(connection.recvStream());
    const sending = rejection(connection.send(connection.recvStream()));
    while ((await peer.expectFrame()).text !== 'c');
    await Promise.all([connection.close(), peer.do(waitForClose(), halfClose())]);
    expect(await sending).toBeInstanceOf(ConnectionClosedError);
    expect(await rejection(connection.recv())).toBeInstanceOf(ConnectionClosedError);
    expect(await peer.frames('close')).toMatchObject([{ code: 1011 }]);
  });

  test('of an array sends it in one turn: close() right behind it is a normal one', async () => {
    const { connection, peer } = await open([answerClose()]);
    const sending = connection.send(['one', 'two']);
    expect(await connection.close()).toMatchObject({ code: 1000, wasClean: true });
    await sending;
    expect(shown(await peer.frames())).toEqual(['text+ one', 'continuation+ two', 'continuation ', 'close ']);
  });
});

describe('while a message is being sent in fragments', () => {
  test.each<[string, () => Parameters<Opened['connection']['send']>[0]]>([
    ['a string', () => 'other'],
    ['bytes', () => Buffer.from('other')],
    ['strings in fragments', () => ['other']],
    ['bytes in fragments', () => [Buffer.from('other')]],
  ])('sending %s is refused, and the message completes', async (_what, data) => {
    const { connection, peer, message, sending } = await begun();
    const error = await rejection(connection.send(data()));
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error.message).toBe('cannot call send while a message is being sent in fragments');
    await message.give('two');
    await message.give();
    await sending;
    expect(shown(await framesUntilNext({ connection, peer }))).toEqual([
      'text+ one',
      'continuation+ two',
      'continuation ',
    ]);
  });

  test('pings and pongs go out between its fragments, the reader’s own as well', async () => {
    const { connection, peer, message, sending } = await begun();
    connection.ping('ping').catch(() => {});
    await connection.pong('pong');
    await peer.do(expectFrame('pong'), sendPing('answer me'), expectFrame('pong'));
    await message.give('two');
    await message.give();
    await sending;
    await peer.expectFrame('continuation');
    await peer.expectFrame('continuation');
    expect(shown(await peer.frames())).toEqual([
      'text+ one',
      'ping ping',
      'pong pong',
      'pong answer me',
      'continuation+ two',
      'continuation ',
    ]);
  });

  test('messages are received', async () => {
    const { connection } = await begun([expectFrame(), mark('begun'), sendText('received')]);
    expect(await connection.recv()).toBe('received');
  });
});

describe('close() while a message is being sent in fragments', () => {
  test.each<[string, Script]>([
    ['ends its stream', [waitForClose(), halfClose()]],
    ['answers', [answerClose()]],
    ['does nothing', []],
  ])('fails the connection with 1011, and the sender is told, where the peer %s', async (_what, end) => {
    const { connection, peer, message, sending } = await begun([expectFrame(), mark('begun'), ...end]);
    const rejected = rejection(sending);
    const outcome = await connection.close();
    expect(outcome).toMatchObject({
      code: 1006,
      wasClean: false,
      sent: { code: 1011, reason: 'close during fragmented message' },
    });
    const error = await rejected;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.message).toBe('sent 1011 (internal error) close during fragmented message; no close frame received');
    expect(error.cause).toBeUndefined();
    expect(await peer.frames('close')).toMatchObject([{ code: 1011, text: 'close during fragmented message' }]);
    await message.give('late');
    expect(message.left()).toBe(true);
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['text', 'close']);
  });

  test('before its first item is a normal one', async () => {
    const { connection, peer } = await open([answerClose()]);
    const message = pendingMessage();
    const rejected = rejection(connection.send(message.items));
    expect(await connection.close(1000, 'done')).toMatchObject({ code: 1000, reason: 'done', wasClean: true });
    expect(await rejected).toBeInstanceOf(ConnectionClosedOK);
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
  });
});

describe('an end while a message is being sent in fragments', () => {
  test('by the peer’s Close rejects it, and it is no failure of ours', async () => {
    const { connection, peer, sending } = await begun();
    const rejected = rejection(sending);
    await peer.do(sendClose(1000), waitForClose(), halfClose());
    const error = await rejected;
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(await peer.frames('close')).toMatchObject([{ code: 1000 }]);
    expect(connection.state).toBe('CLOSED');
  });

  test('by a reset rejects it with that cause', async () => {
    const { peer, sending } = await begun();
    const rejected = rejection(sending);
    await peer.do(reset());
    const error = await rejected;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(TransportError);
  });

  test('by terminate() rejects it at once, without a Close', async () => {
    const { connection, peer, sending } = await begun();
    const rejected = rejection(sending);
    await connection.terminate();
    expect(await rejected).toMatchObject({ cause: { code: 'HAWSER_TERMINATED' } });
    expect(await peer.frames('close')).toEqual([]);
  });

  test('is no unhandled rejection where nobody awaits the message', async () => {
    const unhandled: unknown[] = [];
    const record = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', record);
    onTestFinished(() => void process.off('unhandledRejection', record));
    const { connection, peer } = await open([expectFrame(), mark('begun'), waitForClose(), halfClose()]);
    connection.send(
      (async function* () {
        yield 'one';
        await new Promise(() => {});
      })(),
    );
    await peer.reached('begun');
    await connection.close();
    await sleep(SHORT);
    expect(unhandled).toEqual([]);
  });
});

describe('a peer that does not read', () => {
  const item = Buffer.alloc(mebi / 4, 1);

  /** How many items of an endless message were taken when the next has to wait. */
  async function takenUntilItWaits(pulled: () => number): Promise<number> {
    for (let i = 0, last = -1; i < 100; i++, await sleep(MEDIUM)) {
      if (pulled() === last) return last;
      last = pulled();
    }
    return expect.unreachable('the message never waited');
  }

  test('has the next item wait, until it reads again', async () => {
    const { connection, peer } = await open([stopReading()]);
    let pulled = 0;
    let enough = false;
    const items = function* (): Generator<Buffer> {
      for (; !enough; pulled++) yield item;
    };
    const sending = connection.send(items());
    const taken = await takenUntilItWaits(() => pulled);
    // 50 MiB are more than all buffers hold.
    expect(taken).toBeLessThan(200);
    enough = true;
    await peer.do(resumeReading());
    await sending;
    for (let i = 0; i < pulled; i++) expect((await peer.expectFrame()).payload.equals(item)).toBe(true);
    expect(await peer.expectFrame()).toMatchObject({ type: 'continuation', fin: true, text: '' });
  });

  test('does not keep close() from ending it in time', async () => {
    const { connection } = await open([stopReading()], { closeTimeout: MEDIUM });
    let pulled = 0;
    let left = false;
    const items = async function* (): AsyncGenerator<Buffer> {
      try {
        for (; ; pulled++) yield item;
      } finally {
        left = true;
      }
    };
    const rejected = rejection(connection.send(items()));
    await takenUntilItWaits(() => pulled);
    await connection.close();
    expect(await rejected).toBeInstanceOf(ConnectionClosedError);
    expect(left).toBe(true);
  });
});

describe('a compressed message in fragments', () => {
  const acceptDeflate = accept({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } });
  const items = ['a'.repeat(1000), '', 'b\ud83d', '\ude00', 'c'.repeat(100_000)];

  test('is compressed as one, which its first frame says', async () => {
    const { connection, peer } = await openRaw([acceptDeflate]);
    await connection.send(items);
    const frames: Frame[] = [];
    do frames.push(await peer.expectFrame());
    while (!frames.at(-1)?.fin);
    expect(frames.map(({ rsv }) => rsv)).toEqual([4, 0, 0, 0, 0, 0]);
    const deflated = Buffer.concat([...frames.map(({ payload }) => payload), Buffer.from([0, 0, 0xff, 0xff])]);
    expect(deflated.length).toBeLessThan(2000);
    expect(inflateRawSync(deflated, { finishFlush: 2 }).toString()).toBe(items.join(''));
  });

  test('is not compressed with compress: false', async () => {
    const { connection, peer } = await openRaw([acceptDeflate]);
    await connection.send(items, { compress: false });
    const frames: Frame[] = [];
    do frames.push(await peer.expectFrame());
    while (!frames.at(-1)?.fin);
    expect(new Set(frames.map(({ rsv }) => rsv))).toEqual(new Set([0]));
    expect(Buffer.concat(frames.map(({ payload }) => payload)).toString()).toBe(items.join(''));
  });
});
