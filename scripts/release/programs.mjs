/** Release checks that are programs: what they write is shown where they fail. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';

/** @param {string} root */
export function checkSources(root) {
  run(root, 'npm', ['run', '--silent', 'lint:ts']);
  return 'biome and tsc have nothing to say';
}

/** @param {string} root */
export function checkLayers(root) {
  return run(root, process.execPath, ['scripts/check-layers.mjs'])
    .trim()
    .replace(/^layers: /, '');
}

/**
 * What each binary needs and shows. Nothing is built where nothing has changed.
 * @param {string} root
 */
export function checkSymbols(root) {
  const table = run(root, 'scripts/prebuild', [])
    .split('\n')
    .filter((line) => !/^(\[|ninja:|$)/.test(line));
  return ['scripts/prebuild finds no problem', ...table].join('\n          ');
}

/**
 * Contents, size, publint, attw, package managers, bundlers and all else that test/package/ has.
 * @param {string} root
 * @param {string} [tarball] is packed where none is given
 */
export function checkPackage(root, tarball) {
  const results = path.join(root, 'build/package-results.json');
  run(root, 'scripts/package-tests', ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`], {
    ...process.env,
    ...(tarball === undefined ? {} : { HAWSER_TARBALL: path.resolve(tarball) }),
  });
  const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
  const [packed] = JSON.parse(readFileSync(path.join(root, 'build/package/contents.json'), 'utf8'));
  const kilobytes = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;
  const files = testResults.map(
    (/** @type {{ name: string, assertionResults: { status: string }[] }} */ { name, assertionResults }) => {
      const passed = assertionResults.filter(({ status }) => status === 'passed').length;
      if (passed === 0) throw new Error(`no test of ${name} has passed`);
      return `\n          ${path.basename(name, '.test.ts')}: ${passed} tests`;
    },
  );
  const size = `${kilobytes(packed.size)}, ${kilobytes(packed.unpackedSize)} unpacked`;
  return `${packed.filename} has ${packed.files.length} files, ${size}, and passes${files.sort().join('')}`;
}

/**
 * A check that runs a program which says how many of its tests have passed, in lines that look like these.
 * @param {RegExp} summary
 * @param {string} program
 * @param {string[]} args
 * @returns {(root: string) => string}
 */
export function suite(summary, program, ...args) {
  return (root) => {
    const said = run(root, program, args)
      .split('\n')
      .filter((line) => summary.test(line));
    if (said.length === 0) throw new Error(`${program} ${args.join(' ')} does not say what has passed`);
    return said.map((line) => line.trim().replaceAll(/\s+/g, ' ')).join('\n          ');
  };
}

/**
 * @param {string} root
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(root, program, args, env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
    maxBuffer: 2 ** 26,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exits with ${status}\n${stdout}${stderr}`);
  return stdout;
}
