/** What is said where no file can be loaded, and which file is loaded where one can. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { glibcVersion } from '../../lib/libc.js';
import { version } from '../../lib/version.js';
import { elf } from '../support/elf.js';
import { addonReading, permissionFlag, testWith } from '../support/features.js';
import { addon, described, here, installed, libc, outcome, runtime, setVersion, target } from '../support/loading.js';

const build =
  'build one from a checkout with `npm ci && npm run build`, and set HAWSER_ADDON to the build/Release/hawser.node that this makes';
const shipped = `loaded ~/prebuilds/${target}/hawser.node`;

/** What is told in the words of glibc's loader. */
const onGlibc = test.runIf(libc === 'glibc');

const notBuilt = expect.stringMatching(/^ {2}~\/build\/Release\/hawser\.node: ENOENT: no such file or directory/);
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
  ['linux', 'arm64', '/lib/ld-linux-aarch64.so.1', 'linux-arm64', 'linux-arm64 (glibc)'],
  ['darwin', 'arm64', '', 'darwin-arm64', 'darwin-arm64'],
  ['darwin', 'x64', '', 'darwin-x64', 'darwin-x64'],
  ['win32', 'x64', '', 'win32-x64', 'win32-x64'],
  ['win32', 'arm64', '', 'win32-arm64', 'win32-arm64'],
])('on %s, %s, with the loader "%s" the file is that of %s', async (platform, arch, interpreter, name, shown) => {
  const installation = installed();
  const executable = installation.put('node', elf(interpreter));
  expect(await outcome(installation, { fake: pretend({ platform, arch, execPath: executable }) })).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED MODULE_NOT_FOUND',
    `could not load the native addon of hawser ${version} for ${shown}, ${runtime}; tried`,
    notBuilt,
    missing(name),
    again,
  ]);
});

test('where it can’t be told which C library this is, the files of both are tried, that first which never loads by mistake', async () => {
  const installation = installed();
  const executable = installation.put('node', elf(undefined));
  const fake = pretend({ platform: 'linux', arch: 'arm64', execPath: executable });
  expect((await outcome(installation, { fake })).slice(1)).toEqual([
    `could not load the native addon of hawser ${version} for linux-arm64 (an unknown C library), ${runtime}; tried`,
    notBuilt,
    missing('linux-arm64-musl'),
    missing('linux-arm64'),
    again,
  ]);
});

test.each([
  ['freebsd', 'x64', '', 'freebsd-x64', 'freebsd-x64'],
  ['linux', 'riscv64', '/lib/ld-linux-riscv64-lp64d.so.1', 'linux-riscv64', 'linux-riscv64 (glibc)'],
  ['linux', 'arm', '/lib/ld-musl-armhf.so.1', 'linux-arm-musl', 'linux-arm (musl)'],
])('for %s, %s, with the loader "%s" there is no binary', async (platform, arch, interpreter, name, shown) => {
  const installation = installed();
  const executable = installation.put('node', elf(interpreter));
  expect(await outcome(installation, { fake: pretend({ platform, arch, execPath: executable }) })).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED ENOENT',
    `could not load the native addon of hawser ${version} for ${shown}, ${runtime}; tried`,
    notBuilt,
    `hawser has no binary for ${name}; ${build}`,
  ]);
});

