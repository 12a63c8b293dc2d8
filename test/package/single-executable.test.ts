import { chmodSync, copyFileSync, renameSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { App } from './support/app.js';
import { cjs, listen, RESULT } from './support/programs.js';
import { node24, tool } from './support/tools.js';

const main = `
const { getRawAsset } = require('node:sea');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const folder = mkdtempSync(join(tmpdir(), 'app-'));
process.env.HAWSER_ADDON = join(folder, 'hawser.node');
writeFileSync(process.env.HAWSER_ADDON, new Uint8Array(getRawAsset('hawser.node')));
${cjs.replace('process.argv[2] ?? ', '')}
delete process.env.HAWSER_ADDON;
rmSync(folder, { recursive: true });
`;

const config = {
  main: 'out/main.js',
  output: 'app.blob',
  disableExperimentalSEAWarning: true,
  assets: { 'hawser.node': `no_modules/hawser/prebuilds/${process.platform}-${process.arch}/hawser.node` },
};

test.concurrent.each([
  ['the Node of the tests', process.execPath],
  ['Node 24', node24],
])('a single executable of %s has the binary as an asset', async (_name, node) => {
  await using peer = await listen();
  using app = new App({ 'main.cjs': main, 'sea.json': JSON.stringify(config) });
  await app.unpackHawser();
  const esbuild = [tool('esbuild/bin/esbuild'), '--bundle', '--platform=node', '--external:*.node', '--outdir=out'];
  await app.node([...esbuild, '--log-level=warning', 'main.cjs']);
  renameSync(path.join(app.folder, 'node_modules'), path.join(app.folder, 'no_modules'));
  await app.node(['--experimental-sea-config', 'sea.json'], { node });
  const executable = path.join(app.folder, 'app');
  copyFileSync(node, executable);
  chmodSync(executable, 0o755);
  const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
  await app.node([tool('postject/dist/cli.js'), 'app', 'NODE_SEA_BLOB', 'app.blob', ...fuse]);
  const env = { URL: peer.url, TMPDIR: path.join(app.folder, 'home') };
  expect(await app.run(executable, [], { env })).toEqual({ code: 0, output: RESULT });
});
