#!/usr/bin/env node
// Writes compile_commands.json for native/binding into the folder given, with the headers that node-gyp configured: one
// command, for a file that includes them all.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const configured = JSON.parse(readFileSync(path.join(root, 'build/config.gypi'), 'utf8').replace(/^#.*$/gm, ''));
const addonApi = path.dirname(require.resolve('node-addon-api/package.json'));
const flags = [
  '-std=c++20',
  '-Wall',
  '-Wextra',
  `-I${path.join(root, 'native')}`,
  // Headers of others: not ours to lint.
  `-isystem${path.join(configured.variables.nodedir, 'include/node')}`,
  `-isystem${addonApi}`,
  '-DNAPI_VERSION=8',
  '-DNODE_ADDON_API_DISABLE_DEPRECATED',
  '-DNAPI_CPP_EXCEPTIONS',
  '-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL',
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  '-DHAWSER_TEST_HOOKS=1',
];

const sources = readdirSync(path.join(root, 'native/binding')).filter((name) => name.endsWith('.cc'));

const target = path.join(root, /** @type {string} */ (process.argv[2]));
mkdirSync(target, { recursive: true });
const file = path.join(target, 'binding.cc');
writeFileSync(file, sources.map((name) => `#include "binding/${name}"\n`).join(''));
const command = { directory: root, file, arguments: ['c++', ...flags, '-c', file] };
writeFileSync(path.join(target, 'compile_commands.json'), JSON.stringify([command], null, 2));
