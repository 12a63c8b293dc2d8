/** What Node's environment and command line say about TLS, each in a process that was started with it. */

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type * as tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ca, otherCa, selfSignedServer, server } from '../support/certificates.js';
import { type Feature, settableCa, systemCa, systemCaVariable, testWith } from '../support/features.js';
import { root, runScript, type ScriptOptions } from '../support/run-script.js';
import { accept, echoMessages, respond, ScriptedPeer } from '../support/scripted-peer.js';

let peer: ScriptedPeer;
let selfSigned: ScriptedPeer;
let folder: string;
let caFile: string;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), echoMessages()], { tls: { cert: server().chain, key: server().key } });
  const { cert, key } = selfSignedServer();
  selfSigned = await ScriptedPeer.listen([accept(), echoMessages()], { tls: { cert, key } });
  folder = await mkdtemp(path.join(tmpdir(), 'hawser-'));
  caFile = path.join(folder, 'ca.pem');
  await writeFile(caFile, ca().cert);
});
afterAll(() => Promise.all([peer.stop(), selfSigned.stop(), rm(folder, { recursive: true })]));

/** Says 'connected' and whether the server was authorised, or the error's code. */
const visit = `
  import { connect } from 'hawser';
  import * as tls from 'node:tls';
  const [, url, before] = process.argv;
  if (before) await import('data:text/javascript,' + encodeURIComponent(before));
  try {
    const connection = await connect(url);
    await connection.send('hello');
    await connection.recv();
    console.log('connected', connection.tls.authorized);
    await connection.terminate();
  } catch (error) {
    console.log(error.code);
  }
`;

async function says(options: ScriptOptions, url = peer.url, before = ''): Promise<string> {
  const { stdout, code } = await runScript(visit, { ...options, args: [url, before] });
  expect(code).toBe(0);
  return stdout.trim();
}

