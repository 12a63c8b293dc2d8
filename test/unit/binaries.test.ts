import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Facts, readFacts } from '../../scripts/binaries/facts.mjs';
import { newestGlibc, problemsOf } from '../../scripts/binaries/judge.mjs';
import { knownSymbols } from '../../scripts/binaries/known-symbols.mjs';
import { newestVersion } from '../../scripts/binaries/packages.mjs';
import { understood } from '../../scripts/binaries/run.mjs';
import { targetNamed } from '../../scripts/binaries/targets.mjs';

const glibc = targetNamed('linux-x64');
const musl = targetNamed('linux-x64-musl');
const windows = targetNamed('win32-x64');
const macOs = targetNamed('darwin-arm64');
const known = {
  node: new Set(['napi_throw', 'uv_run', 'inflate']),
  system: new Set(['malloc', '__assert_fail', '__assert_rtn', '_assert']),
};

const ofNode = ['napi_throw', 'uv_run', 'inflate'].map((name) => ({ name }));

/** As a binary should be, but for what is given. */
function facts(other: Partial<Facts> = {}): Facts {
  return {
    machine: 'x64',
    libraries: ['libc.so.6'],
    lateLibraries: [],
    versions: ['GLIBC_2.2.5'],
    exports: ['napi_register_module_v1', 'node_api_module_get_api_version_v1'],
    imports: [
      { name: 'malloc', version: 'GLIBC_2.2.5' },
      { name: '__assert_fail', version: 'GLIBC_2.2.5' },
      ...ofNode,
      { name: '__gmon_start__', weak: true },
    ],
    boundAtLoad: true,
    neverUnloaded: true,
    hazards: [],
    ...other,
  };
}

/** Needing one thing more. */
const needing = (symbol: Facts['imports'][number]) => ({ imports: [...facts().imports, symbol] });

/** Needing all but what has such a name. */
const lacking = (name: RegExp) => ({ imports: facts().imports.filter((symbol) => !name.test(symbol.name)) });

describe('the judge of binaries', () => {
  test('has nothing to say against one that is as it should be', () => {
    expect(problemsOf(facts(), glibc, known)).toEqual([]);
  });

  test.each<[string, Partial<Facts>, string]>([
    [
      'a glibc that is too new',
      needing({ name: 'stat', version: 'GLIBC_2.33' }),
      'it needs stat of GLIBC_2.33; expected 2.28 at most',
    ],
    [
      'a version that is longer',
      needing({ name: 'f', version: 'GLIBC_2.28.1' }),
      'it needs f of GLIBC_2.28.1; expected 2.28 at most',
    ],
    ['libstdc++', needing({ name: '_Znwm', version: 'GLIBCXX_3.4' }), 'it needs _Znwm of GLIBCXX_3.4'],
    ['its exceptions', needing({ name: '__cxa_throw', version: 'CXXABI_1.3' }), 'it needs __cxa_throw of CXXABI_1.3'],
    ['a library of others', { libraries: ['libstdc++.so.6'] }, 'it needs the library libstdc++.so.6'],
    ['an export too many', { exports: [...facts().exports, 'leak'] }, 'it exports leak'],
    [
      'an export too few',
      { exports: ['napi_register_module_v1'] },
      'it does not export node_api_module_get_api_version_v1',
    ],
    [
      'a function that some Node.js lacks',
      needing({ name: 'uv_new' }),
      'it needs uv_new, which not every supported Node.js exports',
    ],
    ['a symbol that nobody has', needing({ name: 'mystery' }), 'it needs mystery, which glibc is not known to have'],
    ['OpenSSL linked', needing({ name: 'SSL_new' }), "it links OpenSSL's SSL_new"],
    ['another machine', { machine: 'arm64' }, 'it is for arm64; expected x64'],
    [
      'a version that no symbol has',
      { versions: ['GLIBC_2.17', 'GLIBC_ABI_DT_RELR'] },
      'it needs something of GLIBC_ABI_DT_RELR',
    ],
    ['what was not read', lacking(/^napi_/), 'it needs nothing of Node-API'],
    ['what has no libuv', lacking(/^uv_/), 'it needs nothing of libuv'],
    ['what was built without assertions', lacking(/assert/), 'it has no assertions'],
    ['libraries that are found late', { lateLibraries: ['libc.so.6'] }, 'it looks for libc.so.6 late'],
    ['text relocations', { hazards: ['text relocations'] }, 'it needs text relocations'],
    ['late binding', { boundAtLoad: false }, 'what is missing is not found out at load'],
    ['unloading', { neverUnloaded: false }, 'it may be unloaded while its threads run'],
  ])('refuses %s', (_, other, problem) => {
    expect(problemsOf(facts(other), glibc, known)).toEqual([problem]);
  });

  test('knows no versions of glibc for musl', () => {
    const own = { libraries: ['libc.so'], versions: [] };
    const imports = [...ofNode, { name: 'malloc' }, { name: '__assert_fail' }];
    expect(problemsOf(facts({ ...own, imports }), musl, known)).toEqual([]);
    const needs = { ...own, imports: [...imports, { name: 'stat', version: 'GLIBC_2.2.5' }] };
    expect(problemsOf(facts(needs), musl, known)).toEqual(['it needs stat of GLIBC_2.2.5']);
  });

  test('wants nothing but Node.js to be found late on Windows, and that under its own name', () => {
    const own = { versions: [], imports: [...ofNode, { name: '_assert', library: 'msvcrt.dll' }] };
    const judged = (libraries: string[], lateLibraries: string[]) =>
      problemsOf(facts({ ...own, libraries, lateLibraries }), windows, known);
    expect(judged(['KERNEL32.dll', 'node.exe'], ['node.exe'])).toEqual([]);
    expect(judged(['node.exe'], [])).toEqual(['it does not look for node.exe late']);
    expect(judged(['node.exe', 'msvcrt.dll'], ['node.exe', 'msvcrt.dll'])).toEqual(['it looks for msvcrt.dll late']);
    expect(judged(['node.exe', 'node.dll', 'kernel32.exe'], ['node.exe'])).toEqual([
      'it needs the library node.dll',
      'it needs the library kernel32.exe',
    ]);
  });

  test('wants the oldest macOS to be the one that is promised', () => {
    const imports = [...ofNode, { name: '__assert_rtn', library: 'libSystem' }];
    const own = { machine: 'arm64', libraries: ['/usr/lib/libSystem.B.dylib'], versions: [], imports };
    expect(problemsOf(facts({ ...own, oldestSystem: '11.0' }), macOs, known)).toEqual([]);
    expect(problemsOf(facts({ ...own, oldestSystem: '13.0' }), macOs, known)).toEqual([
      'it is for macOS 13.0; expected 11.0',
    ]);
  });

  test.each([
    { target: macOs, system: 'macOS 11.0', old: 'aligned_alloc', young: 'os_sync_wait_on_address' },
    { target: windows, system: 'Windows 10', old: 'GetThreadId', young: 'GetMachineTypeAttributes' },
  ])('knows what $system has', ({ target, system, old, young }) => {
    const imports = [old, young].map((name) => ({ name, library: "the system's" }));
    const problems = problemsOf(facts({ imports }), target, knownSymbols(target));
    expect(problems).toContain(`it needs ${young}, which ${system} is not known to have`);
    expect(problems.join()).not.toContain(old);
  });

  test.each([
    { target: macOs, symbol: { name: 'malloc' } },
    { target: windows, symbol: { name: 'malloc', library: 'node.exe' } },
  ])("does not let $target.name find the system's functions in Node.js", ({ target, symbol }) => {
    expect(problemsOf(facts({ imports: [symbol] }), target, known)).toContain(
      'it looks for malloc in whatever has loaded it',
    );
  });

  test('compares versions of glibc by their numbers', () => {
    const imports = ['2.2.5', '2.14', '2.3'].map((version) => ({ name: 'f', version: `GLIBC_${version}` }));
    expect(newestGlibc(facts({ imports }))).toBe('2.14');
  });
});

