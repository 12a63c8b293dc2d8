import { afterAll, beforeAll, expect, test } from 'vitest';
import { accept, flood, ScriptedPeer } from '../support/scripted-peer.js';
import { ROUNDS, runClean } from './run-clean.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), flood(Infinity, { size: 125 })]);
});
afterAll(() => peer.stop());

test.each([
  ['a recv', ROUNDS],
  ['a loop over batches', ROUNDS / 4],
  ['a loop over fragments', ROUNDS / 4],
  ['a generator whose items are being sent', ROUNDS / 4],
  ['a generator whose messages are being sent', ROUNDS / 4],
  ['a timer', ROUNDS / 4],
  ['an exit handler', ROUNDS / 4],
  ['a Worker', ROUNDS / 4],
])('process.exit() in the middle of a flood, called from %s, exits with its code', async (place, rounds) => {
  for (let round = 0; round < rounds; round++) {
    const code = (round % 100) + 1;
    const args = [peer.url, `${code}`, `${round * 100 + 1}`, place];
    expect(await runClean('exit-in-flood.mjs', { args }, code)).toBe('');
  }
});
