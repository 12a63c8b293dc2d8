/** The environment's proxy, in a process that was started with Node's own switch for it, or without. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { proxyFlag, testWith } from '../support/features.js';
import { runScript, type ScriptOptions } from '../support/run-script.js';
import { accept, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';
import { TestProxy } from '../support/test-proxy.js';

let peer: ScriptedPeer;
let proxy: TestProxy;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), echoMessages()], { tls: null });
  proxy = await TestProxy.listen();
});
afterAll(() => Promise.all([peer.stop(), proxy[Symbol.asyncDispose]()]));

const visit = `
  import { connect } from 'hawser';
  const connection = await connect(process.argv[1]);
  await connection.send('hello');
  console.log(await connection.recv());
  await connection.terminate();
`;

/** How many tunnels the proxy was asked for. */
async function tunnels({ env, flags = [] }: ScriptOptions): Promise<number> {
  const before = proxy.requests.length;
  const none = { NODE_USE_ENV_PROXY: '', NODE_OPTIONS: '', no_proxy: '', NO_PROXY: '' };
  const told = { ...none, ws_proxy: proxy.url('http'), http_proxy: proxy.url('http'), ...env };
  expect(await runScript(visit, { env: told, flags, args: [peer.url] })).toMatchObject({ code: 0, stdout: 'hello\n' });
  return proxy.requests.length - before;
}

test('is asked by nobody who was not told to', async () => {
  expect(await tunnels({})).toBe(0);
});

test('is asked with NODE_USE_ENV_PROXY=1', async () => {
  expect(await tunnels({ env: { NODE_USE_ENV_PROXY: '1' } })).toBe(1);
  expect(await tunnels({ env: { NODE_USE_ENV_PROXY: '1', no_proxy: '127.0.0.0/8' } })).toBe(0);
});

testWith(proxyFlag, 'is asked with --use-env-proxy', async () => {
  expect(await tunnels({ flags: ['--use-env-proxy'] })).toBe(1);
  expect(await tunnels({ env: { NODE_OPTIONS: '--use-env-proxy' } })).toBe(1);
  expect(await tunnels({ env: { NODE_OPTIONS: '--use-env-proxy' }, flags: ['--no-use-env-proxy'] })).toBe(0);
});
