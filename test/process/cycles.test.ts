import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, ca, selfSignedServer, server } from '../support/certificates.js';
import {
  accept,
  answerClose,
  echoMessages,
  halfClose,
  neverAnswer,
  respond,
  ScriptedPeer,
} from '../support/scripted-peer.js';
import { TestProxy } from '../support/test-proxy.js';
import { DEADLINE, rounds } from '../support/times.js';
import { runClean } from './run-clean.js';

interface Task {
  readonly url: string;
  readonly ending: 'close' | 'terminate' | 'failure';
  readonly warmUp: number;
  readonly cycles: number;
}

/** Bytes: of JavaScript's values, and of all there is in memory. */
const growth = { values: 256 << 10, resident: 5 << 20 };
/** Compilers and a young generation that grows with the work would take more than what is looked for. */
const flags = ['--expose-gc', '--no-opt', '--no-maglev', '--no-sparkplug', '--max-semi-space-size=1'];
/** What Node 22 has to say of NODE_USE_ENV_PROXY. */
const quiet = '--disable-warning=UNDICI-EHPA';

/** A thousand connections, fewer where HAWSER_ROUNDS is below 1. */
const cycles = Math.max(500, rounds(1, 1000));

async function staysFlat(task: Task, env: Record<string, string> = {}): Promise<void> {
  const args = [JSON.stringify({ ...task, growth })];
  expect(await runClean('cycles.mjs', { args, env, flags: [...flags, quiet], deadline: 3 * DEADLINE })).toBe('flat\n');
}

test('connections, closed one by one, leave threads, descriptors and memory flat', async () => {
  await using peer = await ScriptedPeer.listen([accept(), echoMessages(), answerClose()]);
  await staysFlat({ url: peer.url, ending: 'close', warmUp: 200, cycles });
});

test('connections, terminated one by one, leave threads, descriptors and memory flat', async () => {
  await using peer = await ScriptedPeer.listen([accept(), echoMessages()]);
  await staysFlat({ url: peer.url, ending: 'terminate', warmUp: 200, cycles });
});

test('300 connections that the server refuses leave threads, descriptors and memory flat', async () => {
  await using peer = await ScriptedPeer.listen([respond({ status: 403, body: 'no' }), neverAnswer()]);
  await staysFlat({ url: peer.url, ending: 'failure', warmUp: 100, cycles: 300 });
});

test('300 connections that nobody accepts leave threads, descriptors and memory flat', async () => {
  const peer = await ScriptedPeer.listen([]);
  await peer.stop();
  await staysFlat({ url: peer.url, ending: 'failure', warmUp: 100, cycles: 300 });
});

describe('over TLS', () => {
  let folder: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hawser-'));
    env = { NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') };
    await writeFile(path.join(folder, 'ca.pem'), ca().cert);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const listen = ({ chain, key }: Certificate) =>
    ScriptedPeer.listen([accept(), echoMessages(), answerClose()], { tls: { cert: chain, key } });

  test.each(['close', 'terminate'] as const)(
    'connections that end with %s leave threads, descriptors and memory flat',
    async (ending) => {
      await using peer = await listen(server());
      await staysFlat({ url: peer.url, ending, warmUp: 300, cycles }, env);
    },
  );

  test('300 connections in TLS in TLS leave threads, descriptors and memory flat', async () => {
    await using peer = await listen(server());
    await using proxy = await TestProxy.listen({ tls: { cert: server().chain, key: server().key } });
    const proxied = { ...env, NODE_USE_ENV_PROXY: '1', https_proxy: proxy.url('https'), no_proxy: '' };
    await staysFlat({ url: peer.url, ending: 'terminate', warmUp: 100, cycles: 300 }, proxied);
    expect(proxy.requests).toHaveLength(300);
  });

  test('300 servers that can’t be verified leave threads, descriptors and memory flat', async () => {
    await using peer = await listen(selfSignedServer());
    await staysFlat({ url: peer.url, ending: 'failure', warmUp: 100, cycles: 300 }, env);
  });

  test('300 servers that hang up in the handshake leave threads, descriptors and memory flat', async () => {
    await using peer = await ScriptedPeer.listen([halfClose()], { tls: null });
    const url = peer.url.replace('ws:', 'wss:');
    await staysFlat({ url, ending: 'failure', warmUp: 100, cycles: 300 }, env);
  });
});
