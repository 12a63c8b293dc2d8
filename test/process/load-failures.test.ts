import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { detectLibc, glibcVersion } from '../../lib/libc.js';
import { version } from '../../lib/version.js';
import { elf } from '../support/elf.js';
import { Installation } from '../support/installation.js';

const addon = process.env['HAWSER_ADDON']!;
const napi = process.versions['napi'];
const runtime = `Node.js ${process.version}, Node-API ${napi}`;
const system = `${process.platform}-${process.arch}`;
const libc = detectLibc() === 'glibc' ? `glibc ${glibcVersion()}` : 'musl';
const target = detectLibc() === 'glibc' ? system : `${system}-musl`;
const here = `could not load the native addon of hawser ${version} for ${system} (${libc}), ${runtime}; tried`;
const build =
  'build one from a checkout with `npm ci && npm run build`, and set HAWSER_ADDON to the build/Release/hawser.node that this makes';
const shipped = `loaded ~/prebuilds/${target}/hawser.node`;
const unset = 'or unset it to use the binary that hawser has for this system';

interface Circumstances {
  readonly flags?: readonly string[];
  readonly chosen?: string;
  /** JavaScript that runs first. */
  readonly fake?: string;
}

/** What `require('hawser')` says in a process of its own: which file was loaded, or the lines of the failure, with the package's folder as `~`. */
async function outcome({ hawser, folder }: Installation, { flags = [], chosen = '', fake = '' }: Circumstances = {}) {
  const main = path.join(folder, 'main.js');
  writeFileSync(
    main,
    `${fake};
    try {
      require('hawser');
      console.log('loaded', Object.keys(require.cache).findLast((name) => name.endsWith('.node')));
    } catch (error) {
      console.log(error.name, error.code, error.cause?.code ?? '');
      console.log(error.message);
    }`,
  );
  const output = await new Promise<string>((resolve, reject) => {
    const options = { cwd: folder, env: { ...process.env, HAWSER_ADDON: chosen, NODE_NO_WARNINGS: '1' } };
    execFile(process.execPath, [...flags, main], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
  return output.trim().replaceAll(hawser, '~').split('\n');
}

function installed(): Installation {
  const installation = new Installation();
  onTestFinished(() => installation[Symbol.dispose]());
  return installation;
}

const notBuilt = "  ~/build/Release/hawser.node: Cannot find module '~/build/Release/hawser.node'";
const missing = (name: string) =>
  `  ~/prebuilds/${name}/hawser.node: Cannot find module '../prebuilds/${name}/hawser.node'`;
const again =
  'the file that hawser has for this system is missing; install hawser again, or, where a bundler or a pruned install has left it out, see docs/troubleshooting.md';

test('a missing file of this system is to be installed again', async () => {
  expect(await outcome(installed())).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED MODULE_NOT_FOUND',
    here,
    notBuilt,
    missing(target),
    again,
  ]);
});

test('in a checkout the addon is to be built', async () => {
  const checkout = installed();
  checkout.put('binding.gyp', '{}');
  expect((await outcome(checkout)).at(-1)).toBe(
    'run `npm ci && npm run build` in ~ to build it (needs python3, make and a C++20 compiler)',
  );
});

test.each([
  ['linux', 'x64', '/lib/ld-musl-x86_64.so.1', 'linux-x64-musl', 'linux-x64 (musl)'],
  ['linux', 'arm64', '/lib/ld-musl-aarch64.so.1', 'linux-arm64-musl', 'linux-arm64 (musl)'],
  ['linux', 'arm64', '/lib/ld-linux-aarch64.so.1', 'linux-arm64', `linux-arm64 (glibc ${glibcVersion()})`],
  ['darwin', 'arm64', '', 'darwin-arm64', 'darwin-arm64'],
  ['darwin', 'x64', '', 'darwin-x64', 'darwin-x64'],
  ['win32', 'x64', '', 'win32-x64', 'win32-x64'],
  ['win32', 'arm64', '', 'win32-arm64', 'win32-arm64'],
])('on %s, %s, with the loader "%s" the file is that of %s', async (platform, arch, interpreter, name, described) => {
  const installation = installed();
  const executable = installation.put('node', elf(interpreter));
  expect(await outcome(installation, { fake: pretend({ platform, arch, execPath: executable }) })).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED MODULE_NOT_FOUND',
    `could not load the native addon of hawser ${version} for ${described}, ${runtime}; tried`,
    notBuilt,
    missing(name),
    again,
  ]);
});

