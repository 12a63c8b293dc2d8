import * as path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/run-script.js';
import type { ScriptedPeer } from '../support/scripted-peer.js';
import { App } from './support/app.js';
import { listen } from './support/programs.js';
import { tool } from './support/tools.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await listen();
});
afterAll(() => peer.stop());

const receive = `
async function receive({ connect }) {
  const connection = await connect(process.env.URL);
  expect(await connection.recv()).toBe('hello');
  expect((await connection.close()).wasClean).toBe(true);
}`;

const required = `
${receive}
const first = require('hawser');
test('receives', () => receive(first));
test('receives after the modules were reset', async () => {
  jest.resetModules();
  const second = require('hawser');
  expect(second.connect).not.toBe(first.connect);
  await Promise.all([receive(first), receive(second)]);
});
`;

const imported = `
import { connect } from 'hawser';
${receive}
test('receives', () => receive({ connect }));
`;

const jest = tool('jest/bin/jest.js');

test.concurrent('jest runs two files that require it, also after its modules were reset', async () => {
  using app = new App({ 'a.test.js': required, 'b.test.js': required, 'jest.config.js': 'module.exports = {};' });
  await app.unpackHawser();
  const env = { URL: peer.url };
  expect(await app.node([jest, '--maxWorkers', '2'], { env })).toMatch(/^Tests: +4 passed, 4 total$/m);
});

test.concurrent('jest runs two files that import it', async () => {
  const config = 'export default { testMatch: ["**/*.test.mjs"] };';
  using app = new App({ 'a.test.mjs': imported, 'b.test.mjs': imported, 'jest.config.mjs': config });
  await app.unpackHawser();
  const said = await app.node(['--experimental-vm-modules', jest, '--runInBand'], { env: { URL: peer.url } });
  expect(said).toMatch(/^Tests: +2 passed, 2 total$/m);
});

test.concurrent.each(['forks', 'threads', 'vmThreads'])(
  'vitest runs two files that import it, in its pool "%s"',
  async (pool) => {
    const file = `import { expect, test } from 'vitest';\n${imported}`;
    using app = new App({ 'a.test.mjs': file, 'b.test.mjs': file });
    await app.unpackHawser();
    app.link('vitest', path.join(root, 'node_modules/vitest'));
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    const env = { URL: peer.url };
    const said = await app.node([vitest, 'run', '--pool', pool, '--maxWorkers', '1', '--no-isolate'], { env });
    expect(said).toMatch(/Tests +2 passed \(2\)/);
  },
);
