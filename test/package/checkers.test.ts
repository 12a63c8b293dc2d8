import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { targets } from '../../lib/prebuilds.js';
import { App } from './support/app.js';
import { tarball } from './support/tarball.js';
import { tool } from './support/tools.js';

test.concurrent('publint has nothing to say, however strict it is', async () => {
  using app = new App();
  expect(await app.node([tool('publint/src/cli.js'), '--strict', tarball])).toMatch(/All good!\s*$/);
});

test.concurrent('the types are right for every way of resolving them', async () => {
  using app = new App();
  // What a binary exports is for nobody to call.
  const binaries = targets.map((target) => `./prebuilds/${target}`);
  const { bin } = JSON.parse(readFileSync(tool('@arethetypeswrong/cli/package.json'), 'utf8'));
  const attw = tool(`@arethetypeswrong/cli/${bin.attw}`);
  const args = ['--format', 'json', tarball, '--exclude-entrypoints', ...binaries];
  const { analysis, problems } = JSON.parse(await app.node([attw, ...args]));
  expect(problems).toEqual({});
  expect(Object.keys(analysis.entrypoints)).toEqual(['.', './streams', './package.json']);
});
