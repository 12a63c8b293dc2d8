import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { targets } from '../../lib/prebuilds.js';
import { root } from '../support/run-script.js';
import { App } from './support/app.js';
import { packed } from './support/tarball.js';

const MiB = 1024 * 1024;
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** What the compiler makes of a file of lib/, and the file itself, which its map leads to. */
function compiled(file: string): string[] {
  const [, name, module] = /^(.*)\.(m?)ts$/.exec(file) ?? [];
  return [`lib/${file}`, `dist/${name}.${module}js`, `dist/${name}.${module}js.map`, `dist/${name}.d.${module}ts`];
}

const sources = readdirSync(path.join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.m?ts$/.test(file),
);

test('it has what the compiler makes, the binaries, what people read, and nothing else', () => {
  expect(packed.files.map((file) => file.path).sort()).toEqual(
    [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
      ...readdirSync(path.join(root, 'docs')).map((file) => `docs/${file}`),
      ...targets.map((target) => `prebuilds/${target}/hawser.node`),
      ...sources.flatMap(compiled),
    ].sort(),
  );
});

test('its docs are texts', () => {
  expect(readdirSync(path.join(root, 'docs')).filter((file) => !file.endsWith('.md'))).toEqual([]);
});

test('it has nothing by which a manager would compile it', () => {
  const compilable = /(^|\/)(binding\.gyp|CMakeLists\.txt|Makefile|configure)$|\.(gypi?|cc|h)$/;
  expect(packed.files.map((file) => file.path).filter((file) => compilable.test(file))).toEqual([]);
  expect(manifest.gypfile).toBe(false);
});

test('nothing of it runs when it is installed', () => {
  const run = [
    'preinstall',
    'install',
    'postinstall',
    'prepublish',
    'preprepare',
    'prepare',
    'postprepare',
    'prebuild',
  ];
  expect(Object.keys(manifest.scripts).filter((name) => run.includes(name))).toEqual([]);
});

test('it depends on nothing', () => {
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies']) {
    expect(manifest).not.toHaveProperty(kind);
  }
});

test('it is small, packed and unpacked', () => {
  expect(packed.size).toBeLessThan(3 * MiB);
  expect(packed.unpackedSize).toBeLessThan(6 * MiB);
});

test('its binary has no test hooks', async () => {
  using app = new App();
  await app.unpackHawser();
  const file = `./node_modules/hawser/prebuilds/linux-${process.arch}/hawser.node`;
  const names = await app.node(['--print', `Object.keys(require('${file}')).sort().join()`]);
  expect(names.trim()).toBe('SecureContext,Session,attach,constants,openSslProblem,version');
});

test('each target is named by a subpath of its own', () => {
  const subpaths = Object.entries(manifest.exports).filter(([subpath]) => subpath.startsWith('./prebuilds/'));
  expect(Object.fromEntries(subpaths)).toEqual(
    Object.fromEntries(targets.map((target) => [`./prebuilds/${target}`, `./prebuilds/${target}/hawser.node`])),
  );
});