onGlibc('a system whose glibc is too old is told what the binary needs', async () => {
  const installation = installed();
  const newer = readFileSync(addon, 'latin1').replace(/GLIBC_2\.\d\d/g, 'GLIBC_2.99');
  installation.put(`prebuilds/${target}/hawser.node`, Buffer.from(newer, 'latin1'));
  const lines = await outcome(installation);
  expect(lines[3]).toMatch(/version `GLIBC_2\.99' not found/);
  expect(lines.at(-1)).toBe(
    `the binary needs GLIBC_2.99 and this system has glibc ${glibcVersion()}; use a newer system, or ${build}`,
  );
});

onGlibc('a runtime without what the binary needs is to be replaced', async () => {
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
])('where process.versions has %s the runtime is called %s', async (key, _name, shown) => {
  const fake = `Object.defineProperty(process.versions, '${key}', { value: '1.2.3' })`;
  expect((await outcome(installed(), { fake }))[1]).toBe(
    `could not load the native addon of hawser ${version} for ${described}, ${shown}; tried`,
  );
});

onGlibc('a file that does not load for another reason is told with that reason', async () => {
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

/** Tells at the end how often Node's report was asked for, for which all Workers have to stop. */
const reports = `
  const { getReport } = process.report;
  let reports = 0;
  process.report.getReport = (...args) => (reports++, getReport.apply(process.report, args));
  process.on('exit', () => console.log('reports:', reports));
`;

test('to load the addon takes no report, also where the permission model lets no executable be read', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  const flags = [permissionFlag, '--allow-addons', `--allow-fs-read=${installation.folder}`];
  expect(await outcome(installation, { fake: reports })).toEqual([shipped, 'reports: 0']);
  expect(await outcome(installation, { fake: reports, flags })).toEqual([shipped, 'reports: 0']);
});

test('to say what went wrong takes no report either', async () => {
  expect((await outcome(installed(), { fake: reports })).slice(-2)).toEqual([again, 'reports: 0']);
});

onGlibc('but for one that tells how old glibc is', async () => {
  const installation = installed();
  const newer = readFileSync(addon, 'latin1').replace(/GLIBC_2\.\d\d/g, 'GLIBC_2.99');
  installation.put(`prebuilds/${target}/hawser.node`, Buffer.from(newer, 'latin1'));
  expect((await outcome(installation, { fake: reports })).at(-1)).toBe('reports: 1');
});

test('an application’s own build, above a bundle, is not taken for the package’s', async () => {
  const installation = installed();
  installation.put('package.json', '{ "name": "app", "main": "dist/index.js" }');
  installation.put('binding.gyp', '{}');
  installation.put('build/Release/hawser.node', { copyOf: addon });
  expect((await outcome(installation)).slice(2)).toEqual([missing(target), again]);
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

onGlibc('all that was tried is told with why it failed', async () => {
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

test('addons that are not allowed are to be allowed', async () => {
  const flags = [permissionFlag, '--allow-fs-read=*'];
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  const lines = await outcome(installation, { flags });
  expect(lines[0]).toBe('HawserError HAWSER_ADDON_NOT_LOADED ERR_DLOPEN_DISABLED');
  expect(lines.at(-1)).toBe('the permission model denies addons, which --allow-addons allows');
  expect(await outcome(installation, { flags: [...flags, '--allow-addons'] })).toEqual([shipped]);
});

testWith(addonReading, 'an addon that may not be read is to be readable', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  const { folder, hawser } = installation;
  const code = ['main.js', 'package.json', 'node_modules/hawser/dist/', 'node_modules/hawser/package.json'];
  const allowed = (...files: string[]) => files.map((file) => `--allow-fs-read=${file}`);
  const flags = [permissionFlag, '--allow-addons', ...allowed(...code.map((file) => path.join(folder, file)))];
  const lines = await outcome(installation, { flags });
  expect(lines[0]).toBe('HawserError HAWSER_ADDON_NOT_LOADED ERR_ACCESS_DENIED');
  expect(lines.at(-1)).toBe('the permission model denies reading the addon, which --allow-fs-read=~ allows');
  expect(await outcome(installation, { flags: [...flags, ...allowed(hawser)] })).toEqual([shipped]);
});

test.each([
  ['', []],
  [', though they are permitted', [permissionFlag, '--allow-fs-read=*', '--allow-addons']],
])('addons that are switched off%s are to be switched on', async (_how, more) => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  const lines = await outcome(installation, { flags: ['--no-addons', ...more] });
  expect(lines[0]).toBe('HawserError HAWSER_ADDON_NOT_LOADED ERR_DLOPEN_DISABLED');
  expect(lines.at(-1)).toBe('Node.js runs with --no-addons; leave that away');
});

/** JavaScript that gives `process` other properties. */
function pretend(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `Object.defineProperty(process, '${name}', { value: ${JSON.stringify(value)} })`)
    .join(';\n');
}
