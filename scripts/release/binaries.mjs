/**
 * Release checks of prebuilds/: each target that package.json names has a file, for its system, of this version, without
 * test hooks, and newer than its sources. What each needs and shows is for scripts/prebuild to judge.
 */

import { existsSync, readFileSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { git, readManifest } from './source.mjs';

/** @type {Record<string, number>} */
const elfMachines = { x64: 0x3e, arm64: 0xb7 };
/** @type {Record<string, number>} */
const machOMachines = { x64: 0x01000007, arm64: 0x0100000c };
/** @type {Record<string, number>} */
const peMachines = { x64: 0x8664, arm64: 0xaa64 };

/** What only the variant for tests exports. */
const testHooks = ['setDelays', 'liveReaders', 'hideOpenSsl'];

/** @param {string} root */
export function checkBinaries(root) {
  const manifest = readManifest(root);
  const targets = Object.keys(manifest.exports).flatMap((subpath) => /^\.\/prebuilds\/(.+)$/.exec(subpath)?.[1] ?? []);
  const sources = newestSource(root);
  const problems = targets.flatMap((target) => {
    const problem = problemOf(path.join(root, 'prebuilds', target, 'hawser.node'), target, manifest.version, sources);
    return problem === undefined ? [] : [`  ${target}: ${problem}`];
  });
  if (problems.length > 0) throw new Error(`run scripts/prebuild, since\n${problems.join('\n')}`);
  return `${targets.length}, each for its system, of ${manifest.version}, without test hooks and newer than its sources`;
}

/**
 * @param {string} file
 * @param {string} target
 * @param {string} version
 * @param {{ file: string, time: number }} sources
 */
function problemOf(file, target, version, sources) {
  if (!existsSync(file)) return 'it is missing';
  const bytes = readFileSync(file);
  const system = systemOf(bytes);
  if (system !== target) return `it is for ${system}`;
  if (!tells(bytes, version)) return `it does not tell version ${version}`;
  const hook = testHooks.find((name) => bytes.includes(name));
  if (hook !== undefined) return `it has ${hook}, which only tests use`;
  if (statSync(file).mtimeMs < sources.time) return `it is older than ${sources.file}`;
  return undefined;
}

/**
 * Whether the text is among a binary's, and not only the end of `10.1.0`.
 * @param {Buffer} bytes
 * @param {string} version
 */
function tells(bytes, version) {
  const text = new RegExp(`(?<![\\d.])${version.replaceAll(/[.+]/g, '\\$&')}\\0`);
  return text.test(bytes.toString('latin1'));
}

/**
 * What the binaries are made of.
 * @param {string} root
 */
function newestSource(root) {
  const parts = ['native', 'binding.gyp', 'package-lock.json', 'scripts/binaries'];
  const files = git(root, 'ls-files', ...parts)
    .split('\n')
    .filter(Boolean);
  const shipped = files.filter((file) => !/^native\/(test|fuzz|bench)\//.test(file));
  const times = shipped.map((file) => ({ file, time: statSync(path.join(root, file)).mtimeMs }));
  return times.reduce((newest, source) => (source.time > newest.time ? source : newest), { file: '', time: 0 });
}

/**
 * The target that a file is made for, by its headers.
 * @param {Buffer} bytes
 */
function systemOf(bytes) {
  const none = 'no system that is known';
  if (bytes.length < 256) return none;
  if (bytes.readUInt32BE(0) === 0x7f454c46) {
    const musl = bytes.includes('libc.so.6') ? '' : '-musl';
    return `linux-${nameOf(elfMachines, bytes.readUInt16LE(18))}${musl}`;
  }
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return `darwin-${nameOf(machOMachines, bytes.readUInt32LE(4))}`;
  if (bytes.readUInt16BE(0) !== 0x4d5a) return none;
  const header = bytes.readUInt32LE(0x3c);
  return header + 6 > bytes.length ? none : `win32-${nameOf(peMachines, bytes.readUInt16LE(header + 4))}`;
}

/**
 * @param {Record<string, number>} machines
 * @param {number} machine
 */
function nameOf(machines, machine) {
  return Object.keys(machines).find((name) => machines[name] === machine) ?? `machine 0x${machine.toString(16)}`;
}
