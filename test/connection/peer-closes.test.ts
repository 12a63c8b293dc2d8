import { describe, expect, test } from 'vitest';
import {
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStream,
  ProtocolError,
  TimeoutError,
  TransportError,
} from '../../lib/errors.js';
import type { FrameSpec } from '../support/frames.js';
import { ending, inWords, open } from '../support/opened.js';
import {
  destroy,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  inPieces,
  reset,
  type Step,
  sendBinary,
  sendClose,
  sendFrame,
  sendPing,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT } from '../support/times.js';

describe('a Close of the peer', () => {
  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    'is echoed with its code: %i',
    async (code) => {
      const { connection, peer } = await open([sendClose(code, 'why'), waitForClose(), halfClose()]);
      const outcome = await connection.closed;
      expect(outcome).toMatchObject({ code, reason: 'why', wasClean: true, receivedFirst: true });
      expect(outcome).toMatchObject({ received: { code, reason: 'why' }, sent: { code, reason: '' } });
      expect(outcome.cause).toBeUndefined();
      expect(await peer.frames()).toMatchObject([{ type: 'close', code }]);
    },
  );

  test('without a code is 1005, and is answered without one', async () => {
    const { connection, peer } = await open([sendClose(), waitForClose(), halfClose()]);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error).toMatchObject({ closeCode: 1005, closeReason: '', sent: { code: 1005, reason: '' } });
    expect(await peer.frames()).toMatchObject([{ type: 'close', payload: Buffer.alloc(0) }]);
  });

  test('may have a reason as long as a Close can hold', async () => {
    const reason = `${'é'.repeat(61)}x`;
    const { connection } = await open([sendClose(1000, reason), waitForClose(), halfClose()]);
    expect((await connection.closed).reason).toBe(reason);
  });

  test('may come byte by byte', async () => {
    const { connection } = await open([inPieces(1, sendClose(1001, 'bye')), waitForClose(), halfClose()]);
    expect(await connection.closed).toMatchObject({ code: 1001, reason: 'bye' });
  });

  test('may come between the fragments of a message, which is lost', async () => {
    const { connection } = await open([
      sendText('whole'),
      sendFrame({ opcode: 'text', fin: false, payload: 'half' }),
      sendClose(1001),
      waitForClose(),
      halfClose(),
    ]);
    expect(await connection.recv()).toBe('whole');
    expect(await ending(connection)).toMatchObject({ closeCode: 1001 });
  });

  test('is the last that counts: what follows is ignored', async () => {
    const garbage = sendRaw(Buffer.alloc(100, 0xff));
    const rest = [sendText('after'), sendPing('after'), sendClose(4000), garbage];
    const { connection, peer } = await open([
      together(sendText('before'), sendClose(1000), ...rest),
      waitForClose(),
      ...rest,
      halfClose(),
    ]);
    expect(await connection.recv()).toBe('before');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.cause).toBeUndefined();
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
  });

  test('ends the connection within closeTimeout where the peer does not end the stream', async () => {
    const { connection } = await open([sendClose(1000)], { closeTimeout: MEDIUM });
    const began = now();
    const outcome = await connection.closed;
    expect(now() - began).toBeLessThan(MEDIUM + LONG);
    expect(inWords(outcome)).toBe('received 1000, sent 1000');
    expect(outcome.cause).toBeInstanceOf(TimeoutError);
  });

  test('comes after the messages before it, and the stream’s end right behind it loses none', async () => {
    const count = 20_000;
    const { connection } = await open([
      flood(count, { size: 50 }),
      together(sendText('last'), sendClose(1000)),
      destroy(),
    ]);
    await connection.closed;
    for (let i = 0; i < count; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, 50)) expect(message).toBe(floodPayload(i, 50));
    }
    expect(await connection.recv()).toBe('last');
    expect(await ending(connection)).toMatchObject({ closeCode: 1000 });
  });

  test.each([
    ['a payload of one byte', Buffer.from([3]), 1002, 'close frame with a payload of 1 byte'],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      return [`code ${code}`, payload, 1002, 'invalid close code'] as const;
    }),
    ['a reason that is not UTF-8', Buffer.from([0x03, 0xe8, 0x66, 0xff]), 1007, 'close reason is not valid UTF-8'],
    ['half a character at its end', Buffer.from([0x03, 0xe8, 0xe2, 0x82]), 1007, 'close reason is not valid UTF-8'],
  ] as const)('fails the connection where it has %s', async (_what, payload, code, message) => {
    const { connection, peer } = await open([sendFrame({ opcode: 'close', payload }), waitForClose(), halfClose()]);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, received: undefined, sent: { code } });
    expect(error.cause).toBeInstanceOf(ProtocolError);
    expect(error.cause).toMatchObject({ message, closeCode: code });
    expect(await peer.frames()).toMatchObject([{ type: 'close', code }]);
  });
});

describe('an end without a Close', () => {
  test.each([
    ['half-closes', [halfClose()]],
    ['closes the socket', [destroy()]],
    ['ends the stream within a header', [sendRaw('\x82'), halfClose()]],
    ['ends the stream within a payload', [sendFrame({ opcode: 'text', payload: 'x', declaredLength: 2 }), halfClose()]],
    ['ends the stream within a message', [sendFrame({ opcode: 'text', fin: false, payload: 'x' }), halfClose()]],
  ])('is the end of the stream where the peer %s', async (_what, steps: Step[]) => {
    const { connection, peer } = await open([sendText('whole'), ...steps]);
    expect(await connection.recv()).toBe('whole');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, closeReason: '', received: undefined, sent: undefined });
    expect(error.cause).toBeInstanceOf(EndOfStream);
    expect(await peer.frames()).toEqual([]);
  });

  test('is the transport’s error where the peer resets', async () => {
    const { connection } = await open([sendText('whole'), reset()]);
    expect(await connection.recv()).toBe('whole');
    const error = await ending(connection);
    expect(error).toMatchObject({ closeCode: 1006, received: undefined, sent: undefined });
    expect(error.cause).toBeInstanceOf(TransportError);
    expect(error.cause).toMatchObject({ code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' });
  });

  test('comes after all that was sent before', async () => {
    const { connection } = await open([flood(10_000), halfClose()]);
    const outcome = await connection.closed;
    expect(outcome.cause).toBeInstanceOf(EndOfStream);
    for (let i = 0; i < 10_000; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, 16)) expect(message).toBe(floodPayload(i, 16));
    }
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });
});

