import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { root, runScript } from '../support/run-script.js';
import { accept, answerClose, echoMessages, ScriptedPeer } from '../support/scripted-peer.js';

const shipped = path.join(root, 'build/Release/hawser.node');
const load = createRequire(path.join(root, 'package.json'));

test('the shipped addon has no test hooks, and the test addon has', () => {
  const names = ['SecureContext', 'Session', 'attach', 'constants', 'openSslProblem', 'version'];
  expect(Object.keys(load(shipped)).sort()).toEqual(names);
  expect(Object.keys(load(process.env['HAWSER_ADDON']!)).sort()).toEqual(
    [...names, 'hideOpenSsl', 'liveReaders', 'setDelays'].sort(),
  );
});

test('the shipped addon knows no name of a test point', () => {
  expect(execFileSync('strings', [shipped], { encoding: 'utf8' })).not.toMatch(/before-return|after-close-command/);
});

test('the shipped addon exports the two symbols of its registration and no other', () => {
  const symbols = execFileSync('nm', ['-D', '--defined-only', '--format=just-symbols', shipped], { encoding: 'utf8' });
  expect(symbols.trim().split('\n').sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
});

test('the shipped addon stays loaded, and what it lacks is found missing when it is loaded', () => {
  const dynamic = execFileSync('readelf', ['-d', '--wide', shipped], { encoding: 'utf8' });
  expect(dynamic).toMatch(/\(FLAGS_1\).*\bNOW\b/);
  expect(dynamic).toMatch(/\(FLAGS_1\).*\bNODELETE\b/);
});

test('the declarations of the package compile by themselves', () => {
  const files = ['index', 'streams/index'].flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.d.mts`]);
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'];
  const program = ['--module', 'nodenext', '--types', 'node', '--skipLibCheck', 'false', '--ignoreConfig', ...files];
  const { stdout } = spawnSync('node_modules/.bin/tsc', [...options, ...program], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('the shipped addon is what the package loads', async () => {
  await using peer = await ScriptedPeer.listen([accept(), echoMessages(), answerClose()]);
  const source = `
    import { createRequire } from 'node:module';
    import { connect } from 'hawser';
    const connection = await connect(process.argv[1]);
    await connection.send('hello');
    console.log(await connection.recv());
    await connection.close();
    console.log(Object.keys(createRequire(process.cwd() + '/').cache).filter((name) => name.endsWith('.node')).join());
  `;
  const result = await runScript(source, { args: [peer.url], env: { HAWSER_ADDON: '' } });
  expect(result).toMatchObject({ code: 0, stderr: '', stdout: `hello\n${shipped}\n` });
});
