import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root, runScript } from '../support/run-script.js';
import { accept, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';
import { DEADLINE } from '../support/times.js';
import { runClean } from './run-clean.js';

const addon = process.env['HAWSER_ADDON']!;
let peer: ScriptedPeer;
let folder: string;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), echoMessages()]);
  folder = await mkdtemp(path.join(tmpdir(), 'hawser-'));
});
afterAll(() => Promise.all([peer.stop(), rm(folder, { recursive: true })]));

test('import and require give the same classes', async () => {
  const source = `
    import * as imported from 'hawser';
    import { createRequire } from 'node:module';
    const required = createRequire(process.cwd() + '/')('hawser');
    const names = Object.keys(required);
    console.log(names.length > 10, names.filter((name) => imported[name] !== required[name]));
  `;
  expect(await runScript(source)).toMatchObject({ code: 0, stderr: '', stdout: 'true []\n' });
});

test('the main thread and four Workers exchange 10,000 messages each at once', async () => {
  const args = [JSON.stringify({ url: peer.url, count: 10_000, addons: [addon, addon, addon, addon] })];
  const stdout = await runClean('exchange.mjs', { args, deadline: 3 * DEADLINE });
  expect(stdout).toBe('exit codes of the Workers: 0 0 0 0\n');
});

test('the addon may be loaded from two paths in one process', async () => {
  const copy = path.join(folder, 'copy.node');
  await cp(addon, copy);
  const args = [JSON.stringify({ url: peer.url, count: 2000, addons: [copy, addon, copy] })];
  const stdout = await runClean('exchange.mjs', { args, deadline: 3 * DEADLINE });
  expect(stdout).toBe('exit codes of the Workers: 0 0 0\n');
});

test.each([
  ['with an addon each', ''],
  ['with one addon', addon],
])('two copies of the package, %s, may be used at once in one environment', async (_how, common) => {
  const copy = path.join(folder, 'package');
  await cp(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
  await cp(addon, path.join(copy, 'build/Release/hawser.node'));
  const args = [peer.url, path.join(copy, 'dist/index.js')];
  expect(await runClean('two-packages.mjs', { args, env: { HAWSER_ADDON: common } })).toBe('done\n');
});
