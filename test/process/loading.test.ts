import { cp, link, mkdtemp, rm, symlink } from 'node:fs/promises';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, runScript } from '../support/run-script.js';
import { accept, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';
import { DEADLINE } from '../support/times.js';
import { runClean } from './run-clean.js';

const addon = process.env['HAWSER_ADDON']!;
let peer: ScriptedPeer;
let folder: string;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), echoMessages()]);
  folder = await mkdtemp(path.join(root, 'build/loading-')); // where links to the addon can be
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

describe.each([
  ['a copy', cp],
  ['a symbolic link', symlink],
  ['a hard link', link],
])('the addon and %s of it', (how, make) => {
  const other = () => path.join(folder, `${how.replaceAll(' ', '-')}.node`);
  beforeAll(() => make(addon, other()));

  test('may be used at once by the main thread and Workers', async () => {
    const args = [JSON.stringify({ url: peer.url, count: 2000, addons: [other(), addon, other()] })];
    const stdout = await runClean('exchange.mjs', { args, deadline: 3 * DEADLINE });
    expect(stdout).toBe('exit codes of the Workers: 0 0 0\n');
  });

  test('may be used at once in one thread', async () => {
    const copy = path.join(folder, how);
    await cp(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
    const args = [peer.url, path.join(copy, 'dist/index.js'), other()];
    expect(await runClean('two-packages.mjs', { args })).toBe('done\n');
  });
});

test.each([
  ['with an addon each', ''],
  ['with one addon', addon],
])('two copies of the package, %s, may be used at once in one environment', async (_how, common) => {
  const copy = path.join(folder, 'package');
  await cp(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
  await cp(path.join(root, 'package.json'), path.join(copy, 'package.json'));
  await cp(addon, path.join(copy, 'build/Release/hawser.node'));
  const env = { HAWSER_ADDON: common };
  const args = [peer.url, path.join(copy, 'dist/index.js')];
  expect(await runClean('two-packages.mjs', { args, env })).toBe('done\n');
});
