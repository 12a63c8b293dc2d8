import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeFrame } from '../support/frames.js';
import { accept, flood, type Script, ScriptedPeer, sendRaw, sendText, stopReading } from '../support/scripted-peer.js';
import { DEADLINE, LONG, MEDIUM, SHORT, sleep } from '../support/times.js';
import { runClean } from './run-clean.js';

const mebi = 1024 * 1024;

/**
 * What a process may grow by that holds a full queue: the marks of 4 MiB, the buffers that are read into, a message of
 * the biggest size, and what Node itself takes meanwhile. Whoever floods has offered a multiple.
 */
const BOUND = 32 * mebi;

const deflating = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };

/** A message of zeros, compressed as well as can be. */
function compressedFrame(size: number): Buffer {
  const deflated = deflateRawSync(Buffer.alloc(size), { finishFlush: constants.Z_SYNC_FLUSH });
  return encodeFrame({ opcode: 'binary', rsv: 4, payload: deflated.subarray(0, -4) });
}

async function listen(script: Script): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen([accept(), ...script]);
  onTestFinished(() => peer.stop());
  return peer;
}

interface Result {
  readonly grown: number;
  readonly state?: string;
  readonly last?: string;
  readonly sent?: number;
  readonly error?: string;
  readonly cause?: string;
}

async function run(peer: ScriptedPeer, what: string, task: object): Promise<Result> {
  const args = [JSON.stringify({ what, url: peer.url, ...task })];
  return JSON.parse(await runClean('bounded-memory.mjs', { args, deadline: 6 * DEADLINE }));
}

/** How many bytes had left the peer, now and then until its connection ended. */
async function writtenUntilEnded(peer: ScriptedPeer, result: Promise<Result>): Promise<number[]> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  peer.ended().then(end);
  result.then(end, end);
  const written: number[] = [];
  for (;;) {
    await sleep(MEDIUM);
    const bytes = await peer.written();
    if (ended) return written;
    written.push(bytes);
  }
}

describe('a process that does not receive', () => {
  test.each([
    ['short texts', { size: 16 }],
    ['texts', { size: 1000 }],
    ['texts that are not ASCII', { payload: 'größer '.repeat(20) }],
    ['binary messages', { size: 125, binary: true }],
    ['large binary messages', { payload: Buffer.alloc(100_000), binary: true }],
    ['messages of a few MiB', { payload: Buffer.alloc(3 * mebi), binary: true }],
  ])('holds little of an endless flood of %s, and the peer comes to a stop', async (_what, options) => {
    const peer = await listen([flood(Infinity, options)]);
    const result = run(peer, 'receive nothing', { hold: 2 * LONG });
    const written = await writtenUntilEnded(peer, result);
    const { state, grown } = await result;
    expect(state).toBe('OPEN');
    expect(grown).toBeLessThan(BOUND);
    // The peer would have sent for ever, and for a while could not.
    expect(new Set(written.slice(-5)).size).toBe(1);
    expect(written.at(-1)).toBeGreaterThan(mebi);
    // Besides the process the kernel holds some, on both sides.
    expect(written.at(-1)).toBeLessThan(4 * BOUND);
  });
});

describe('a process that does not receive what inflates a thousandfold', () => {
  test.each([
    ['a hundred KB', 100_000],
    ['one MiB', mebi],
    ['nearly the biggest size', 15 * mebi],
  ])('holds little of messages of %s', async (_what, size) => {
    const frames = sendRaw(Buffer.alloc(16 * mebi, compressedFrame(size)));
    const peer = await ScriptedPeer.listen([accept(deflating), frames]);
    onTestFinished(() => peer.stop());
    const { state, grown } = await run(peer, 'receive nothing', { hold: LONG });
    expect(state).toBe('OPEN');
    expect(await peer.written()).toBeGreaterThan(mebi);
    expect(grown).toBeLessThan(BOUND + 2 * size);
  });
});

describe('a process that receives slowly', () => {
  test.each([
    ['texts', { size: 1000 }],
    ['large binary messages', { payload: Buffer.alloc(100_000), binary: true }],
  ])('holds little of 500 MB in %s, pause after pause', async (_what, options) => {
    const peer = await listen([flood(Infinity, options)]);
    const { state, grown } = await run(peer, 'receive slowly', { bytes: 500e6 });
    expect(state).toBe('OPEN');
    expect(await peer.written()).toBeGreaterThan(500e6);
    // With what was received and waits to be collected.
    expect(grown).toBeLessThan(4 * BOUND);
  });
});

describe('a process whose peer does not read', () => {
  const keepalive = { pingInterval: SHORT, pingTimeout: LONG, closeTimeout: SHORT };

  test.each([
    ['short texts', 'send messages', { size: 100, text: true }],
    ['binary messages', 'send messages', { size: 10_000 }],
    ['large binary messages', 'send messages', { size: mebi }],
    ['one message in fragments', 'send fragments', { size: 10_000 }],
  ])('holds little of endless sending of %s, until keepalive ends it', async (_name, what, task) => {
    const peer = await listen([stopReading()]);
    const { sent, grown, ...end } = await run(peer, what, { ...task, options: keepalive });
    expect(end).toEqual({ error: 'ConnectionClosedError', cause: 'TimeoutError: keepalive ping timeout' });
    expect(sent).toBeGreaterThan(mebi);
    expect(sent).toBeLessThan(4 * BOUND);
    expect(grown).toBeLessThan(BOUND);
  });

  test('holds little of the pongs that a flood of pings asks for', async () => {
    const ping = encodeFrame({ opcode: 'ping', payload: Buffer.alloc(125) });
    const pings = sendRaw(Buffer.alloc(32 * mebi - ((32 * mebi) % ping.length), ping));
    const peer = await listen([stopReading(), pings, pings, pings, pings, sendText('the end')]);
    const { last, grown } = await run(peer, 'receive to the end', {});
    expect(last).toBe('the end');
    expect(grown).toBeLessThan(BOUND);
  });
});
