/** What is compiled and how, as binding.gyp says: its sources, definitions and flags are written there and nowhere else. */

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The layers' folders below native/; only those above the core are compiled once more for a test variant. */
export const layers = ['core', 'reader', 'binding'];
/** @type {readonly string[]} */
export const layersWithTestHooks = ['reader', 'binding'];

/** @typedef {{ defines: string[], compile: string[], link: string[] }} Recipe `link` is for ELF. */

/** @returns {Recipe} */
export function readRecipe() {
  const gyp = readFileSync(path.join(root, 'binding.gyp'), 'utf8').replace(/^\s*#.*$/gm, '');
  const { target_defaults: defaults } = JSON.parse(gyp);
  const link = defaults.ldflags.map((/** @type {string} */ flag) => flag.replace('=../', '='));
  const compile = [...defaults.cflags_cc, ...(process.env['HAWSER_WERROR'] ? ['-Werror'] : [])];
  return { defines: [...defaults.defines, 'NODE_GYP_MODULE_NAME=hawser', 'BUILDING_NODE_EXTENSION'], compile, link };
}

/**
 * @param {string} layer
 * @returns {string[]} relative to the root, as are all paths here: no binary says where it was built
 */
export function sourcesOf(layer) {
  const names = readdirSync(path.join(root, 'native', layer)).filter((name) => name.endsWith('.cc'));
  return names.sort().map((name) => `native/${layer}/${name}`);
}

/** @returns {string} */
export function addonApiFolder() {
  const require = createRequire(import.meta.url);
  return path.relative(root, path.dirname(require.resolve('node-addon-api/package.json')));
}
