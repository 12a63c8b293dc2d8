/** What `scripts/prebuild` runs: builds the targets named, looks at what came out and says so in a table. */

import { spawnSync } from 'node:child_process';
import { statSync, utimesSync } from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { readFacts } from './facts.mjs';
import { problemsOf } from './judge.mjs';
import { knownSymbols } from './known-symbols.mjs';
import { ninjaFile, shippedFile, testFile, writeNinjaFile } from './ninja.mjs';
import { root } from './recipe.mjs';
import { formatTable } from './table.mjs';
import { targetNamed, targets } from './targets.mjs';
import { describeTools, installTools } from './toolchain.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { test: { type: 'boolean' } } });
const wanted = positionals.length === 0 ? targets : positionals.map(targetNamed);

installTools(wanted);
writeNinjaFile();
const files = [...wanted.map(shippedFile), ...(values.test ? wanted.map(testFile) : [])];
const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: path.join(root, 'build/cache/zig') };
const built = spawnSync('ninja', ['-k', '0', '-f', ninjaFile, ...files], { cwd: root, env, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);

const rows = wanted.map((target) => {
  const file = path.join(root, shippedFile(target));
  const facts = readFacts(file, target.format);
  return {
    name: target.name,
    size: statSync(file).size,
    facts,
    problems: problemsOf(facts, target, knownSymbols(target)),
  };
});
console.log(`${describeTools(wanted)}\n`);
console.log(formatTable(rows));
for (const { name, problems } of rows) {
  for (const problem of problems) console.error(`${name}: ${problem}`);
}
if (rows.some(({ problems }) => problems.length > 0)) process.exit(1);
// Also where nothing had to be built: each is now known to be as its sources want it, and release:check asks.
const now = new Date();
for (const file of files) utimesSync(path.join(root, file), now, now);
