/**
 * Says why the addon could not be loaded: for which system, what was tried, why each file failed, and the one step that
 * helps. Loads nothing itself.
 */

import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { detectLibc, glibcVersion } from './libc.js';
import { causeOf, type LoadCause, messageOf, neededVersion } from './load-cause.js';
import { lastFlag } from './runtime-flags.js';
import { version } from './version.js';

/** The oldest Node that package.json's `engines` names. */
const OLDEST_NODE = [20, 19] as const;

export interface FailedAttempt {
  readonly file: string;
  /** Who offers the file: `HAWSER_ADDON`, a checkout that was built, or the package. */
  readonly from: 'choice' | 'checkout' | 'package';
  readonly error: unknown;
}

export interface LoadFailure {
  /** The names of the binaries that may be the system's. */
  readonly targets: readonly string[];
  readonly failures: readonly FailedAttempt[];
  /** Where the package lies; undefined in a bundle. */
  readonly packageFolder: string | undefined;
}

export function describeFailure(failure: LoadFailure): string {
  const tried = failure.failures.map(({ file, error }) => `  ${file}: ${reason(error)}`);
  const head = `could not load the native addon of hawser ${version} for ${describeSystem()}`;
  return [`${head}; tried`, ...tried, cure(failure)].join('\n');
}

/** The one step that helps, which depends on what went wrong. */
function cure(failure: LoadFailure): string {
  return cureOfFlags(failure) ?? cureOfRuntime() ?? cureOfChoice(failure) ?? cureOfTarget(failure);
}

function cureOfFlags({ failures, packageFolder = 'the package' }: LoadFailure): string | undefined {
  const causes = failures.map(({ error }) => causeOf(error));
  if (causes.includes('addons-disabled')) {
    return isAddonDenied()
      ? 'the permission model denies addons, which --allow-addons allows'
      : 'Node.js runs with --no-addons; leave that away';
  }
  if (!causes.includes('access-denied')) return undefined;
  const [{ from, file } = {}] = failures;
  const readable = from === 'choice' ? file : packageFolder;
  return `the permission model denies reading the addon, which --allow-fs-read=${readable} allows`;
}

function cureOfRuntime(): string | undefined {
  if ('bun' in process.versions || 'deno' in process.versions) return undefined;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `hawser needs Node.js ${OLDEST_NODE.join('.')} or newer; upgrade Node.js`;
}

const build =
  'build one from a checkout with `npm ci && npm run build`, and set HAWSER_ADDON to the build/Release/hawser.node that this makes';
const unset = 'or unset it to use the binary that hawser has for this system';
const officialBuild = `this runtime lacks what the binary needs of Node.js; use an official build of Node.js ${OLDEST_NODE.join('.')} or newer`;

/** What helps where HAWSER_ADDON is set; of what is not here, its file is no binary for this system. */
const curesOfChoice: { readonly [cause in LoadCause]?: (error: unknown) => string } = {
  missing: () => `HAWSER_ADDON names a file that does not exist; correct it, ${unset}`,
  unreadable: () => `HAWSER_ADDON names a file that this user may not read or load; allow that, ${unset}`,
  'no-file': () => `HAWSER_ADDON names a folder or what else is no file; name the file in it, ${unset}`,
  'other-name': () => `HAWSER_ADDON names a file whose name does not end in .node; rename it, ${unset}`,
  'other-version': () =>
    `HAWSER_ADDON names a binary of another version; build one from a checkout of version ${version}, ${unset}`,
  'old-libraries': (error) => `the binary of HAWSER_ADDON ${shortOf(error)}; build it on this system, ${unset}`,
  'other-runtime': () => officialBuild,
};

function cureOfChoice({ failures }: LoadFailure): string | undefined {
  const chosen = failures.find(({ from }) => from === 'choice');
  if (chosen === undefined) return undefined;
  const words = curesOfChoice[causeOf(chosen.error)];
  return words?.(chosen.error) ?? `HAWSER_ADDON names a file that is no binary for this system; correct it, ${unset}`;
}

/** What helps where the package's own binary does not load. */
const curesOfTarget: { readonly [cause in LoadCause]?: (error: unknown) => string } = {
  missing: () =>
    'the file that hawser has for this system is missing; install hawser again, or, where a bundler or a pruned install has left it out, see docs/troubleshooting.md',
  unreadable: () => 'the file that hawser has for this system may not be read or loaded by this user; allow that',
  'other-version': () => 'files of two versions are mixed; install hawser again',
  'not-bundled': () =>
    'have the bundler copy the file (esbuild: --loader:.node=copy), or set HAWSER_ADDON to it before hawser is loaded; see docs/troubleshooting.md',
  'old-libraries': (error) => `the binary ${shortOf(error)}; use a newer system, or ${build}`,
  'other-runtime': () => officialBuild,
};

function cureOfTarget({ targets, failures, packageFolder }: LoadFailure): string {
  if (packageFolder !== undefined && existsSync(path.join(packageFolder, 'binding.gyp'))) {
    return `run \`npm ci && npm run build\` in ${packageFolder} to build it (needs python3, make and a C++20 compiler)`;
  }
  const shipped = failures.filter(({ from }) => from === 'package');
  if (shipped.length === 0) return `hawser has no binary for ${targets.at(-1)}; ${build}`;
  // Of two, one is for another C library.
  const { error } = (shipped.find((one) => causeOf(one.error) !== 'other-system') ?? shipped[0]) as FailedAttempt;
  return (
    curesOfTarget[causeOf(error)]?.(error) ?? `the binary does not load here; see docs/troubleshooting.md, or ${build}`
  );
}

/** What the system lacks; only here its report is asked for, since making one may take seconds. */
function shortOf(error: unknown): string {
  const needed = neededVersion(error) ?? 'a newer library';
  const has = needed.startsWith('GLIBC_') ? `glibc ${glibcVersion() ?? 'of an unknown version'}` : 'an older library';
  return `needs ${needed} and this system has ${has}`;
}

/** `linux-x64 (glibc), Node.js v20.19.0, Node-API 9`. */
function describeSystem(): string {
  const system = `${process.platform}-${process.arch}`;
  const libc = process.platform === 'linux' ? ` (${detectLibc() ?? 'an unknown C library'})` : '';
  return `${system}${libc}, ${describeRuntime()}`;
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

/** Node 22 and older know no such permission by name; `has()` says no to what it does not know. */
function isAddonDenied(): boolean {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  return permission !== undefined && !permission.has('addon') && lastFlag('--allow-addons') === undefined;
}

/** The first line, since the others only tell who asked. */
function reason(error: unknown): string {
  return messageOf(error).split('\n')[0] as string;
}
