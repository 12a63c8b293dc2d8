/** Node's permission model: what hawser needs of it, what it says where it lacks that, and what it leaves alone. */

import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ca, server } from '../support/certificates.js';
import { networkPermission, permissionFlag, testWith } from '../support/features.js';
import { root, runScript } from '../support/run-script.js';
import { accept, answerClose, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';

let plain: ScriptedPeer;
let secure: ScriptedPeer;
beforeAll(async () => {
  const script = [accept(), echoMessages(), answerClose()];
  plain = await ScriptedPeer.listen(script, { tls: null });
  secure = await ScriptedPeer.listen(script, { tls: { cert: server().chain, key: server().key } });
});
afterAll(() => Promise.all([plain.stop(), secure.stop()]));

const addon = process.env['HAWSER_ADDON']!;
const readAll = '--allow-fs-read=*';
const addons = '--allow-addons';
const net = networkPermission.known ? ['--allow-net'] : [];

/** Connects to the plain peer, then to the other, and says what came of it. */
const visits = `
  const [, plain, secure, ca] = process.argv;
  const { connect } = await import('hawser');
  for (const [url, options] of [[plain, {}], [secure, { tls: { ca } }]]) {
    const connection = await connect(url, options);
    connection.send('hello');
    console.log(await connection.recv());
    await connection.close();
  }
`;

async function says(source: string, flags: string[], env: Record<string, string> = {}): Promise<string> {
  const args = [plain.url, secure.url.replace('127.0.0.1', 'localhost'), ca().cert];
  const { stdout, stderr } = await runScript(source, { args, flags, env });
  // Of what Node itself thinks of its flags.
  const complaints = stderr.replaceAll(/^\(node:\d+\) .*Warning: .*\n|^\(Use `.*\n/gm, '');
  return stdout + complaints;
}

test('with all that it needs, ws: and wss: work', async () => {
  expect(await says(visits, [permissionFlag, readAll, addons, ...net])).toBe('hello\nhello\n');
});

const ownFolders = ['build/Release', 'prebuilds'].map((name) => path.join(root, name));

test.each([
  ['its own addon', '', ownFolders],
  ['the addon of HAWSER_ADDON', addon, [path.dirname(addon)]],
])('what it reads is the package with %s and nothing else', async (_how, HAWSER_ADDON, folders) => {
  const readable = [
    ...[path.join(root, 'dist'), ...folders].map((name) => path.join(name, '*')),
    path.join(root, 'package.json'),
  ];
  const flags = [permissionFlag, ...readable.map((name) => `--allow-fs-read=${name}`), addons, ...net];
  expect(await says(visits, flags, { HAWSER_ADDON })).toBe('hello\nhello\n');
});

describe('where the network is denied', () => {
  /** What `net` and hawser say of the same attempts. */
  const attempts = `
    import * as net from 'node:net';
    import { connect } from 'hawser';
    const { port } = new URL(process.argv[1]);
    const tell = ({ code, syscall, address, port, hostname }) => console.log(code, syscall, address, port, hostname);
    for (const host of ['127.0.0.1', 'localhost']) {
      net.connect({ host, port }).on('error', tell);
      await connect('ws://' + host + ':' + port).catch(tell);
    }
    if (process.platform !== 'win32') {
      net.connect('/tmp/none.sock').on('error', tell);
      await connect('ws+unix:/tmp/none.sock').catch(tell);
    }
  `;

  const unixSocket = 'ERR_ACCESS_DENIED connect /tmp/none.sock undefined undefined';

  testWith(networkPermission, 'connecting is refused as net refuses it', async () => {
    const lines = (await says(attempts, [permissionFlag, readAll, addons])).trim().split('\n').sort();
    const port = new URL(plain.url).port;
    expect(lines).toEqual(
      [
        `ERR_ACCESS_DENIED connect 127.0.0.1 ${port} undefined`,
        `ERR_ACCESS_DENIED connect 127.0.0.1 ${port} 127.0.0.1`,
        'ERR_ACCESS_DENIED getaddrinfo undefined undefined localhost',
        'ERR_ACCESS_DENIED getaddrinfo undefined undefined localhost',
        ...(process.platform === 'win32' ? [] : [unixSocket, unixSocket]),
      ].sort(),
    );
  });

  testWith(networkPermission, 'the error names the flag, and the peer was not connected to', async () => {
    const before = await plain.connectionCount();
    const source = `
      import { connect } from 'hawser';
      await connect(process.argv[1]).catch((error) => console.log(error.name, error.message));
      await connect(process.argv[1].replace('127.0.0.1', 'localhost')).catch((error) => console.log(error.message));
      await connect('ws://h.example:1', { lookup: (_name, _options, done) => done(null, '127.0.0.1', 4) })
        .catch((error) => console.log(error.message));
    `;
    const why = 'the permission model denies the network, which --allow-net allows';
    expect(await says(source, [permissionFlag, readAll, addons])).toBe(
      `TransportError connect ERR_ACCESS_DENIED ${new URL(plain.url).host}; ${why}\n` +
        `getaddrinfo ERR_ACCESS_DENIED localhost; ${why}\n` +
        `connect ERR_ACCESS_DENIED h.example:1; ${why}\n`,
    );
    expect(await plain.connectionCount()).toBe(before);
  });

  testWith(networkPermission, 'reconnect() gives up', async () => {
    const source = `
      import { reconnect } from 'hawser';
      try {
        for await (const _ of reconnect(process.argv[1]));
      } catch (error) {
        console.log(error.code);
      }
    `;
    expect(await says(source, [permissionFlag, readAll, addons])).toBe('ERR_ACCESS_DENIED\n');
  });

  testWith(networkPermission, 'a Worker is refused as well', async () => {
    const source = `
      import { Worker } from 'node:worker_threads';
      const code = "import('" + import.meta.resolve('hawser') + "').then(({ connect }) => " +
        "connect('" + process.argv[1] + "')).catch((error) => console.log(error.code))";
      new Worker(code, { eval: true });
    `;
    expect(await says(source, [permissionFlag, readAll, addons, '--allow-worker'])).toBe('ERR_ACCESS_DENIED\n');
  });

  testWith(networkPermission, 'but only watched, connections open', async () => {
    expect(await says(visits, ['--permission-audit'])).toBe('hello\nhello\n');
    expect(await says(visits, [], { NODE_OPTIONS: '"--permission-audit"' })).toBe('hello\nhello\n');
  });

  testWith(networkPermission, 'watching that is taken back denies again', async () => {
    const source = `
      import { connect } from 'hawser';
      await connect(process.argv[1]).catch((error) => console.log(error.code));
    `;
    const flags = [permissionFlag, readAll, addons, '--permission-audit', '--no-permission-audit'];
    expect(await says(source, flags)).toBe('ERR_ACCESS_DENIED\n');
  });
});
