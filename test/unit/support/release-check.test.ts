import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runFile } from '../../support/run-script.js';

let tree: string;

const linux = { at: 18, machine: 0x3e };

const manifest = {
  name: 'hawser',
  version: '1.2.3',
  exports: { './prebuilds/linux-x64': '', './prebuilds/darwin-arm64': '', './prebuilds/win32-x64': '' },
};

beforeEach(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'hawser-release-'));
  write({
    '.gitignore': 'prebuilds/\n',
    'package.json': JSON.stringify(manifest),
    'package-lock.json': '{\n  "version": "1.2.3",\n    "": {\n      "name": "hawser",\n      "version": "1.2.3"\n}}\n',
    'lib/version.ts': "export const version = '1.2.3';\n",
    'native/binding/version.h': 'inline constexpr char kVersion[] = "1.2.3";\n',
    'binding.gyp': '{}',
    'CHANGELOG.md': '# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2001-02-03\n\n- new\n\n## 1.2.2 - 2001-01-01\n',
    'prebuilds/linux-x64/hawser.node': binary('7f454c46', linux, 'libc.so.6\0'),
    'prebuilds/darwin-arm64/hawser.node': binary('cffaedfe', { at: 4, machine: 0x0100000c }),
    'prebuilds/win32-x64/hawser.node': binary('4d5a', { at: 68, machine: 0x8664 }),
  });
  git('init', '--quiet');
  commit();
});

afterEach(() => rmSync(tree, { recursive: true }));

function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
    writeFileSync(path.join(tree, file), content);
  }
}

/** The beginning of a binary of some system, and the version that it tells. */
function binary(
  magic: string,
  { at, machine }: { at: number; machine: number },
  more = '',
  version = manifest.version,
) {
  const bytes = Buffer.alloc(300);
  bytes.write(magic, 'hex');
  bytes.writeUInt32LE(64, 0x3c); // of Windows' files: where their header is
  bytes.writeUInt32LE(machine, at);
  bytes.write(`${more}\0${version}\0`, 256);
  return bytes;
}

function git(...args: string[]): void {
  const who = ['-c', 'user.name=who', '-c', 'user.email=who@example.com'];
  execFileSync('git', [...who, ...args], { cwd: tree });
}

function commit(): void {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'all');
}

async function check(...options: string[]): Promise<{ code: number | null; lines: string[] }> {
  const env = { GITHUB_ACTIONS: '' };
  const args = ['--quick', '--root', tree, ...options];
  const { code, stdout, stderr } = await runFile('scripts/release-check.mjs', { args, env });
  expect(stderr).toBe('');
  return { code, lines: stdout.trimEnd().split('\n') };
}

test('says what it has seen of a tree that may be released', async () => {
  const { code, lines } = await check();
  expect(lines).toEqual([
    expect.stringMatching(/^ok {6}clean tree: all is as in [0-9a-f]+$/),
    'ok      versions: 1.2.3 in package.json, package-lock.json, lib/version.ts, native/binding/version.h',
    'ok      changelog: 1.2.3 is of 2001-02-03',
    'ok      tag: none yet; v1.2.3 will do',
    'ok      repository: none yet; the release workflow names it',
    'ok      binaries: 3, each for its system, of 1.2.3, without test hooks and newer than its sources',
    'skipped lint and types: as asked for',
    'skipped layers: as asked for',
    'skipped symbols: as asked for',
    'skipped package: as asked for',
    'skipped tests: as asked for',
    'skipped native tests: as asked for',
    'skipped linux-x64: as asked for',
    'skipped linux-arm64: as asked for',
    'skipped matrix: as asked for',
    '6 passed, 0 failed, 9 skipped',
  ]);
  expect(code).toBe(0);
});

test('who publishes needs a tag, a repository and a workflow, and is told how it is done', async () => {
  const { code, lines } = await check('--publishing');
  expect(lines.filter((line) => !/^(ok|skipped) /.test(line))).toEqual([
    'FAILED  tag: this commit has no tag; expected v1.2.3',
    'FAILED  repository: package.json names none, and provenance needs it',
    'FAILED  workflow: this is no workflow of GitHub Actions, and provenance needs one',
    '4 passed, 3 failed, 9 skipped',
    'not published: releases are made by .github/workflows/release.yml, of a tag',
  ]);
  expect(code).toBe(1);
});

test('the repository’s address may be written into package.json, and a tag that fits is named', async () => {
  git('tag', 'v1.2.3');
  write({ 'package.json': JSON.stringify({ ...manifest, repository: { url: 'git+https://example.com/hawser.git' } }) });
  const { code, lines } = await check();
  expect(lines).toContain('ok      tag: v1.2.3');
  expect(lines).toContain('ok      repository: git+https://example.com/hawser.git');
  expect(code).toBe(0);
});

