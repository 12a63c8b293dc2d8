/** The package loaded more than once in one environment, as test runners do that forget modules between files. */

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { accept, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';
import { runClean } from './run-clean.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), echoMessages()]);
});
afterAll(() => peer.stop());

test.each([
  ['the modules of the package', 'modules'],
  ['its modules and the addon', 'addon'],
])('what forgets %s and requires them again gets copies that work side by side', async (_what, forgotten) => {
  expect(await runClean('reload.mjs', { args: [peer.url, '10', forgotten] })).toBe('done\n');
});

test('after vi.resetModules() the copy before and the copy after work side by side', async () => {
  const before = await import('../../lib/index.js');
  vi.resetModules();
  const after = await import('../../lib/index.js');
  expect(after.Connection).not.toBe(before.Connection);
  const connections = [await before.connect(peer.url), await after.connect(peer.url), await before.connect(peer.url)];
  for (const [at, connection] of connections.entries()) await connection.send(`hello ${at}`);
  expect(await Promise.all(connections.map((connection) => connection.recv()))).toEqual([
    'hello 0',
    'hello 1',
    'hello 2',
  ]);
  const outcomes = await Promise.all(connections.map((connection) => connection.terminate()));
  expect(outcomes).toHaveLength(3);
});
