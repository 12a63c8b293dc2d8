/** How much memory compressed messages come to take: what limits and marks allow, however much they would inflate to. */

import { expect, onTestFinished, test } from 'vitest';
import { Compressor, compressed, sendCompressed } from '../support/deflate.js';
import { encodeFrame } from '../support/frames.js';
import {
  acceptDeflate,
  halfClose,
  ScriptedPeer,
  type Step,
  sendBinary,
  sendFrame,
  sendRaw,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG } from '../support/times.js';
import { runClean } from './run-clean.js';

const mebi = 1024 * 1024;
/** Bytes that anything may take besides what is looked at: growing buffers are moved, and so held twice. */
const slack = 24 * mebi;

interface Task {
  readonly options: object;
  readonly receives: boolean;
  readonly closes?: boolean;
}

async function measure(steps: readonly Step[], task: Task): Promise<{ code?: string; growth: number }> {
  const listen = async (script: readonly Step[]): Promise<string> => {
    const peer = await ScriptedPeer.listen([acceptDeflate('server_no_context_takeover'), ...script]);
    onTestFinished(() => peer.stop());
    return peer.url;
  };
  const warmUp = await listen([sendCompressed('x'.repeat(100_000)), halfClose()]);
  const url = await listen(steps);
  const args = [JSON.stringify({ warmUp, url, patience: LONG, ...task })];
  return JSON.parse(await runClean('receive-compressed.mjs', { args }));
}

test('a bomb takes no more than the limit of a message', async () => {
  const payload = new Compressor({ level: 9 }).message(Buffer.alloc(512 * mebi));
  const script = [sendFrame(compressed('binary', payload)), waitForClose(), halfClose()];
  const { code, growth } = await measure(script, { options: {}, receives: true });
  expect(code).toBe('HAWSER_PAYLOAD_TOO_BIG');
  expect(growth).toBeLessThan(16 * mebi + slack);
});

/** What is read at once, and would inflate to a gibibyte. */
const flood = (() => {
  const payload = new Compressor({ level: 9 }).message(Buffer.alloc(15 * mebi));
  const frame = encodeFrame(compressed('binary', payload));
  return sendRaw(Buffer.concat(Array<Buffer>(70).fill(frame)));
})();

test('messages that nobody receives take no more than the marks and a message', async () => {
  const plain = sendBinary(Buffer.alloc(2 * mebi));
  const { growth } = await measure([plain, flood], { options: {}, receives: false });
  expect(growth).toBeLessThan(4 * mebi + 2 * 16 * mebi + slack);
});

test('messages that nobody receives of a connection that closes take no more than its backlog', async () => {
  const { code, growth } = await measure([waitForClose(), flood], { options: {}, receives: false, closes: true });
  expect(code).toBe('HAWSER_BACKLOG');
  expect(growth).toBeLessThan(64 * mebi + 2 * 16 * mebi + slack);
});
