/** The file that HAWSER_ADDON names, and what is said of one that can't be the addon. */

import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { glibcVersion } from '../../lib/libc.js';
import { version } from '../../lib/version.js';
import { addon, here, installed, libc, outcome, setVersion, target } from '../support/loading.js';

const unset = 'or unset it to use the binary that hawser has for this system';
const onGlibc = test.runIf(libc === 'glibc');

test('HAWSER_ADDON names the only file to try', async () => {
  const installation = installed();
  installation.put(`prebuilds/${target}/hawser.node`, { copyOf: addon });
  expect(await outcome(installation, { chosen: path.join(installation.hawser, 'nowhere.node') })).toEqual([
    'HawserError HAWSER_ADDON_NOT_LOADED ENOENT',
    here,
    expect.stringMatching(/^ {2}~\/nowhere\.node: ENOENT: no such file or directory/),
    `HAWSER_ADDON names a file that does not exist; correct it, ${unset}`,
  ]);
  expect(await outcome(installation, { chosen: addon })).toEqual([`loaded ${addon}`]);
});

onGlibc.each([
  ['text.node', 'file too short', 'that is no binary for this system; correct it'],
  ['addon.so', 'its name does not end in .node', 'whose name does not end in .node; rename it'],
])('HAWSER_ADDON may not name a file that is no binary, such as %s', async (name, why, words) => {
  const installation = installed();
  const chosen = installation.put(name, 'console.log("run")');
  const lines = await outcome(installation, { chosen });
  expect(lines[2]).toMatch(new RegExp(`^ {2}~/${name}: .*${why}$`));
  expect(lines.slice(3)).toEqual([`HAWSER_ADDON names a file ${words}, ${unset}`]);
});

test('HAWSER_ADDON may not name another version’s binary', async () => {
  const installation = installed();
  setVersion(installation, '9.9.9');
  expect((await outcome(installation, { chosen: addon })).slice(2)).toEqual([
    `  ${addon}: it is the addon of hawser ${version}; expected 9.9.9`,
    `HAWSER_ADDON names a binary of another version; build one from a checkout of version 9.9.9, ${unset}`,
  ]);
});

test('HAWSER_ADDON may be relative to the working directory, and a file: URL', async () => {
  const installation = installed();
  const file = installation.put('own/some addon.node', { copyOf: addon });
  for (const chosen of [path.relative(installation.folder, file), pathToFileURL(file).href]) {
    expect(await outcome(installation, { chosen })).toEqual(['loaded ~/own/some addon.node']);
  }
});

test('HAWSER_ADDON may name a link to a binary', async () => {
  const installation = installed();
  installation.put('own/hawser.node', { copyOf: addon });
  const chosen = path.join(installation.hawser, 'link');
  symlinkSync('own/hawser.node', chosen);
  expect(await outcome(installation, { chosen })).toEqual(['loaded ~/own/hawser.node']);
});

test('what require() would take in place of the file is not run', async () => {
  const installation = installed();
  installation.put('folder.node/index.js', 'console.log("run")');
  installation.put('missing.node.js', 'console.log("run")');
  installation.put('real.so', { copyOf: addon });
  symlinkSync('real.so', path.join(installation.hawser, 'link.node'));
  symlinkSync('nowhere.node', path.join(installation.hawser, 'dangling.node'));
  const said = async (name: string) =>
    (await outcome(installation, { chosen: path.join(installation.hawser, name) })).slice(2);
  const nowhere = `HAWSER_ADDON names a file that does not exist; correct it, ${unset}`;
  expect(await said('folder.node')).toEqual([
    '  ~/folder.node: it is no file',
    `HAWSER_ADDON names a folder or what else is no file; name the file in it, ${unset}`,
  ]);
  expect((await said('missing.node')).at(-1)).toBe(nowhere);
  expect((await said('dangling.node')).at(-1)).toBe(nowhere);
  expect(await said('link.node')).toEqual([
    '  ~/link.node: it is a link to ~/real.so, whose name does not end in .node',
    `HAWSER_ADDON names a file whose name does not end in .node; rename it, ${unset}`,
  ]);
});

onGlibc('a system whose glibc is too old for HAWSER_ADDON is told what that needs', async () => {
  const installation = installed();
  const newer = readFileSync(addon, 'latin1').replace(/GLIBC_2\.\d\d/g, 'GLIBC_2.99');
  const chosen = installation.put('newer.node', Buffer.from(newer, 'latin1'));
  expect((await outcome(installation, { chosen })).at(-1)).toBe(
    `the binary of HAWSER_ADDON needs GLIBC_2.99 and this system has glibc ${glibcVersion()}; build it on this system, ${unset}`,
  );
});

onGlibc('a runtime without what HAWSER_ADDON needs is to be replaced', async () => {
  const installation = installed();
  const other = readFileSync(addon, 'latin1').replaceAll('\0uv_async_send\0', '\0uv_async_sent\0');
  const chosen = installation.put('other.node', Buffer.from(other, 'latin1'));
  expect((await outcome(installation, { chosen })).at(-1)).toBe(
    'this runtime lacks what the binary needs of Node.js; use an official build of Node.js 20.19 or newer',
  );
});

// Root may read everything.
test.runIf(process.getuid?.() !== 0 && process.platform !== 'win32')(
  'HAWSER_ADDON may not name a file that may not be read',
  async () => {
    const installation = installed();
    const folder = path.join(installation.hawser, 'closed');
    mkdirSync(folder);
    chmodSync(folder, 0);
    const lines = await outcome(installation, { chosen: path.join(folder, 'hawser.node') });
    chmodSync(folder, 0o700);
    expect(lines.at(-1)).toBe(`HAWSER_ADDON names a file that this user may not read or load; allow that, ${unset}`);
  },
);

test('a Node that is too old is to be upgraded, whatever HAWSER_ADDON names', async () => {
  const installation = installed();
  const chosen = installation.put('text.node', 'no addon');
  const fake = "Object.defineProperty(process.versions, 'node', { value: '20.18.3' })";
  expect((await outcome(installation, { chosen, fake })).at(-1)).toBe(
    'hawser needs Node.js 20.19 or newer; upgrade Node.js',
  );
});