test('the list of what Node.js exports has every name of OpenSSL that the reader looks up', async () => {
  const { readFileSync } = await import('node:fs');
  const names = [...readFileSync('native/reader/openssl_names.h', 'utf8').matchAll(/X\((\w+)\)/g)].slice(1);
  expect(names.length).toBeGreaterThan(80);
  expect(names.map((match) => match[1]).filter((name) => !knownSymbols(glibc).node.has(name!))).toEqual([]);
});

test('the newest of the versions that npm lists is so by its numbers, in whatever order they come', () => {
  expect(newestVersion(['20.19.0', '20.20.2', '20.8.0'])).toBe('20.20.2');
  expect(newestVersion([])).toBeUndefined();
});

test('a line that a tool writes otherwise than expected is an error', () => {
  expect(() => understood('1: a\n2 b\n', /^\d.*$/gm, /^\d: \w$/gm)).toThrow(/^1 lines .* expected 2/);
});

describe.runIf(process.platform === 'linux')("a binary of the system's own compiler", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hawser-binaries-'));
  const file = path.join(folder, 'bad.node');
  let problems: string[];

  beforeAll(() => {
    const source = path.join(folder, 'bad.cc');
    writeFileSync(
      source,
      `#include <string>
       __asm__(".section .writable,\\"awx\\"\\n.byte 0\\n.text");
       extern "C" int uv_nowhere();
       extern "C" int SSL_new();
       extern "C" void napi_register_module_v1() { throw std::string(uv_nowhere() + SSL_new(), 'x'); }`,
    );
    const flags = ['-Wl,-z,execstack', '-Wl,-z,lazy', '-Wl,-rpath,/opt/lib'];
    execFileSync('g++', ['-shared', '-fPIC', ...flags, source, '-o', file], { stdio: 'pipe' });
    problems = problemsOf(readFacts(file, 'elf'), glibc, knownSymbols(glibc));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    'it needs the library libstdc++.so.6',
    'it does not export node_api_module_get_api_version_v1',
    'it needs __cxa_throw of CXXABI_1.3',
    'it needs uv_nowhere, which not every supported Node.js exports',
    "it links OpenSSL's SSL_new",
    'it needs an executable stack',
    'it needs code that is writable',
    'it needs folders of its own to look for libraries in',
    'it needs nothing of Node-API',
    'it has no assertions',
    'what is missing is not found out at load',
    'it may be unloaded while its threads run',
  ])('is refused, since %s', (problem) => {
    expect(problems).toContain(problem);
  });

  test('is refused for what it needs of libstdc++', () => {
    expect(problems.some((problem) => / of GLIBCXX_3/.test(problem))).toBe(true);
  });
});
