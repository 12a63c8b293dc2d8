#!/usr/bin/env node
// All that a release needs, short of publishing: a line for each item, then how many passed and failed; exits 1 where one
// failed. What takes long is skipped where what is quick has failed.
//
//   scripts/release-check.mjs [--publishing] [--quick] [--package FILE] [--root DIR]
//
// --publishing: what only who publishes has, as well: the tag, the repository's address, the release workflow.
// --quick: leaves what takes long away, twenty minutes on two processors: the package and every suite. --package: tries this
// tarball, instead of packing one. --root: looks at another tree.

import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkBinaries } from './release/binaries.mjs';
import { checkLayers, checkPackage, checkSources, checkSymbols, suite } from './release/programs.mjs';
import { checkRepository, checkTag, checkTree, checkWorkflow } from './release/source.mjs';
import { checkChangelog, checkVersions } from './release/versions.mjs';

/**
 * An item looks at a tree and says what it has seen; it throws where that is not fit for a release.
 * @typedef {(root: string) => string | Promise<string>} Check
 */

const { values } = parseArgs({
  options: {
    publishing: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    package: { type: 'string' },
    root: { type: 'string', default: path.join(path.dirname(fileURLToPath(import.meta.url)), '..') },
  },
});
const root = path.resolve(values.root);

/** @type {[string, Check][]} */
const quick = [
  ['clean tree', checkTree],
  ['versions', checkVersions],
  ['changelog', checkChangelog],
  ['tag', (tree) => checkTag(tree, values.publishing)],
  ['repository', (tree) => checkRepository(tree, values.publishing)],
  ...(values.publishing ? [/** @type {[string, Check]} */ (['workflow', checkWorkflow])] : []),
  ['binaries', checkBinaries],
];

/** @type {[string, Check][]} */
const slow = [
  ['lint and types', checkSources],
  ['layers', checkLayers],
  ['symbols', checkSymbols],
  ['package', (tree) => checkPackage(tree, values.package)],
  ['tests', suite(/^ *Tests .*\d+ passed/, 'npm', 'test')],
  ['native tests', suite(/^\[doctest\] test cases: .* passed/, 'scripts/native-tests', 'asan')],
  ['linux-x64', suite(/ all in /, 'scripts/run-prebuilt', 'linux-x64')],
  ['linux-arm64', suite(/ all in /, 'scripts/run-prebuilt', 'linux-arm64')],
  ['matrix', suite(/^ok: /, 'scripts/test-matrix')],
];

const counts = { passed: 0, failed: 0, skipped: 0 };

for (const [name, check] of quick) await run(name, check);
for (const [name, check] of slow) {
  if (counts.failed > 0 || values.quick) {
    counts.skipped++;
    say('skipped', name, values.quick ? 'as asked for' : 'since what is above failed');
  } else {
    await run(name, check);
  }
}

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
if (counts.failed > 0 && values.publishing) {
  console.log('not published: releases are made by .github/workflows/release.yml, of a tag');
}
process.exit(counts.failed > 0 ? 1 : 0);

/**
 * @param {string} name
 * @param {Check} check
 */
async function run(name, check) {
  try {
    const seen = await check(root);
    counts.passed++;
    say('ok', name, seen);
  } catch (error) {
    counts.failed++;
    say('FAILED', name, error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} verdict
 * @param {string} name
 * @param {string} words
 */
function say(verdict, name, words) {
  console.log(`${verdict.padEnd(7)} ${name}: ${words}`);
}
