import { expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import type { TimedMessage } from '../../lib/types.js';
import { blockLoop } from '../support/event-loop.js';
import { type Opened, open, openRaw } from '../support/opened.js';
import {
  accept,
  answerClose,
  delay,
  flood,
  floodPayload,
  sendBinary,
  sendFrame,
  sendRaw,
  sendText,
  together,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, rounds, sleep, UNIT } from '../support/times.js';

/** What `Date.now()` cuts off. */
const millisecond = 1;

async function take(connection: Connection, count: number): Promise<TimedMessage[]> {
  const messages: TimedMessage[] = [];
  for await (const batch of connection.batches({ timestamps: true })) {
    messages.push(...batch);
    if (messages.length >= count) break;
  }
  return messages;
}

async function takeOne({ connection }: Opened): Promise<TimedMessage> {
  return (await take(connection, 1))[0]!;
}

test('a message has a time between its being sent and its being received', async () => {
  const opened = await open();
  for (let round = 0; round < rounds(1, 10); round++) {
    const before = Date.now();
    await opened.peer.do(sendText('hello'));
    const { data, receivedAt } = await takeOne(opened);
    expect(data).toBe('hello');
    expect(receivedAt).toBeGreaterThanOrEqual(before);
    expect(receivedAt).toBeLessThan(Date.now() + millisecond);
  }
});

test('a message that came with the response has its time as well', async () => {
  const before = Date.now();
  const opened = await openRaw([together(accept(), sendText('early'))]);
  const opening = Date.now() + millisecond;
  await sleep(MEDIUM);
  const { data, receivedAt } = await takeOne(opened);
  expect(data).toBe('early');
  expect(receivedAt).toBeGreaterThanOrEqual(before);
  expect(receivedAt).toBeLessThan(opening);
});

test('times tell when messages arrived, not when the event loop got to them', async () => {
  const { connection, peer } = await open();
  const script = peer.do(sendText('a'), delay(3 * MEDIUM), sendText('b'), sendBinary(Buffer.alloc(50_000)));
  blockLoop(10 * MEDIUM);
  const after = Date.now();
  const [a, b, large] = await take(connection, 3);
  await script;
  expect(b!.receivedAt - a!.receivedAt).toBeGreaterThan(2 * MEDIUM);
  expect(after - b!.receivedAt).toBeGreaterThan(MEDIUM);
  expect(after - large!.receivedAt).toBeGreaterThan(MEDIUM);
});

test('messages that wait unread keep their times', async () => {
  const { connection, peer } = await open();
  const sent: number[] = [];
  for (const text of ['a', 'b', 'c', 'd']) {
    sent.push(Date.now());
    await peer.do(sendText(text), delay(MEDIUM));
  }
  const taken = Date.now();
  const messages = await take(connection, 4);
  expect(messages.map(({ data }) => data)).toEqual(['a', 'b', 'c', 'd']);
  const times = messages.map(({ receivedAt }) => receivedAt);
  expect(times.filter((time, at) => time < sent[at]!)).toEqual([]);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  // A reader that a busy machine kept from a message is late for it, so that gaps may be anything.
  expect(taken - times[0]!).toBeGreaterThan(2 * MEDIUM);
});

test('a message in fragments has the time of its last', async () => {
  const opened = await open([sendFrame({ opcode: 'text', fin: false, payload: 'Hel' })]);
  await sleep(MEDIUM);
  const before = Date.now();
  await opened.peer.do(sendFrame({ opcode: 'continuation', payload: 'lo' }));
  const { data, receivedAt } = await takeOne(opened);
  expect(data).toBe('Hello');
  expect(receivedAt).toBeGreaterThanOrEqual(before);
});

test('a large message that comes in pieces has the time of its last', async () => {
  const size = 3_000_000;
  const opened = await open();
  const frame = { opcode: 'binary', payload: Buffer.alloc(size - 10), declaredLength: size } as const;
  await opened.peer.do(sendFrame(frame), delay(MEDIUM));
  const before = Date.now();
  await opened.peer.do(sendRaw(Buffer.alloc(10)));
  const { data, receivedAt } = await takeOne(opened);
  expect(data).toHaveLength(size);
  expect(receivedAt).toBeGreaterThanOrEqual(before);
});

test('under a flood times ascend, and messages of all sizes have theirs', async () => {
  const count = 20_000;
  const before = Date.now();
  const { connection } = await open([
    flood(count, { size: 30 }),
    flood(count / 100, { size: 3000 }),
    flood(count / 100, { size: 30_000 }),
    answerClose(),
  ]);
  let last = before;
  let i = 0;
  let taken = 0;
  for await (const batch of connection.batches({ timestamps: true })) {
    const after = Date.now() + millisecond;
    for (const { data, receivedAt } of batch) {
      if (i < count && data !== floodPayload(i, 30)) expect(data).toBe(floodPayload(i, 30));
      i++;
      if (!(receivedAt >= last && receivedAt < after)) expect.unreachable(`${receivedAt} of ${last} to ${after}`);
      last = receivedAt;
    }
    // Now and then messages are left for a while, so that batches are filled further.
    if (++taken % 5 === 0) await sleep(UNIT);
    if (i === count + count / 50) break;
  }
  expect(last - before).toBeLessThan(60 * LONG);
});

test('other ways of receiving may be mixed in', async () => {
  const { connection, peer } = await open();
  await peer.do(together(sendText('a'), sendText('b'), sendText('c')));
  expect(await connection.recv()).toBe('a');
  const rest = await take(connection, 2);
  expect(rest.map(({ data }) => data)).toEqual(['b', 'c']);
  expect(rest[0]!.receivedAt).toBe(rest[1]!.receivedAt);
  await peer.do(sendText('d'));
  expect(await connection.recv()).toBe('d');
});
