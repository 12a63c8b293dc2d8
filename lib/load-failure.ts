/**
 * Says why the addon could not be loaded: for which system, what was tried, why each file failed, and the one step that
 * helps. Loads nothing itself.
 */

import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { detectLibc, glibcVersion } from './libc.js';
import { version } from './version.js';

/** The code of an error that says: the binary is another version's. */
export const OTHER_VERSION = 'HAWSER_ADDON_VERSION';

/** The oldest Node that package.json's `engines` names. */
const OLDEST_NODE = [20, 19] as const;

export interface FailedAttempt {
  readonly file: string;
  readonly error: unknown;
}

export interface LoadFailure {
  /** The name of the system's binary. */
  readonly target: string;
  readonly failures: readonly FailedAttempt[];
  /** Where the package lies; undefined in a bundle that does not know. */
  readonly packageFolder: string | undefined;
}

export function describeFailure(failure: LoadFailure): string {
  const tried = failure.failures.map(({ file, error }) => `  ${file}: ${reason(error)}`);
  const head = `could not load the native addon of hawser ${version} for ${describeSystem()}`;
  return [`${head}; tried`, ...tried, cure(failure)].join('\n');
}

/** The one step that helps, which depends on what went wrong. */
function cure(failure: LoadFailure): string {
  return cureOfFlags(failure) ?? cureOfChoice(failure) ?? cureOfRuntime() ?? cureOfTarget(failure);
}

function cureOfFlags({ failures, packageFolder = 'the package' }: LoadFailure): string | undefined {
  const codes = failures.map(({ error }) => codeOf(error));
  if (codes.includes('ERR_DLOPEN_DISABLED')) {
    return isRestricted()
      ? 'the permission model denies addons, which --allow-addons allows'
      : 'Node.js runs with --no-addons; leave that away';
  }
  if (!codes.includes('ERR_ACCESS_DENIED')) return undefined;
  const readable = process.env['HAWSER_ADDON'] || packageFolder;
  return `the permission model denies reading the addon, which --allow-fs-read=${readable} allows`;
}

function cureOfChoice({ failures }: LoadFailure): string | undefined {
  const chosen = process.env['HAWSER_ADDON'];
  if (chosen === undefined || chosen === '') return undefined;
  const unset = 'or unset it to use the binary that hawser has for this system';
  const { file, error } = failures[0] as FailedAttempt;
  if (!existsSync(file)) return `HAWSER_ADDON names a file that does not exist; correct it, ${unset}`;
  if (codeOf(error) === OTHER_VERSION) {
    return `HAWSER_ADDON names a binary of another version; build one from a checkout of version ${version}, ${unset}`;
  }
  return `HAWSER_ADDON names a file that is no binary for this system; correct it, ${unset}`;
}

function cureOfRuntime(): string | undefined {
  if ('bun' in process.versions || 'deno' in process.versions) return undefined;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `hawser needs Node.js ${OLDEST_NODE.join('.')} or newer; upgrade Node.js`;
}

function cureOfTarget({ target, failures, packageFolder }: LoadFailure): string {
  if (packageFolder !== undefined && existsSync(path.join(packageFolder, 'binding.gyp'))) {
    return `run \`npm ci && npm run build\` in ${packageFolder} to build it (needs python3, make and a C++20 compiler)`;
  }
  const build =
    'build one from a checkout with `npm ci && npm run build`, and set HAWSER_ADDON to the build/Release/hawser.node that this makes';
  const shipped = failures.find(({ file }) => file.includes(path.join('prebuilds', target)));
  if (shipped === undefined) return `hawser has no binary for ${target}; ${build}`;
  const { error } = shipped;
  if (codeOf(error) === 'MODULE_NOT_FOUND') {
    return 'the file that hawser has for this system is missing; install hawser again, or, where a bundler or a pruned install has left it out, see docs/troubleshooting.md';
  }
  if (codeOf(error) === OTHER_VERSION) return 'files of two versions are mixed; install hawser again';
  const needed = /version [`'](GLIBC_[\d.]+)' not found/.exec(messageOf(error))?.[1];
  if (needed !== undefined) {
    return `the binary needs ${needed} and this system has glibc ${glibcVersion()}; use a newer system, or ${build}`;
  }
  if (/undefined symbol|symbol not found|cannot run in this process/i.test(messageOf(error))) {
    return `this runtime lacks what the binary needs of Node.js; use an official build of Node.js ${OLDEST_NODE.join('.')} or newer`;
  }
  return `the binary does not load here; see docs/troubleshooting.md, or ${build}`;
}

/** `linux-x64 (glibc 2.36), Node.js v20.19.0, Node-API 9`. */
function describeSystem(): string {
  const system = `${process.platform}-${process.arch}`;
  return `${process.platform === 'linux' ? `${system} (${describeLibc()})` : system}, ${describeRuntime()}`;
}

function describeLibc(): string {
  const libc = detectLibc();
  return libc === 'glibc' ? `glibc ${glibcVersion() ?? 'of an unknown version'}` : libc;
}

/** Others name themselves beside the Node that they are like. */
function describeRuntime(): string {
  const { electron, bun, deno, napi } = process.versions;
  const node = `Node.js ${process.version}, Node-API ${napi}`;
  if (electron !== undefined) return `Electron ${electron} with ${node}`;
  if (bun !== undefined) return `Bun ${bun}, like ${node}`;
  if (deno !== undefined) return `Deno ${deno}, like ${node}`;
  return node;
}

/** Whether there is a permission model; `process.permission` is there only then, and not in all typings. */
function isRestricted(): boolean {
  return (process as { permission?: unknown }).permission !== undefined;
}

/** The first line, since the others only tell who asked. */
function reason(error: unknown): string {
  return messageOf(error).split('\n')[0] as string;
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown }; // maybe of another realm, so it is not asked for its class
  return typeof message === 'string' ? message : String(error);
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}
