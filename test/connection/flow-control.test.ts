import { deflateRawSync, constants as zlib } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ConnectOptions } from '../../lib/options.js';
import { type Opened, open, openRaw, rejection } from '../support/opened.js';
import {
  accept,
  answerClose,
  answerPings,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  mark,
  sendBinary,
  sendClose,
  sendFrame,
  sendPing,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { DEADLINE, LONG, MARGIN, MEDIUM, now, SHORT, sleep, withDeadline } from '../support/times.js';

const kibi = 1024;

/**
 * Sends a ping and says whether it was answered after some time, which is whether the reader reads from the network: it
 * answers without JavaScript.
 */
async function probe({ peer }: Opened): Promise<{ answeredWithin(milliseconds: number): Promise<boolean> }> {
  await peer.do(sendPing('probe'));
  const pong = peer.expectFrame('pong').then(() => true);
  pong.catch(() => {});
  return { answeredWithin: (milliseconds) => Promise.race([pong, sleep(milliseconds).then(() => false)]) };
}

/** Sends pings until one is not answered, since the reader has paused. */
async function unanswered(opened: Opened): Promise<Awaited<ReturnType<typeof probe>>> {
  for (let i = 0; i < 3; i++) {
    const pong = await probe(opened);
    if (!(await pong.answeredWithin(3 * MEDIUM))) return pong;
  }
  return expect.unreachable('the reader reads on');
}

/** A connection whose peer has sent messages, which the reader has read. Nobody receives them. */
async function filled(count: number, size: number, options?: ConnectOptions): Promise<Opened> {
  const messages = Array.from({ length: count }, (_, i) => sendBinary(Buffer.alloc(size, i)));
  const opened = await open([together(...messages, sendPing('filled')), expectFrame('pong'), mark('filled')], options);
  await opened.peer.reached('filled');
  return opened;
}

describe('the high-water mark', () => {
  test('of messages stops reading', async () => {
    const opened = await filled(3, 10, { maxQueue: 2 });
    await unanswered(opened);
  });

  test('lets as many messages as it says wait without stopping', async () => {
    const opened = await filled(2, 10, { maxQueue: 2 });
    const pong = await probe(opened);
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });

  test('of bytes stops reading', async () => {
    const opened = await filled(3, 500, { maxQueue: { bytes: 1000 } });
    await unanswered(opened);
  });

  test('of bytes lets as many wait without stopping', async () => {
    const opened = await filled(2, 500, { maxQueue: { bytes: 1000 } });
    const pong = await probe(opened);
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });

  test.each([
    ['null', null],
    ['null for messages and for bytes', { messages: null, bytes: null }],
  ])('where it is %s, everything is read', async (_what, maxQueue) => {
    const count = 100_000;
    const { connection, peer } = await open([flood(count, { size: 200 }), mark('sent'), answerClose()], { maxQueue });
    // More than the kernel's buffers and the default marks hold.
    await withDeadline(peer.reached('sent'), DEADLINE, 'the flood to leave the peer');
    expect(connection.state).toBe('OPEN');
    let received = 0;
    while (received < count) received += (await connection.recvMany()).length;
  });
});

describe('the low-water mark', () => {
  // Some messages of this size fill a batch, and only a batch that was received whole makes room.
  const size = 30 * kibi;

  /** Receives up to the message `last`, as which it came. */
  async function receive({ connection }: Opened, first: number, last: number): Promise<void> {
    for (let i = first; i <= last; i++) expect((await connection.recv())[0]).toBe(i);
  }

  test('is where reading goes on, and not above it', async () => {
    const opened = await filled(7, size, { maxQueue: [6, 2] });
    const pong = await unanswered(opened);
    await receive(opened, 0, 3);
    expect(await pong.answeredWithin(3 * MEDIUM)).toBe(false);
    await receive(opened, 4, 6);
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });

  test('is a quarter of the high one unless told', async () => {
    const opened = await filled(9, size, { maxQueue: 8 });
    const pong = await unanswered(opened);
    await receive(opened, 0, 5);
    expect(await pong.answeredWithin(3 * MEDIUM)).toBe(false);
    await receive(opened, 6, 8);
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });

  test('of bytes is where reading goes on', async () => {
    const opened = await filled(7, size, { maxQueue: { messages: null, bytes: [6 * size, 2 * size] } });
    const pong = await unanswered(opened);
    await receive(opened, 0, 3);
    expect(await pong.answeredWithin(3 * MEDIUM)).toBe(false);
    await receive(opened, 4, 6);
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });

  test('of 0 is where nothing waits any more', async () => {
    const opened = await filled(3, 10, { maxQueue: [2, 0] });
    const pong = await unanswered(opened);
    await receive(opened, 0, 1);
    expect(await pong.answeredWithin(3 * MEDIUM)).toBe(false);
    await receive(opened, 2, 2);
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });
});

describe('a paused reader', () => {
  const options: ConnectOptions = { maxQueue: [2, 0] };
  const three = [sendText('1'), sendText('2'), sendText('3')];

  test('answers the ping that it has seen before it paused', async () => {
    const opened = await open([together(...three, sendPing('seen'))], options);
    expect((await opened.peer.expectFrame('pong')).text).toBe('seen');
    await unanswered(opened);
  });

  test('goes on promptly, and answers the ping that has waited', async () => {
    const opened = await filled(3, 10, options);
    const pong = opened.peer.expectFrame('pong');
    await opened.peer.do(sendPing('waits'));
    await sleep(3 * MEDIUM);
    const began = now();
    for (let i = 0; i < 3; i++) await opened.connection.recv();
    const { text, at } = await pong;
    expect(text).toBe('waits');
    expect(at).toBeGreaterThan(began);
    expect(at - began).toBeLessThan(MARGIN);
  });

  test('has the pong of a ping of the application when it goes on', async () => {
    const opened = await filled(3, 10, options);
    await opened.peer.do(answerPings());
    const latency = opened.connection.ping();
    expect(await Promise.race([latency, sleep(3 * MEDIUM).then(() => 'no pong')])).toBe('no pong');
    for (let i = 0; i < 3; i++) await opened.connection.recv();
    expect(await latency).toBeGreaterThanOrEqual(2 * MEDIUM);
  });

  test('reads on for close, up to the peer’s Close, and delivers what came before', async () => {
    const { connection, peer } = await filled(3, 10, options);
    const script = peer.do(flood(100), answerClose());
    await sleep(MEDIUM);
    const began = now();
    const outcome = await connection.close();
    expect(now() - began).toBeLessThan(LONG);
    expect(outcome).toMatchObject({ code: 1000, wasClean: true });
    for (let i = 0; i < 3; i++) expect(await connection.recv()).toEqual(Buffer.alloc(10, i));
    for (let i = 0; i < 100; i++) expect(await connection.recv()).toBe(floodPayload(i, 16));
    await script;
  });
});

describe('a peer that floods a consumer that does not receive', () => {
  const count = 64 * kibi;
  const size = kibi;

  test('fills its own socket, and goes on when messages are received: none lost, in order', async () => {
    const { connection, peer } = await open([flood(count, { size }), mark('sent'), answerClose()]);
    // 64 MiB are more than the marks and all buffers between hold.
    const sent = peer.reached('sent').then(() => true);
    expect(await Promise.race([sent, sleep(5 * MEDIUM).then(() => false)])).toBe(false);
    for (let i = 0; i < count; i++) {
      const message = await connection.recv();
      if (message !== floodPayload(i, size)) expect(message).toBe(floodPayload(i, size));
    }
    expect(await sent).toBe(true);
    expect(await connection.close()).toMatchObject({ code: 1000, wasClean: true });
  });

  test.each([
    ['batches', { maxQueue: [100, 10] }],
    ['batches, with a mark of one message', { maxQueue: [1, 0] }],
    ['batches, with a mark in bytes', { maxQueue: { bytes: 100 * kibi } }],
  ] as [string, ConnectOptions][])('is received in order, pause after pause, by %s', async (_what, options) => {
    const { connection } = await open([flood(20_000, { size }), sendClose(1000), waitForClose(), halfClose()], options);
    let received = 0;
    for await (const batch of connection.batches()) {
      for (const message of batch) {
        if (message !== floodPayload(received, size)) expect(message).toBe(floodPayload(received, size));
        received++;
      }
      if (received % 7 === 0) await sleep(0);
    }
    expect(received).toBe(20_000);
  });

  test('does not keep messages from going out', async () => {
    const { connection, peer } = await open([flood(count, { size })], { maxQueue: 10 });
    await sleep(MEDIUM);
    await connection.send('hello');
    expect((await peer.expectFrame()).text).toBe('hello');
  });

  test('does not keep close from ending in closeTimeout', async () => {
    const { connection } = await open([flood(count, { size })], { maxQueue: 10, closeTimeout: MEDIUM });
    await sleep(MEDIUM);
    const began = now();
    const outcome = await connection.close();
    expect(now() - began).toBeLessThan(MEDIUM + LONG);
    expect(outcome).toMatchObject({ code: 1006, sent: { code: 1000 } });
  });

  test('does not keep terminate from ending at once', async () => {
    const { connection } = await open([flood(count, { size })], { maxQueue: 10 });
    await sleep(MEDIUM);
    const began = now();
    await connection.terminate();
    expect(now() - began).toBeLessThan(LONG);
  });
});

test('a message above every mark is received all the same', async () => {
  const { connection } = await open([sendBinary(Buffer.alloc(1000 * kibi)), sendText('next')], {
    maxQueue: { messages: 1, bytes: 10 },
  });
  expect(await connection.recv()).toHaveLength(1000 * kibi);
  expect(await connection.recv()).toBe('next');
  expect(await rejection(connection.recv({ timeout: 1 }))).toMatchObject({ code: 'HAWSER_TIMEOUT' });
});

describe('what inflates a thousandfold', () => {
  const size = 1000 * kibi;
  const count = 60;
  const accepting = accept({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } });
  const deflated = deflateRawSync(Buffer.alloc(size), { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
  // All of them fit into one read.
  const messages = Array.from({ length: count }, () => sendFrame({ opcode: 'binary', rsv: 4, payload: deflated }));

  async function receiveAll({ connection }: Opened): Promise<void> {
    for (let i = 0; i < count; i++) expect(await connection.recv()).toHaveLength(size);
  }

  test('is received whole, pause after pause, with what stands behind it', async () => {
    const opened = await openRaw([accepting, together(...messages, sendText('behind'))]);
    const pong = await unanswered(opened);
    await receiveAll(opened);
    expect(await opened.connection.recv()).toBe('behind');
    expect(await pong.answeredWithin(LONG)).toBe(true);
  });

  test('is received whole as well where it comes with the response', async () => {
    const opened = await openRaw([together(accepting, ...messages, sendText('behind'))]);
    await receiveAll(opened);
    expect(await opened.connection.recv()).toBe('behind');
  });

  test('is read for close, up to the peer’s Close', async () => {
    const opened = await openRaw([accepting, together(...messages), answerClose()]);
    await unanswered(opened);
    expect(await opened.connection.close()).toMatchObject({ code: 1000, wasClean: true });
    await receiveAll(opened);
  });

  test('is as good as unread to keepalive: the pong of a ping may stand behind it', async () => {
    const opened = await openRaw([accepting, together(...messages)], { pingInterval: SHORT, pingTimeout: MEDIUM });
    await sleep(5 * MEDIUM);
    expect(opened.connection.state).toBe('OPEN');
  });

  test('does not keep terminate from ending at once', async () => {
    const { connection } = await openRaw([accepting, together(...messages)]);
    await sleep(MEDIUM);
    await connection.terminate();
    let received = 0;
    while (await connection.recv().catch(() => undefined)) received++;
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(count);
  });
});