describe('a peer that breaks the protocol', () => {
  const frame = (spec: Partial<FrameSpec>): Step => sendFrame({ opcode: 'text', payload: 'x', ...spec });
  const fragment = frame({ fin: false });

  test.each([
    ['a reserved bit, RSV1', [frame({ rsv: 4 })], 'reserved bits are set'],
    ['a reserved bit, RSV2', [frame({ rsv: 2 })], 'reserved bits are set'],
    ['a reserved bit, RSV3', [frame({ rsv: 1 })], 'reserved bits are set'],
    ['a reserved bit in a control frame', [frame({ opcode: 'ping', rsv: 4 })], 'reserved bits are set'],
    ['a reserved data opcode', [frame({ opcode: 3 })], 'reserved opcode'],
    ['a reserved control opcode', [frame({ opcode: 11 })], 'reserved opcode'],
    ['a masked frame', [frame({ maskingKey: Buffer.from('abcd') })], 'masked frame from a server'],
    [
      '125 in two bytes',
      [frame({ payload: 'x'.repeat(125), lengthBytes: 2 })],
      'payload length is not minimally encoded',
    ],
    [
      '65535 in eight bytes',
      [frame({ declaredLength: 65535, lengthBytes: 8 })],
      'payload length is not minimally encoded',
    ],
    ['a length above 2^63', [frame({ declaredLength: 2n ** 63n })], 'payload length has its most significant bit set'],
    ['a ping of 126 bytes', [sendPing('x'.repeat(126))], 'control frame over 125 bytes'],
    ['a Close of 126 bytes', [sendClose(1000, 'x'.repeat(124))], 'control frame over 125 bytes'],
    ['a fragmented ping', [frame({ opcode: 'ping', fin: false })], 'fragmented control frame'],
    [
      'a continuation of nothing',
      [frame({ opcode: 'continuation' })],
      'continuation frame without a message to continue',
    ],
    ['a message within another', [fragment, frame({})], 'new message before the last one was finished'],
    [
      'a binary message within a text',
      [fragment, sendBinary(Buffer.from('x'))],
      'new message before the last one was finished',
    ],
  ])('with %s is told 1002', async (_what, steps: Step[], message) => {
    const { connection, peer } = await open([
      sendText('before'),
      together(...steps, sendText('after')),
      waitForClose(),
      halfClose(),
    ]);
    expect(await connection.recv()).toBe('before');
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ closeCode: 1006, received: undefined, receivedFirst: false, sent: { code: 1002 } });
    expect(error.message).toMatch(/^sent 1002 \(protocol error\) .*; no close frame received$/);
    expect(error.cause).toBeInstanceOf(ProtocolError);
    expect(error.cause).toMatchObject({ message, closeCode: 1002 });
    expect(await peer.frames()).toMatchObject([{ type: 'close', code: 1002 }]);
  });

  test('is found by the first bytes of a frame that never ends', async () => {
    const { connection, peer } = await open([sendRaw('\x83'), waitForClose(), halfClose()]);
    expect(await ending(connection)).toMatchObject({ sent: { code: 1002 } });
    expect(await peer.frames()).toHaveLength(1);
  });

  test('sees the end of the stream right behind our Close', async () => {
    const { peer } = await open([sendRaw('\xff\xff')]);
    const ended = await peer.ended();
    const [close] = await peer.frames('close');
    expect(ended).toMatchObject({ how: 'fin', incomplete: 0 });
    // The socket itself is closed a second later, if the peer does nothing.
    expect(ended.at - close!.at).toBeLessThan(700);
  });

  test('is not waited for long, whatever closeTimeout is', async () => {
    const { connection } = await open([sendRaw('\xff\xff')], { closeTimeout: null });
    const began = now();
    const outcome = await connection.closed;
    // A second, for the peer's end of the stream.
    expect(now() - began).toBeLessThan(1000 + LONG);
    expect(outcome.cause).toBeInstanceOf(ProtocolError);
  });

  test('is not waited for where it ends the stream, and a Close of its own changes nothing', async () => {
    const { connection } = await open([sendRaw('\xff\xff'), waitForClose(), sendClose(1000), halfClose()]);
    const outcome = await connection.closed;
    expect(inWords(outcome)).toBe('sent 1002');
    expect(outcome.cause).toBeInstanceOf(ProtocolError);
  });

  test('has what it sent before received', async () => {
    const { connection } = await open([
      together(sendText('one'), sendText('two'), sendRaw('\xff\xff')),
      expectFrame(),
      halfClose(),
    ]);
    await connection.closed;
    expect(await connection.recv()).toBe('one');
    expect(await connection.recv()).toBe('two');
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedError);
  });

  test('can’t have its messages answered: sends are refused from then on', async () => {
    const { connection, peer } = await open([sendRaw('\xff\xff')], { closeTimeout: SHORT });
    await connection.closed;
    await expect(connection.send('x')).rejects.toBeInstanceOf(ConnectionClosedError);
    expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
  });
});