test.each([
  ['freebsd', 'x64', '', 'freebsd-x64', 'freebsd-x64'],
  ['linux', 'riscv64', '/lib/ld-linux-riscv64-lp64d.so.1', 'linux-riscv64', `linux-riscv64 (glibc ${glibcVersion()})`],
  ['linux', 'arm', '/lib/ld-musl-armhf.so.1', 'linux-arm-musl', 'linux-arm (musl)'],
])('for %s, %s, with the loader "%s" there is no binary', async (platform, arch, interpreter, name, described) => {
  const installation = installed();
  const executable = installation.put('node', elf(interpreter));
  expect(await outcome(installation, { fake: pretend({ platform, arch, execPath: executable }) })).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED MODULE_NOT_FOUND',
    `could not load the native addon of hawser ${version} for ${described}, ${runtime}; tried`,
    notBuilt,
    `hawser has no binary for ${name}; ${build}`,
  ]);
});

test('a system whose glibc is too old is told what the binary needs', async () => {
  const installation = installed();
  const newer = readFileSync(addon, 'latin1').replace(/GLIBC_2\.\d\d/g, 'GLIBC_2.99');
  installation.put(`prebuilds/${target}/hawser.node`, Buffer.from(newer, 'latin1'));
  const lines = await outcome(installation);
  expect(lines[3]).toMatch(/version `GLIBC_2\.99' not found/);
  expect(lines.at(-1)).toBe(
    `the binary needs GLIBC_2.99 and this system has glibc ${glibcVersion()}; use a newer system, or ${build}`,
  );
});

test('a runtime without what the binary needs is to be replaced', async () => {
  const installation = installed();
  const other = readFileSync(addon, 'latin1').replaceAll('\0uv_async_send\0', '\0uv_async_sent\0');
  installation.put(`prebuilds/${target}/hawser.node`, Buffer.from(other, 'latin1'));
  const lines = await outcome(installation);
  expect(lines[3]).toMatch(/undefined symbol: uv_async_sent/);
  expect(lines.at(-1)).toBe(
    'this runtime lacks what the binary needs of Node.js; use an official build of Node.js 20.19 or newer',
  );
});

test('a Node older than package.json’s engines is to be upgraded', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, 'no addon');
  const fake = "Object.defineProperty(process.versions, 'node', { value: '20.18.3' })";
  expect((await outcome(installation, { fake })).at(-1)).toBe('hawser needs Node.js 20.19 or newer; upgrade Node.js');
});

test.each([
  ['electron', 'Electron', `Electron 1.2.3 with ${runtime}`],
  ['bun', 'Bun', `Bun 1.2.3, like ${runtime}`],
  ['deno', 'Deno', `Deno 1.2.3, like ${runtime}`],
])('where process.versions has %s the runtime is called %s', async (key, _name, described) => {
  const fake = `Object.defineProperty(process.versions, '${key}', { value: '1.2.3' })`;
  expect((await outcome(installed(), { fake }))[1]).toBe(
    `could not load the native addon of hawser ${version} for ${system} (${libc}), ${described}; tried`,
  );
});

test('a file that does not load for another reason is told with that reason', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, 'no addon');
  expect((await outcome(installation)).slice(3)).toEqual([
    `  ~/prebuilds/${target}/hawser.node: ~/prebuilds/${target}/hawser.node: file too short`,
    `the binary does not load here; see docs/troubleshooting.md, or ${build}`,
  ]);
});

test('a binary of another version is not used, and says which it is', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  setVersion(installation, '9.9.9');
  expect((await outcome(installation)).slice(3)).toEqual([
    `  ~/prebuilds/${target}/hawser.node: it is the addon of hawser ${version}; expected 9.9.9`,
    'files of two versions are mixed; install hawser again',
  ]);
});

test('a checkout’s own build comes first', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  installation.put('build/Release/hawser.node', { copyOf: addon });
  expect(await outcome(installation)).toEqual(['loaded ~/build/Release/hawser.node']);
});

test('where a checkout’s own build does not load, what is shipped is used', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  installation.put('build/Release/hawser.node', 'no addon');
  expect(await outcome(installation)).toEqual([shipped]);
});

test('all that was tried is told with why it failed', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, 'no addon');
  installation.put('build/Release/hawser.node', { copyOf: addon });
  setVersion(installation, '9.9.9');
  expect((await outcome(installation)).slice(2)).toEqual([
    `  ~/build/Release/hawser.node: it is the addon of hawser ${version}; expected 9.9.9`,
    `  ~/prebuilds/${target}/hawser.node: ~/prebuilds/${target}/hawser.node: file too short`,
    `the binary does not load here; see docs/troubleshooting.md, or ${build}`,
  ]);
});

/** What Node 20 calls differently. */
const restricted = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

test('addons that are not allowed are to be allowed', async () => {
  const flags = [restricted, '--allow-fs-read=*'];
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  const lines = await outcome(installation, { flags });
  expect(lines[0]).toBe('HawserError HAWSER_ADDON_NOT_LOADED ERR_DLOPEN_DISABLED');
  expect(lines.at(-1)).toBe('the permission model denies addons, which --allow-addons allows');
  expect(await outcome(installation, { flags: [...flags, '--allow-addons'] })).toEqual([shipped]);
});

// Node 24 and older load an addon that may not be read.
test.runIf(Number.parseInt(process.versions.node, 10) >= 26)(
  'an addon that may not be read is to be readable',
  async () => {
    const installation = installed();
    installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
    const { folder, hawser } = installation;
    const code = ['main.js', 'package.json', 'node_modules/hawser/dist/', 'node_modules/hawser/package.json'];
    const allowed = (...files: string[]) => files.map((file) => `--allow-fs-read=${file}`);
    const flags = [restricted, '--allow-addons', ...allowed(...code.map((file) => path.join(folder, file)))];
    const lines = await outcome(installation, { flags });
    expect(lines[0]).toBe('HawserError HAWSER_ADDON_NOT_LOADED ERR_ACCESS_DENIED');
    expect(lines.at(-1)).toBe('the permission model denies reading the addon, which --allow-fs-read=~ allows');
    expect(await outcome(installation, { flags: [...flags, ...allowed(hawser)] })).toEqual([shipped]);
  },
);

test('addons that are switched off are to be switched on', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  const lines = await outcome(installation, { flags: ['--no-addons'] });
  expect(lines[0]).toBe('HawserError HAWSER_ADDON_NOT_LOADED ERR_DLOPEN_DISABLED');
  expect(lines.at(-1)).toBe('Node.js runs with --no-addons; leave that away');
});

test('HAWSER_ADDON names the only file to try', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  expect(await outcome(installation, { chosen: '/nowhere/hawser.node' })).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED MODULE_NOT_FOUND',
    here,
    "  /nowhere/hawser.node: Cannot find module '/nowhere/hawser.node'",
    `HAWSER_ADDON names a file that does not exist; correct it, ${unset}`,
  ]);
  expect(await outcome(installation, { chosen: addon })).toEqual([`loaded ${addon}`]);
});

test.each([
  ['text.node', 'file too short'],
  ['addon.so', 'its name does not end in .node'],
])('HAWSER_ADDON may not name a file that is no binary, such as %s', async (name, why) => {
  const installation = installed();
  const chosen = installation.put(name, 'console.log("run")');
  const lines = await outcome(installation, { chosen });
  expect(lines[2]).toMatch(new RegExp(`^ {2}~/${name}: .*${why}$`));
  expect(lines.slice(3)).toEqual([`HAWSER_ADDON names a file that is no binary for this system; correct it, ${unset}`]);
});

test('HAWSER_ADDON may not name another version’s binary', async () => {
  const installation = installed();
  setVersion(installation, '9.9.9');
  expect((await outcome(installation, { chosen: addon })).slice(2)).toEqual([
    `  ${addon}: it is the addon of hawser ${version}; expected 9.9.9`,
    `HAWSER_ADDON names a binary of another version; build one from a checkout of version 9.9.9, ${unset}`,
  ]);
});

/** Makes the TypeScript half one of another version. */
function setVersion(installation: Installation, other: string): void {
  const file = path.join(installation.hawser, 'dist/version.js');
  writeFileSync(file, readFileSync(file, 'utf8').replace(`'${version}'`, `'${other}'`));
}

/** JavaScript that gives `process` other properties. */
function pretend(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `Object.defineProperty(process, '${name}', { value: ${JSON.stringify(value)} })`)
    .join(';\n');
}
