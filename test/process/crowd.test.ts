/** Many Workers at once, none of which was preceded by the main thread. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { accept, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';
import { DEADLINE, rounds } from '../support/times.js';
import { runClean } from './run-clean.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), echoMessages()]);
});
afterAll(() => peer.stop());

const times = String(Math.min(10, rounds(0.2, 2)));

test('sixteen Workers at once load, connect, end or are terminated, and the main thread never loads the addon', async () => {
  const args = [peer.url, '16', times, 'never'];
  expect(await runClean('crowd.mjs', { args, deadline: 6 * DEADLINE })).toBe('done\n');
});

test('the main thread loads the addon when all Workers that had it are gone', async () => {
  expect(await runClean('crowd.mjs', { args: [peer.url, '4', times, 'later'], deadline: 6 * DEADLINE })).toBe('done\n');
});
