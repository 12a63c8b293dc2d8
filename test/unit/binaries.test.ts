import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Facts, readFacts } from '../../scripts/binaries/facts.mjs';
import { newestGlibc, problemsOf } from '../../scripts/binaries/judge.mjs';
import { knownSymbols } from '../../scripts/binaries/known-symbols.mjs';
import { sourcesOf } from '../../scripts/binaries/recipe.mjs';
import { targetNamed } from '../../scripts/binaries/targets.mjs';

const glibc = targetNamed('linux-x64');
const musl = targetNamed('linux-x64-musl');
const known = { node: new Set(['uv_run', 'inflate']), libc: new Set(['malloc']) };

/** As a binary should be, but for what is given. */
function facts(other: Partial<Facts> = {}): Facts {
  return {
    libraries: ['libc.so.6'],
    exports: ['napi_register_module_v1', 'node_api_module_get_api_version_v1'],
    imports: [
      { name: 'malloc', version: 'GLIBC_2.2.5' },
      { name: 'uv_run' },
      { name: 'inflate' },
      { name: '__gmon_start__', weak: true },
    ],
    boundAtLoad: true,
    neverUnloaded: true,
    hazards: [],
    ...other,
  };
}

describe('the judge of binaries', () => {
  test('has nothing to say against one that is as it should be', () => {
    expect(problemsOf(facts(), glibc, known)).toEqual([]);
  });

  test.each<[string, Partial<Facts>, string]>([
    [
      'a glibc that is too new',
      { imports: [{ name: 'stat', version: 'GLIBC_2.33' }] },
      'it needs stat of GLIBC_2.33; expected 2.28 at most',
    ],
    [
      'a version that is longer',
      { imports: [{ name: 'f', version: 'GLIBC_2.28.1' }] },
      'it needs f of GLIBC_2.28.1; expected 2.28 at most',
    ],
    ['libstdc++', { imports: [{ name: '_Znwm', version: 'GLIBCXX_3.4' }] }, 'it needs _Znwm of GLIBCXX_3.4'],
    [
      'its exceptions',
      { imports: [{ name: '__cxa_throw', version: 'CXXABI_1.3' }] },
      'it needs __cxa_throw of CXXABI_1.3',
    ],
    ['a library of others', { libraries: ['libstdc++.so.6'] }, 'it needs the library libstdc++.so.6'],
    ['an export too many', { exports: [...facts().exports, 'leak'] }, 'it exports leak'],
    [
      'an export too few',
      { exports: ['napi_register_module_v1'] },
      'it does not export node_api_module_get_api_version_v1',
    ],
    [
      'a function that some Node.js lacks',
      { imports: [{ name: 'uv_new' }] },
      'it needs uv_new, which not every supported Node.js exports',
    ],
    ['a symbol that nobody has', { imports: [{ name: 'mystery' }] }, 'it needs mystery, which no allowed library has'],
    ['OpenSSL linked', { imports: [{ name: 'SSL_new' }] }, "it links OpenSSL's SSL_new"],
    ['text relocations', { hazards: ['text relocations'] }, 'it needs text relocations'],
    ['late binding', { boundAtLoad: false }, 'what is missing is not found out at load'],
    ['unloading', { neverUnloaded: false }, 'it may be unloaded while its threads run'],
  ])('refuses %s', (_, other, problem) => {
    expect(problemsOf(facts(other), glibc, known)).toEqual([problem]);
  });

  test('knows no versions of glibc for musl', () => {
    const own = { libraries: ['libc.so'], imports: [{ name: 'malloc' }] };
    expect(problemsOf(facts(own), musl, known)).toEqual([]);
    expect(problemsOf(facts({ libraries: ['libc.so'] }), musl, known)).toEqual(['it needs malloc of GLIBC_2.2.5']);
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

test("what is compiled is what binding.gyp's folders have", () => {
  expect(sourcesOf('core')).toContain('native/core/protocol.cc');
  expect([...sourcesOf('reader'), ...sourcesOf('binding')].every((file) => file.endsWith('.cc'))).toBe(true);
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
       extern "C" int uv_nowhere();
       extern "C" int SSL_new();
       extern "C" void napi_register_module_v1() { throw std::string(uv_nowhere() + SSL_new(), 'x'); }`,
    );
    execFileSync('g++', ['-shared', '-fPIC', '-Wl,-z,execstack', '-Wl,-z,lazy', source, '-o', file]);
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
    'what is missing is not found out at load',
    'it may be unloaded while its threads run',
  ])('is refused, since %s', (problem) => {
    expect(problems).toContain(problem);
  });

  test('is refused for what it needs of libstdc++', () => {
    expect(problems.some((problem) => / of GLIBCXX_3/.test(problem))).toBe(true);
  });
});
