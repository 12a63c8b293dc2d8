import { describe, expect, test } from 'vitest';
import {
  ConcurrencyError,
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStream,
  TimeoutError,
  TransportError,
} from '../../lib/errors.js';
import { blockLoop } from '../support/event-loop.js';
import { encodeBinary, encodeText } from '../support/frames.js';
import { ending, open, rejection } from '../support/opened.js';
import {
  answerClose,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  reset,
  sendBinary,
  sendClose,
  sendPing,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT } from '../support/times.js';

describe('the end', () => {
  test('a normal closure rejects with ConnectionClosedOK, and so does every later recv', async () => {
    const { connection } = await open([sendClose(1000, 'done'), waitForClose(), halfClose()]);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error).toMatchObject({ closeCode: 1000, closeReason: 'done', receivedFirst: true });
    expect(error.message).toBe('received 1000 (OK) done; then sent 1000 (OK)');
    expect(error.cause).toBeUndefined();
    for (let i = 0; i < 3; i++) {
      const later = await ending(connection);
      expect(later).toBeInstanceOf(ConnectionClosedOK);
      expect(later.outcome).toBe(error.outcome);
    }
    expect(() => connection.tryRecv()).toThrow(ConnectionClosedOK);
    expect(await rejection(connection.recvMany())).toBeInstanceOf(ConnectionClosedOK);
  });

  test('an error closure rejects with ConnectionClosedError', async () => {
    const { connection } = await open([sendClose(1011, 'oops'), waitForClose(), halfClose()]);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1011, closeReason: 'oops' });
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });

  test('messages that arrived before the end come first', async () => {
    const { connection } = await open([together(sendText('one'), sendText('two'), sendClose(1011)), halfClose()]);
    await connection.closed;
    expect(connection.state).toBe('CLOSED');
    expect(await connection.recv()).toBe('one');
    expect(connection.tryRecv()).toBe('two');
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });

  test('a recv that waits is told that the stream ended without a Close', async () => {
    const { connection, peer } = await open();
    const waiting = ending(connection);
    await peer.do(halfClose());
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, closeReason: '', message: 'no close frame received or sent' });
    expect(error.cause).toBeInstanceOf(EndOfStream);
  });

  test('a recv that waits is told that the connection was reset', async () => {
    const { connection, peer } = await open();
    const waiting = ending(connection);
    await peer.do(reset());
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.closeCode).toBe(1006);
    expect(error.cause).toBeInstanceOf(TransportError);
    expect(error.cause).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });
});