describe('an authority is trusted', () => {
  test('by nobody who was not told of it', async () => {
    expect(await says({})).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  test('through NODE_EXTRA_CA_CERTS', async () => {
    expect(await says({ env: { NODE_EXTRA_CA_CERTS: caFile } })).toBe('connected true');
  });

  test('not through NODE_EXTRA_CA_CERTS that is set too late, as in Node', async () => {
    const late = `process.env.NODE_EXTRA_CA_CERTS = ${JSON.stringify(caFile)}`;
    expect(await says({}, peer.url, late)).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  test('through OpenSSL’s own file with --use-openssl-ca', async () => {
    const env = { SSL_CERT_FILE: caFile };
    expect(await says({ env, flags: ['--use-openssl-ca'] })).toBe('connected true');
    expect(await says({ env: { ...env, NODE_OPTIONS: '--use-openssl-ca' } })).toBe('connected true');
    expect(await says({ env })).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  testWith(systemCa, 'of the system with --use-system-ca', async () => {
    expect(await says({ env: { SSL_CERT_FILE: caFile }, flags: ['--use-system-ca'] })).toBe('connected true');
  });

  testWith(settableCa, 'through tls.setDefaultCACertificates()', async () => {
    const set = `import * as tls from 'node:tls'; tls.setDefaultCACertificates([${JSON.stringify(ca().cert)}]);`;
    expect(await says({}, peer.url, set)).toBe('connected true');
  });
});

describe('hawser trusts whom Node’s own client trusts', () => {
  /** Says what becomes of hawser's connection and of Node's, in one process. */
  const both = `
    import { connect } from 'hawser';
    import * as tls from 'node:tls';
    const [, url, before, options] = process.argv;
    const given = JSON.parse(options);
    async function visit() {
      const { port } = new URL(url);
      const node = await new Promise((resolve) => {
        const socket = tls.connect({ port, host: '127.0.0.1', ...given });
        socket.on('secureConnect', () => resolve('trusted')).on('error', (error) => resolve(error.code));
      });
      const ours = await connect(url, { tls: given }).then(() => 'trusted', (error) => error.code);
      console.log(ours, node);
    }
    await visit();
    if (before) {
      await import('data:text/javascript,' + encodeURIComponent(before));
      await visit();
    }
    process.exit();
  `;

  interface Told {
    readonly env?: (file: string) => Record<string, string>;
    readonly flags?: string[];
    readonly options?: tls.ConnectionOptions;
    /** What is done between a first visit and a second one. */
    readonly later?: string;
  }
  const setDefault = (certificates: string) =>
    `import * as tls from 'node:tls'; tls.setDefaultCACertificates(${certificates});`;
  const own = () => JSON.stringify([ca().cert]);
  const cases: [how: string, expected: string, told: () => Told, needs?: Feature][] = [
    ['where nothing is told', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', () => ({})],
    ['with NODE_EXTRA_CA_CERTS', 'trusted', () => ({ env: (file) => ({ NODE_EXTRA_CA_CERTS: file }) })],
    [
      'with a NODE_EXTRA_CA_CERTS that is not there',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      () => ({ env: (file) => ({ NODE_EXTRA_CA_CERTS: `${file}.none` }) }),
    ],
    ['with ca', 'trusted', () => ({ options: { ca: ca().cert } })],
    [
      'with another ca, which is in place of NODE_EXTRA_CA_CERTS',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      () => ({ env: (file) => ({ NODE_EXTRA_CA_CERTS: file }), options: { ca: otherCa().cert } }),
    ],
    [
      'with no ca at all',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      () => ({ env: (file) => ({ NODE_EXTRA_CA_CERTS: file }), options: { ca: [] } }),
    ],
    [
      'with --use-openssl-ca and its file',
      'trusted',
      () => ({ env: (file) => ({ SSL_CERT_FILE: file }), flags: ['--use-openssl-ca'] }),
    ],
    [
      'with --use-openssl-ca and NODE_EXTRA_CA_CERTS',
      'trusted',
      () => ({ env: (file) => ({ NODE_EXTRA_CA_CERTS: file }), flags: ['--use-openssl-ca'] }),
    ],
    [
      'with --use-bundled-ca',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      () => ({ env: (file) => ({ SSL_CERT_FILE: file }), flags: ['--use-bundled-ca'] }),
    ],
    [
      'with --use-system-ca',
      'trusted',
      () => ({ env: (file) => ({ SSL_CERT_FILE: file }), flags: ['--use-system-ca'] }),
      systemCa,
    ],
    [
      'with NODE_USE_SYSTEM_CA=1',
      'trusted',
      () => ({ env: (file) => ({ SSL_CERT_FILE: file, NODE_USE_SYSTEM_CA: '1' }) }),
      systemCaVariable,
    ],
    [
      'with tls.setDefaultCACertificates() after the first connection',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY, trusted',
      () => ({ later: setDefault(own()) }),
      settableCa,
    ],
    [
      'with tls.setDefaultCACertificates() that takes an authority back',
      'trusted, UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      () => ({ env: (file) => ({ NODE_EXTRA_CA_CERTS: file }), later: setDefault('tls.rootCertificates.slice(0, 1)') }),
      settableCa,
    ],
  ];
  for (const [how, expected, told, needs] of cases) {
    testWith(needs, `${how}: ${expected}`, async () => {
      const { env, flags = [], options = {}, later = '' } = told();
      const { stdout } = await runScript(both, {
        env: env?.(caFile) ?? {},
        flags,
        args: [peer.url.replace('127.0.0.1', 'localhost'), later, JSON.stringify(options)],
      });
      expect(stdout.trim().replaceAll('\n', ', ')).toBe(
        expected
          .split(', ')
          .map((code) => `${code} ${code}`)
          .join(', '),
      );
    });
  }
});

describe('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };

  test('lets in whoever answers, with Node’s warning, once', async () => {
    const source = `${visit}; await (await connect(url)).terminate();`;
    const { stdout, stderr } = await runScript(source, { env, args: [selfSigned.url] });
    expect(stdout).toBe('connected false\n');
    expect(stderr.match(/Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED/g)).toHaveLength(1);
  });

  test('warns in the words of Node', async () => {
    const nodes = `
      import * as tls from 'node:tls';
      tls.connect(new URL(process.argv[1]).port, '127.0.0.1').on('secureConnect', () => process.exit());
    `;
    const warned = async (source: string) => {
      const { stderr } = await runScript(source, { env, args: [selfSigned.url] });
      return stderr.replace(/^\(node:[0-9]+\)/, '');
    };
    expect(await warned(visit)).toBe(await warned(nodes));
  });

  test('says nothing where rejectUnauthorized is given', async () => {
    const source = `
      import { connect } from 'hawser';
      await connect(process.argv[1], { tls: { rejectUnauthorized: true } }).catch((error) => console.log(error.code));
    `;
    const result = await runScript(source, { env, args: [selfSigned.url] });
    expect(result).toMatchObject({ stdout: 'DEPTH_ZERO_SELF_SIGNED_CERT\n', stderr: '' });
  });
});

test('contexts that differ in other things trust the same authorities', async () => {
  const source = `
    import { connect } from 'hawser';
    const options = [{}, { minVersion: 'TLSv1.3' }, { allowPartialTrustChain: true }, { ecdhCurve: 'P-256' }];
    for (const tls of [...options, ...options]) {
      const connection = await connect(process.argv[1], { tls });
      console.log(connection.tls.authorized);
      await connection.terminate();
    }
    await connect(process.argv[1], { tls: { ca: [] } }).catch((error) => console.log(error.code));
  `;
  const result = await runScript(source, { env: { NODE_EXTRA_CA_CERTS: caFile }, args: [peer.url] });
  expect(result).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `${'true\n'.repeat(8)}UNABLE_TO_GET_ISSUER_CERT_LOCALLY\n`,
  });
});

describe('keys are written', () => {
  const secret = /^(CLIENT_TRAFFIC_SECRET_0|CLIENT_RANDOM) [0-9a-f]{64} [0-9a-f]+$/m;

  test.each<[string, (file: string) => ScriptOptions]>([
    ['where --tls-keylog says', (file) => ({ flags: [`--tls-keylog=${file}`] })],
    ['where SSLKEYLOGFILE says', (file) => ({ env: { SSLKEYLOGFILE: file } })],
  ])('%s', async (how, optionsOf) => {
    const file = path.join(folder, `${how.length}.log`);
    const { env, flags = [] } = optionsOf(file);
    expect(await says({ env: { ...env, NODE_EXTRA_CA_CERTS: caFile }, flags })).toBe('connected true');
    expect(await readFile(file, 'latin1')).toMatch(secret);
  });

  test('nowhere, where the file can’t be written to, and the connection opens', async () => {
    const env = { SSLKEYLOGFILE: path.join(folder, 'none/keys.log'), NODE_EXTRA_CA_CERTS: caFile };
    const { stdout, stderr } = await runScript(visit, { env, args: [peer.url] });
    expect(stdout).toBe('connected true\n');
    expect(stderr).toContain('can not write TLS keys: ENOENT');
  });
});

describe('a runtime whose OpenSSL can’t be used', () => {
  test('opens ws: and refuses wss: in words', async () => {
    await using plain = await ScriptedPeer.listen([accept(), echoMessages()], { tls: null });
    const redirect = respond({ status: 307, headers: { Location: peer.url } });
    await using redirecting = await ScriptedPeer.listen([redirect], { tls: null });
    const source = `
      import { createRequire } from 'node:module';
      import { connect } from 'hawser';
      createRequire(process.cwd() + '/')(process.env.HAWSER_ADDON).hideOpenSsl();
      const [, plain, secure, redirecting] = process.argv;
      const connection = await connect(plain);
      await connection.send('hello');
      console.log(await connection.recv());
      await connection.terminate();
      const say = (error) => console.log(error.code, error.message);
      await connect(secure).catch(say);
      await connect(plain, { proxy: 'https://127.0.0.1:1' }).catch(say);
      await connect(redirecting).catch(say);
    `;
    const result = await runScript(source, { args: [plain.url, peer.url, redirecting.url] });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const refusal =
      'HAWSER_NOT_SUPPORTED wss: needs OpenSSL 3 from the runtime: ' +
      'the runtime exports no OPENSSL_version_major; ws: works without';
    expect(result.stdout).toBe(`hello\n${refusal}\n${refusal}\n${refusal}; redirected to "${peer.url}"\n`);
  });

  test('loads the addon, which links none of it', () => {
    const addon = path.join(root, 'build/Release/hawser.node');
    const symbols = execFileSync('nm', ['-D', '--undefined-only', '--format=just-symbols', addon], {
      encoding: 'utf8',
    });
    expect(symbols).toContain('uv_run');
    expect(symbols).not.toMatch(/^(SSL|X509|BIO|ERR|EVP|PEM|OPENSSL|CRYPTO|d2i|i2d)_/m);
  });
});

test('Workers connect over TLS and can be terminated in the middle of it', async () => {
  const source = `
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const url = process.argv[1];
    const code = \`
      import { connect } from 'hawser';
      import { parentPort } from 'node:worker_threads';
      for (let i = 0; ; i++) {
        const connection = await connect('\${url}');
        if (i === 0) parentPort.postMessage('connected');
        connection.send('hello');
        if (i % 2) await connection.recv();
      }
    \`;
    for (let round = 0; round < 5; round++) {
      const workers = Array.from({ length: 4 }, () => new Worker(new URL('data:text/javascript,' + encodeURIComponent(code.replace("'hawser'", JSON.stringify(import.meta.resolve('hawser')))))));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      console.log((await Promise.all(workers.map((worker) => worker.terminate()))).join());
    }
  `;
  const result = await runScript(source, { args: [peer.url], env: { NODE_EXTRA_CA_CERTS: caFile } });
  expect(result).toMatchObject({ code: 0, stderr: '', stdout: '1,1,1,1\n'.repeat(5) });
});
