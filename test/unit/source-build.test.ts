// What binding.gyp says to the compilers of systems that the tests may not run on: node-gyp's gyp is asked what it makes of
// it there, together with Node's own settings. Needs python3 and a configured build/, as the addon does.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layers, root, sourcesOf } from '../../scripts/binaries/recipe.mjs';

interface Configuration {
  defines: string[];
  xcode_settings: Record<string, string | string[]>;
  msvs_settings: { VCCLCompilerTool: Record<string, string | string[]> };
}

interface Target {
  target_name: string;
  sources: string[];
  configurations: { Release: Configuration };
}

/** Where node-gyp has found the headers; their folder has another form where they were downloaded as a release's tarball. */
function commonSettings(): string {
  const text = readFileSync(path.join(root, 'build/config.gypi'), 'utf8').replace(/^#.*$/gm, '');
  const folder: string = JSON.parse(text).variables.nodedir;
  const files = ['include/node/common.gypi', 'common.gypi'].map((file) => path.join(folder, file));
  return files.find((file) => existsSync(file)) ?? path.join(folder, 'common.gypi');
}

/** gyp writes beside binding.gyp what it has made of it, as Python would. */
function targetsOn(system: string): Target[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hawser-gyp-'));
  try {
    for (const name of ['binding.gyp', 'build', 'native', 'node_modules']) {
      symlinkSync(path.join(root, name), path.join(folder, name));
    }
    const gyp = 'node_modules/node-gyp';
    const settings = ['build/config.gypi', `${gyp}/addon.gypi`, commonSettings()].flatMap((file) => ['-I', file]);
    const variables = {
      OS: system,
      hawser_test: 1,
      library: 'shared_library',
      visibility: 'default',
      module_root_dir: root,
      node_root_dir: root,
      node_gyp_dir: gyp,
      node_lib_file: 'node.lib',
      node_engine: 'v8',
    };
    const defined = Object.entries(variables).map(([name, value]) => `-D${name}=${value}`);
    const options = ['-f', 'gypd', '--depth=.', '--no-parallel', ...settings, ...defined];
    execFileSync('python3', [`${gyp}/gyp/gyp_main.py`, 'binding.gyp', ...options], { cwd: folder });
    const toJson = 'import ast, json; print(json.dumps(ast.literal_eval(open("binding.gypd").read())))';
    return JSON.parse(execFileSync('python3', ['-c', toJson], { cwd: folder, encoding: 'utf8' })).targets;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.runIf(process.platform === 'linux')('a build from source', () => {
  const found = new Map<string, Configuration>();
  const sources = new Map<string, string[]>();

  beforeAll(() => {
    for (const system of ['mac', 'win']) {
      for (const target of targetsOn(system)) {
        found.set(`${target.target_name} on ${system}`, target.configurations.Release);
        sources.set(`${target.target_name} on ${system}`, target.sources);
      }
    }
  }, 60_000);
  afterAll(() => found.clear());

  test.each(['hawser', 'hawser_test'])('of %s has exceptions, types at run time and C++20 on macOS', (name) => {
    expect(found.get(`${name} on mac`)?.xcode_settings).toMatchObject({
      GCC_ENABLE_CPP_EXCEPTIONS: 'YES',
      GCC_ENABLE_CPP_RTTI: 'YES',
      CLANG_CXX_LANGUAGE_STANDARD: 'c++20',
      MACOSX_DEPLOYMENT_TARGET: '11.0',
    });
  });

  test.each(['hawser', 'hawser_test'])('of %s shows two functions on macOS, and binds when it is loaded', (name) => {
    const flags = found.get(`${name} on mac`)?.xcode_settings['OTHER_LDFLAGS'];
    expect(flags).toContain('-Wl,-bind_at_load');
    expect(flags).toContain('-Wl,-exported_symbols_list,native/binding/exports.txt');
  });

  test.each(['hawser', 'hawser_test'])('of %s has exceptions, types at run time and C++20 on Windows', (name) => {
    const compiler = found.get(`${name} on win`)?.msvs_settings.VCCLCompilerTool;
    expect(compiler).toMatchObject({ ExceptionHandling: '1', RuntimeTypeInfo: 'true' });
    const standards = [compiler?.['AdditionalOptions']].flat().filter((option) => /std:/.test(option ?? ''));
    expect(standards).toEqual(['/std:c++20']);
    const defines = found.get(`${name} on win`)?.defines.filter((define) => define.startsWith('_HAS_EXCEPTIONS'));
    expect(defines).toEqual(['_HAS_EXCEPTIONS=1']);
  });

  test('compiles what a cross-build compiles', () => {
    expect(sources.get('hawser on mac')?.sort()).toEqual(layers.flatMap(sourcesOf).sort());
  });
});

test('both lists of exports name the same', () => {
  const read = (file: string) => readFileSync(path.join(root, 'native/binding', file), 'utf8');
  const [, names = ''] = /global:\s*([\s\S]*?)\s*local:/.exec(read('exports.map')) ?? [];
  expect(names.split(/;\s*/).filter(Boolean)).toEqual(
    read('exports.txt')
      .trim()
      .split('\n')
      .map((name) => name.replace(/^_/, '')),
  );
});