const failures: [string, () => void, string[]][] = [
  [
    'a file that is not committed',
    () => write({ 'lib/new.ts': '' }),
    ['clean tree: there are uncommitted changes:', '  ?? lib/new.ts'],
  ],
  [
    'a change of package.json that is not committed',
    () => write({ 'package.json': JSON.stringify({ ...manifest, name: 'other' }) }),
    ['clean tree: there are uncommitted changes:', '   M package.json'],
  ],
  [
    'another version in lib/',
    () => write({ 'lib/version.ts': "export const version = '1.2.2';\n" }),
    ['versions: lib/version.ts has 1.2.2; package.json has 1.2.3'],
  ],
  [
    'another version in one place of package-lock.json',
    () => {
      write({
        'package-lock.json':
          '{\n  "version": "1.2.3",\n    "": {\n      "name": "hawser",\n      "version": "1.2.2"\n}}\n',
      });
      utimesSync(path.join(tree, 'package-lock.json'), 1, 1);
    },
    ['versions: package-lock.json has 1.2.2; package.json has 1.2.3'],
  ],
  [
    'another version of the addon',
    () => {
      write({ 'native/binding/version.h': '' });
      utimesSync(path.join(tree, 'native/binding/version.h'), 1, 1); // or the binaries would be older, too
    },
    ['versions: native/binding/version.h has none; package.json has 1.2.3'],
  ],
  [
    'another version in the changelog',
    () => write({ 'CHANGELOG.md': '## 1.2.2 - 2001-01-01\n' }),
    ['changelog: the newest heading with a date is of 1.2.2; package.json has 1.2.3'],
  ],
  [
    'a changelog without a date',
    () => write({ 'CHANGELOG.md': '## 1.2.3\n\n- new\n' }),
    ['changelog: no heading has a date, such as: ## 1.2.3 - 2000-12-31'],
  ],
  [
    'changes that are unreleased',
    () => write({ 'CHANGELOG.md': '## Unreleased\n\n- newer\n\n## 1.2.3 - 2001-02-03\n' }),
    ['changelog: there are changes under Unreleased; they belong to 1.2.3 or wait for another release'],
  ],
  ['another tag', () => git('tag', 'v1.2.4'), ['tag: this commit is tagged v1.2.4; expected v1.2.3']],
  [
    'a binary that is missing',
    () => rmSync(path.join(tree, 'prebuilds/win32-x64/hawser.node')),
    ['binaries: run scripts/prebuild, since', '  win32-x64: it is missing'],
  ],
  [
    'a binary of another system',
    () => write({ 'prebuilds/linux-x64/hawser.node': binary('7f454c46', { at: 18, machine: 0xb7 }) }),
    ['binaries: run scripts/prebuild, since', '  linux-x64: it is for linux-arm64-musl'],
  ],
  [
    'a binary of another version',
    () =>
      write({ 'prebuilds/darwin-arm64/hawser.node': binary('cffaedfe', { at: 4, machine: 0x0100000c }).fill(0, 256) }),
    ['binaries: run scripts/prebuild, since', '  darwin-arm64: it does not tell version 1.2.3'],
  ],
  ...['package-lock.json', 'scripts/binaries/ninja.mjs'].map((file): [string, () => void, string[]] => [
    `binaries that are older than ${file}`,
    () => {
      write({ 'scripts/binaries/ninja.mjs': '' });
      commit();
      const later = Date.now() / 1000 + 1000;
      utimesSync(path.join(tree, file), later, later);
    },
    [
      'binaries: run scripts/prebuild, since',
      ...['linux-x64', 'darwin-arm64', 'win32-x64'].map((target) => `  ${target}: it is older than ${file}`),
    ],
  ]),
  [
    'a binary of a version that ends alike',
    () => write({ 'prebuilds/linux-x64/hawser.node': binary('7f454c46', linux, 'libc.so.6\0', '11.2.3') }),
    ['binaries: run scripts/prebuild, since', '  linux-x64: it does not tell version 1.2.3'],
  ],
  [
    'a binary with test hooks',
    () => write({ 'prebuilds/linux-x64/hawser.node': binary('7f454c46', linux, 'libc.so.6\0setDelays\0') }),
    ['binaries: run scripts/prebuild, since', '  linux-x64: it has setDelays, which only tests use'],
  ],
  [
    'a binary that is older than its sources',
    () => utimesSync(path.join(tree, 'prebuilds/linux-x64/hawser.node'), 1, 1),
    [
      'binaries: run scripts/prebuild, since',
      expect.stringMatching(/^ {2}linux-x64: it is older than (native|binding)/),
    ],
  ],
];

test.each(failures)('fails for %s', async (what, change, expected) => {
  change();
  if (!what.includes('not committed') && !what.includes('tag')) commit();
  const { code, lines } = await check();
  const failed = lines.findIndex((line) => line.startsWith('FAILED'));
  const [first = '', ...others] = expected;
  expect(lines.slice(failed, failed + expected.length)).toEqual([`FAILED  ${first}`, ...others]);
  expect(lines.at(-1)).toBe('5 passed, 1 failed, 9 skipped');
  expect(code).toBe(1);
});
