/** What `scripts/prebuild` runs: builds the targets named, looks at what came out and says so in a table. */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { ninjaFile, shippedFile, testFile, writeNinjaFile } from './ninja.mjs';
import { root } from './recipe.mjs';
import { targetNamed, targets } from './targets.mjs';
import { installTools } from './toolchain.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { test: { type: 'boolean' } } });
const wanted = positionals.length === 0 ? targets : positionals.map(targetNamed);

installTools(wanted);
writeNinjaFile();
const files = [...wanted.map(shippedFile), ...(values.test ? wanted.map(testFile) : [])];
const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: path.join(root, 'build/cache/zig') };
const built = spawnSync('ninja', ['-f', ninjaFile, ...files], { cwd: root, env, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
