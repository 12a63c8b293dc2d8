import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { blockLoop } from '../support/event-loop.js';
import { encodeClose, encodeFrame, encodeText, type FrameSpec } from '../support/frames.js';
import { open, openRaw } from '../support/opened.js';
import {
  accept,
  answerClose,
  answerPings,
  expectFrame,
  flood,
  halfClose,
  mark,
  reset,
  resumeReading,
  sendBinary,
  sendClose,
  sendFrame,
  sendPing,
  sendText,
  stopReading,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { DEADLINE, LONG, MEDIUM, SHORT, sleep, until } from '../support/times.js';

const mebi = 1024 * 1024;
const noFrames = { text: 0, binary: 0, continuation: 0, close: 0, ping: 0, pong: 0 };

/** Bytes of the response's head as the scripted peer writes it. */
const acceptance = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Accept: ${'x'.repeat(28)}`,
  '\r\n',
].join('\r\n').length;

/** Bytes of a client's frame whose payload is short. */
const masked = (payload: number): number => 2 + 4 + payload;

describe('traffic', () => {
  test('of a connection that was just opened is its handshake, byte for byte', async () => {
    const { connection, peer } = await open();
    const { head } = await peer.request();
    await until(() => connection.stats().received.wireBytes > 0, LONG, 'the first stats');
    const none = { messages: 0, messageBytes: 0, frames: noFrames };
    expect(connection.stats()).toEqual({
      received: { ...none, wireBytes: acceptance },
      sent: { ...none, wireBytes: head.length },
      queue: { messages: 0, bytes: 0, mostBytes: 0, highWaterHits: 0, pausedTime: 0 },
      batches: { count: 0, messages: 0, largest: 0 },
      wakes: connection.stats().wakes,
      latency: 0,
      readerCpuTime: expect.any(Number),
    });
  });

  test('is counted by messages, bytes and frames of each kind, exactly, and stays after the end', async () => {
    const frames: FrameSpec[] = [
      { opcode: 'text', payload: 'größe' },
      { opcode: 'binary', payload: Buffer.alloc(70_000) },
      { opcode: 'text', fin: false, payload: 'a' },
      { opcode: 'ping', payload: 'p' },
      { opcode: 'continuation', fin: false, payload: 'b' },
      { opcode: 'continuation', payload: '' },
      { opcode: 'pong' },
    ];
    const { connection, peer } = await open([
      ...Array.from({ length: 4 }, () => expectFrame()),
      ...frames.map((frame) => sendFrame(frame)),
      expectFrame('pong'),
      answerClose(),
    ]);
    await connection.send('hello');
    await connection.send(Buffer.alloc(200));
    await connection.send(['one', 'two']);
    for (const length of [5, 70_000, 2]) expect(await connection.recv()).toHaveLength(length);
    await connection.close(1000, 'bye');
    const { received, sent } = connection.stats();
    const size = frames.reduce((sum, frame) => sum + encodeFrame(frame).length, 0);
    expect(received).toEqual({
      messages: 3,
      messageBytes: 7 + 70_000 + 2,
      wireBytes: acceptance + size + encodeClose(1000, 'bye').length,
      frames: { text: 2, binary: 1, continuation: 2, close: 1, ping: 1, pong: 1 },
    });
    const { head } = await peer.request();
    expect(sent).toEqual({
      messages: 3,
      messageBytes: 5 + 200 + 6,
      // The second has two more bytes of length; the third ends with an empty frame.
      wireBytes:
        head.length + masked(5) + (masked(200) + 2) + masked(3) + masked(3) + masked(0) + masked(1) + masked(5),
      frames: { text: 2, binary: 1, continuation: 2, close: 1, ping: 0, pong: 1 },
    });
    expect((await peer.frames()).length).toBe(7);
  });

  test('counts each message that was received, at once and under a flood as well', async () => {
    const { connection } = await open([sendText('first'), flood(200_000, { size: 40 })]);
    let taken = 0;
    for await (const messages of connection.batches()) {
      taken += messages.length;
      const { received, batches } = connection.stats();
      expect(received.messages).toBeGreaterThanOrEqual(taken);
      expect(received.messageBytes).toBeGreaterThanOrEqual(5 + 40 * (taken - 1));
      expect(batches.messages).toBe(taken);
      if (taken === 200_001) break;
    }
  });

  test('counts the pong that resolved a ping', async () => {
    const { connection } = await open([answerPings()]);
    for (let i = 1; i <= 100; i++) {
      const latency = await connection.ping();
      const { received, sent, latency: last } = connection.stats();
      expect([received.frames.pong, sent.frames.ping, last]).toEqual([i, i, latency]);
    }
  });

  test('counts keepalive pings that nobody answers', async () => {
    const { connection } = await open([], { pingInterval: MEDIUM, pingTimeout: null });
    await until(() => connection.stats().sent.frames.ping > 0, LONG, 'a ping');
  });

  test('counts what the peer takes of a big message while it does', async () => {
    const { connection, peer } = await open([stopReading()]);
    const size = 64 * mebi;
    connection.send(Buffer.alloc(size)).catch(() => {});
    await until(() => connection.stats().sent.messageBytes === size, DEADLINE, 'the message to be counted');
    const { head } = await peer.request();
    const whole = head.length + size + 14;
    expect(connection.stats().sent.wireBytes).toBeLessThan(whole);
    await peer.do(resumeReading());
    await until(() => connection.stats().sent.wireBytes === whole, DEADLINE, 'the last byte to be counted');
  });

  test('is that of the frames before the one that broke the protocol', async () => {
    const { connection } = await open([sendText('a'), sendFrame({ opcode: 'text', rsv: 1 }), halfClose()]);
    await connection.closed;
    const { received, sent } = connection.stats();
    expect(received).toMatchObject({ messages: 1, frames: { text: 1 } });
    expect(received.wireBytes).toBe(acceptance + encodeText('a').length + 2);
    expect(sent.frames.close).toBe(1);
  });

  test('is still there after a reset', async () => {
    const { connection, peer } = await open([sendText('a')]);
    expect(await connection.recv()).toBe('a');
    await peer.do(reset());
    await connection.closed;
    expect(connection.stats()).toMatchObject({ received: { messages: 1 }, sent: { messages: 0 } });
    expect(connection.stats()).toEqual(connection.stats());
  });
});

describe('compression', () => {
  /** A connection to `ws`, which compresses, and its socket there. */
  async function compressing(): Promise<{ connection: Connection; socket: Socket }> {
    const server = new WebSocketServer({ port: 0, perMessageDeflate: { threshold: 0 } });
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const connection = await connect(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    onTestFinished(async () => {
      await connection.terminate();
    });
    const [peer, request] = await accepted;
    peer.on('message', (data: Buffer, isBinary: boolean) => peer.send(data, { binary: isBinary }));
    return { connection, socket: request.socket };
  }

  test('shows in the bytes on the wire, not in those of the messages', async () => {
    const { connection, socket } = await compressing();
    expect(connection.extensions).toContain('permessage-deflate');
    const text = 'größe '.repeat(20_000);
    await connection.send(text);
    await connection.send(Buffer.alloc(100_000));
    expect(await connection.recv()).toBe(text);
    expect(await connection.recv()).toHaveLength(100_000);
    await connection.close();
    const { received, sent } = connection.stats();
    const bytes = Buffer.byteLength(text) + 100_000;
    expect([received.messages, received.messageBytes]).toEqual([2, bytes]);
    expect([sent.messages, sent.messageBytes]).toEqual([2, bytes]);
    expect(received.wireBytes).toBe(socket.bytesWritten);
    expect(sent.wireBytes).toBe(socket.bytesRead);
    expect(received.wireBytes).toBeLessThan(bytes / 20);
    expect(sent.wireBytes).toBeLessThan(bytes / 20);
  });
});

describe('the queue', () => {
  test('holds what was received until it was consumed', async () => {
    const messages = [sendBinary(Buffer.alloc(10)), sendBinary(Buffer.alloc(20)), sendBinary(Buffer.alloc(30))];
    const { connection, peer } = await open([together(...messages, sendPing()), expectFrame('pong'), mark('read')]);
    await peer.reached('read');
    await until(() => connection.stats().queue.messages === 3, LONG, 'the messages');
    expect(connection.stats().queue).toMatchObject({ messages: 3, bytes: 60, mostBytes: 60, highWaterHits: 0 });
    await connection.recv();
    // The batch is held as a whole.
    expect(connection.stats().queue).toMatchObject({ messages: 3, bytes: 60 });
    await connection.recvMany();
    expect(connection.stats().queue).toMatchObject({ messages: 0, bytes: 0, mostBytes: 60 });
    expect(connection.stats().batches).toEqual({ count: 1, messages: 3, largest: 3 });
  });

  test('counts how often and how long its marks stopped the reading', async () => {
    const { connection, peer } = await open([sendText('a')], { maxQueue: [1, 0] });
    await peer.do(together(sendText('b'), sendText('c')));
    await until(() => connection.stats().queue.highWaterHits === 1, LONG, 'a pause');
    const before = connection.stats().queue.pausedTime;
    await sleep(MEDIUM);
    const paused = connection.stats().queue.pausedTime;
    expect(paused - before).toBeGreaterThanOrEqual(MEDIUM - 2);
    expect(paused).toBeLessThan(DEADLINE);
    let received = 0;
    while (received < 3) received += (await connection.recvMany()).length;
    await peer.do(sendText('d'));
    expect(await connection.recv()).toBe('d');
    const { pausedTime } = connection.stats().queue;
    await sleep(SHORT);
    expect(connection.stats().queue).toMatchObject({ highWaterHits: 1, pausedTime });
    expect(pausedTime).toBeGreaterThanOrEqual(paused);
  });

  test('is not paused any more once the connection closes, which reads on', async () => {
    const { connection, peer } = await open([together(sendText('a'), sendText('b'))], { maxQueue: [1, 0] });
    await until(() => connection.stats().queue.highWaterHits === 1, LONG, 'a pause');
    const closing = connection.close();
    await peer.expectFrame('close');
    await until(() => connection.stats().sent.frames.close === 1, LONG, 'the Close to be counted');
    const { pausedTime } = connection.stats().queue;
    await sleep(MEDIUM);
    expect(connection.stats().queue.pausedTime).toBe(pausedTime);
    await peer.do(sendClose(1000), halfClose());
    await closing;
    expect(connection.stats().queue.pausedTime).toBe(pausedTime);
  });

  test('never tells a time paused that is none, whenever it is asked under a flood', async () => {
    const { connection } = await open([flood(20_000, { size: 100 })], { maxQueue: [100, 10] });
    let received = 0;
    let last = 0;
    while (received < 20_000) {
      received += (await connection.recvMany()).length;
      const { pausedTime } = connection.stats().queue;
      expect(pausedTime).toBeGreaterThanOrEqual(last);
      expect(pausedTime).toBeLessThan(DEADLINE);
      last = pausedTime;
    }
    expect(connection.stats().queue.highWaterHits).toBeGreaterThan(0);
  });
});

describe('the reader', () => {
  test('wakes nobody for pings that it answers by itself', async () => {
    const pings = Array.from({ length: 20 }, () => [sendPing('x'), expectFrame('pong')]).flat();
    const { connection, peer } = await open();
    const { wakes } = connection.stats();
    await peer.do(...pings);
    await until(() => connection.stats().sent.frames.pong === 20, LONG, 'the pongs to be counted');
    expect(connection.stats().wakes).toBe(wakes);
  });

  test('wakes once for messages that somebody waits for, however many', async () => {
    const { connection, peer } = await open();
    const received = connection.recv();
    await sleep(0);
    const { wakes } = connection.stats();
    await peer.do(together(sendText('a'), sendText('b')), sendText('c'), sendPing(), expectFrame('pong'));
    blockLoop(SHORT);
    await received;
    expect(connection.stats().wakes).toBe(wakes + 1);
  });

  test('uses the processor, and its time never falls, not at the end either', async () => {
    const { connection } = await open([flood(50_000), sendClose(1000), waitForClose(), halfClose()]);
    let last = 0;
    const look = (): void => {
      const { readerCpuTime } = connection.stats();
      expect(readerCpuTime).toBeGreaterThanOrEqual(last);
      last = readerCpuTime;
    };
    for await (const _ of connection.batches()) look();
    look();
    await connection.closed;
    look();
    expect(last).toBeGreaterThan(0);
    await sleep(SHORT);
    expect(connection.stats().readerCpuTime).toBe(last);
  });
});

test('messages that came with the response are counted, and so are their bytes', async () => {
  const { connection } = await openRaw([together(accept(), sendText('early'))]);
  expect(await connection.recv()).toBe('early');
  expect(connection.stats().received).toMatchObject({ messages: 1, wireBytes: acceptance + 7 });
});