describe('giving up', () => {
  test('a timeout rejects, in time, and loses nothing', async () => {
    const { connection, peer } = await open();
    const began = now();
    const error = await rejection(connection.recv({ timeout: MEDIUM }));
    expect(now() - began).toBeGreaterThanOrEqual(MEDIUM - 1);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe(`recv got no message within ${MEDIUM} ms`);
    await peer.do(sendText('late'));
    expect(await connection.recv({ timeout: LONG })).toBe('late');
    expect(connection.state).toBe('OPEN');
  });

  test('a timeout of 0 takes what is here and never waits', async () => {
    const { connection, peer } = await open();
    expect(await rejection(connection.recv({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
    await peer.do(together(sendText('one'), sendText('two'), sendPing()), expectFrame('pong'));
    // The pong says that the reader has read them; it publishes them within the same turn of its loop.
    expect(await connection.recv()).toBe('one');
    expect(await connection.recv({ timeout: 0 })).toBe('two');
    expect(await rejection(connection.recv({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
  });

  test('a message that was in time is received, though JavaScript was busy until after the timeout', async () => {
    const { connection, peer } = await open();
    const waiting = connection.recv({ timeout: SHORT });
    peer.do(sendText('in time'));
    blockLoop(MEDIUM);
    expect(await waiting).toBe('in time');
  });

  test('timeouts that fall between messages lose none and double none', async () => {
    const { connection } = await open([flood(5_000), sendClose(1000), waitForClose(), halfClose()]);
    const received = [];
    for (;;) {
      try {
        received.push(await connection.recv({ timeout: received.length % 3 }));
      } catch (error) {
        if (error instanceof ConnectionClosedOK) break;
        expect(error).toBeInstanceOf(TimeoutError);
      }
    }
    expect(received).toEqual(Array.from({ length: 5_000 }, (_, i) => floodPayload(i, 16)));
  });

  test('a signal rejects with its reason and loses nothing', async () => {
    const { connection, peer } = await open();
    const abort = new AbortController();
    const waiting = rejection<string>(connection.recv({ signal: abort.signal }));
    abort.abort('enough');
    expect(await waiting).toBe('enough');
    await peer.do(sendText('late'));
    expect(await connection.recv({ signal: new AbortController().signal })).toBe('late');
  });

  test('a signal that has aborted before rejects though a message is here', async () => {
    const { connection } = await open([together(sendText('one'), sendText('two'))]);
    expect(await connection.recv()).toBe('one');
    expect(await rejection(connection.recv({ signal: AbortSignal.abort() }))).toMatchObject({ name: 'AbortError' });
    expect(await connection.recv()).toBe('two');
  });

  test('recvMany gives up the same way', async () => {
    const { connection, peer } = await open();
    expect(await rejection(connection.recvMany({ timeout: SHORT }))).toBeInstanceOf(TimeoutError);
    const signal = AbortSignal.timeout(SHORT);
    expect(await rejection(connection.recvMany({ signal }))).toMatchObject({ name: 'TimeoutError' });
    await peer.do(sendText('late'));
    expect(await connection.recvMany()).toEqual(['late']);
  });
});

describe('one consumer at a time', () => {
  const calls = {
    recv: (c) => c.recv(),
    recvMany: (c) => c.recvMany().then(([message]) => message),
    'the iterator’s next': (c) =>
      c[Symbol.asyncIterator]()
        .next()
        .then(({ value }) => value),
    'the next of batches': (c) =>
      c
        .batches()
        .next()
        .then(({ value }) => value?.[0]),
    tryRecv: async (c) => c.tryRecv(),
  } satisfies Record<string, (connection: Awaited<ReturnType<typeof open>>['connection']) => Promise<unknown>>;

  const waiting = Object.keys(calls).filter((name) => name !== 'tryRecv') as (keyof typeof calls)[];
  const pairs = waiting.flatMap((first) => (Object.keys(calls) as typeof waiting).map((second) => [first, second]));

  test.each(pairs)('while %s waits, %s is refused, and the first goes on', async (first, second) => {
    const { connection, peer } = await open();
    const one = calls[first as 'recv'](connection);
    const error = await rejection(calls[second as 'recv'](connection));
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error.message).toMatch(
      /^cannot call \w+ while another call to recv, recvMany, recvStream or batches is under way$/,
    );
    await peer.do(sendText('for the first'));
    expect(await one).toBe('for the first');
    await peer.do(sendText('for the next'));
    expect(await connection.recv()).toBe('for the next');
  });

  test('after a timeout the way is free', async () => {
    const { connection, peer } = await open();
    await rejection(connection.recv({ timeout: 1 }));
    const waiting = connection.recv();
    await peer.do(sendText('x'));
    expect(await waiting).toBe('x');
  });
});

describe('tryRecv', () => {
  test('is undefined where no message is here', async () => {
    const { connection } = await open();
    expect(connection.tryRecv()).toBeUndefined();
  });

  test('takes what is here, in the form asked for', async () => {
    const { connection } = await open([together(sendText('one'), sendText('two'), sendBinary(Buffer.from('three')))]);
    expect(await connection.recv()).toBe('one');
    expect(connection.tryRecv({ decode: false })).toEqual(Buffer.from('two'));
    expect(connection.tryRecv({ decode: true })).toBe('three');
    expect(connection.tryRecv()).toBeUndefined();
  });
});

describe('recvMany', () => {
  test('takes what is here, one message at least', async () => {
    const { connection } = await open([together(sendText('one'), sendBinary(Buffer.from('two')), sendText('three'))]);
    expect(await connection.recvMany()).toEqual(['one', Buffer.from('two'), 'three']);
  });

  test('takes no more than max, and the rest stays', async () => {
    const { connection } = await open([together(...['a', 'b', 'c', 'd', 'e'].map(sendText))]);
    expect(await connection.recvMany({ max: 2 })).toEqual(['a', 'b']);
    expect(await connection.recv()).toBe('c');
    expect(await connection.recvMany({ max: 9 })).toEqual(['d', 'e']);
  });

  test('converts, up to a message that can’t be', async () => {
    const bad = Buffer.from([0xff]);
    const { connection } = await open([
      together(sendText('a'), sendBinary(Buffer.from('b')), sendBinary(bad), sendText('d')),
    ]);
    expect(await connection.recvMany({ decode: true })).toEqual(['a', 'b']);
    expect(await rejection(connection.recvMany({ decode: true }))).toMatchObject({ code: 'HAWSER_INVALID_UTF8' });
    expect(await connection.recvMany({ decode: false })).toEqual([bad, Buffer.from('d')]);
  });

  test('a flood comes in order, none lost, and then the end', async () => {
    const count = 100_000;
    const { connection } = await open([flood(count, { size: 40 }), answerClose()]);
    let received = 0;
    while (received < count) {
      for (const message of await connection.recvMany()) {
        if (message !== floodPayload(received, 40)) expect(message).toBe(floodPayload(received, 40));
        received++;
      }
    }
    await connection.close();
    expect(await rejection(connection.recvMany())).toBeInstanceOf(ConnectionClosedOK);
  });

  test('bytes of every frame size come as they were sent', async () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
    const payloads = Array.from({ length: 300 }, (_, i) => Buffer.alloc(i, everyByte));
    const bytes = Buffer.concat(
      payloads.flatMap((payload) => [encodeBinary(payload), encodeText(`${payload.length}`)]),
    );
    const { connection } = await open([sendRaw(bytes)]);
    for (const payload of payloads) {
      expect(payload.equals((await connection.recv()) as Buffer)).toBe(true);
      expect(await connection.recv()).toBe(`${payload.length}`);
    }
  });
});
