/**
 * Writes down for ninja what is made of what. One file has every target, so that a run builds several side by side and a
 * second one only what has changed.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { linkInputs, linkRules } from './link.mjs';
import { addonApiFolder, layers, layersWithTestHooks, readRecipe, root, sourcesOf } from './recipe.mjs';
import { targets } from './targets.mjs';
import { nodeHeaders, zig } from './toolchain.mjs';

/**
 * @typedef {import('./targets.mjs').Target} Target
 * @typedef {import('./recipe.mjs').Recipe} Recipe
 */

export const buildFolder = 'build/prebuild';
export const ninjaFile = `${buildFolder}/build.ninja`;

/** @param {Target} target */
export const shippedFile = (target) => `prebuilds/${target.name}/hawser.node`;
/** @param {Target} target */
export const testFile = (target) => `${folderOf(target)}/hawser_test.node`;
/** @param {Target} target */
const folderOf = (target) => `${buildFolder}/${target.name}`;

export function writeNinjaFile() {
  const recipe = readRecipe();
  const lines = ['ninja_required_version = 1.10', `builddir = ${buildFolder}`];
  for (const target of targets) lines.push('', ...rulesOf(target, recipe), ...buildsOf(target));
  write(ninjaFile, lines);
  // Most of the time would go to the same headers again and again, so that a layer is compiled as one file. That each
  // of its files compiles alone is what binding.gyp's builds show.
  for (const layer of layers)
    write(
      unitOf(layer),
      sourcesOf(layer).map((source) => `#include "${source}"`),
    );
}

/**
 * @param {Target} target
 * @param {Recipe} recipe
 * @returns {string[]}
 */
function rulesOf(target, recipe) {
  // Always a target, since zig would compile for this machine's processor; recipe's -O also keeps zig from adding traps,
  // but has it define NDEBUG: assertions stay on, as in every other build.
  const compiler = `${zig()} c++ -target ${target.triple}`;
  const flags = [
    ...recipe.compile,
    '-UNDEBUG',
    // zig's mingw has nothing that a protected stack would call.
    ...(target.format === 'pe' ? ['-DUSING_UV_SHARED'] : ['-fstack-protector-strong -fPIC']),
    ...recipe.defines.map((define) => `-D${define}`),
    '-I. -Inative',
    ...[addonApiFolder(), nodeHeaders()].map((folder) => `-isystem ${folder}`),
    '-ffunction-sections -fdata-sections -g0',
    // Paths are relative to the root already; this is for those that a compiler makes absolute.
    `'-ffile-prefix-map=${root.replaceAll('$', '$$$$')}=.'`,
  ];
  return [
    `rule compile-${target.name}`,
    `  command = ${compiler} ${flags.join(' ')} $defines -MD -MF $out.d -c $in -o $out`,
    '  depfile = $out.d',
    '  deps = gcc',
    `  description = ${target.name}: $in`,
    ...linkRules(target, recipe, compiler, folderOf(target)),
  ];
}

/**
 * @param {Target} target
 * @returns {string[]}
 */
function buildsOf(target) {
  const lines = [];
  const shipped = [];
  const tested = [];
  for (const layer of layers) {
    const object = `${folderOf(target)}/${layer}`;
    lines.push(`build ${object}.o: compile-${target.name} ${unitOf(layer)}`);
    shipped.push(`${object}.o`);
    if (layersWithTestHooks.includes(layer)) {
      lines.push(
        `build ${object}.test.o: compile-${target.name} ${unitOf(layer)}`,
        '  defines = -DHAWSER_TEST_HOOKS=1',
      );
      tested.push(`${object}.test.o`);
    } else {
      tested.push(`${object}.o`);
    }
  }
  if (target.format === 'pe') {
    const late = `${folderOf(target)}/delay_load.o`;
    lines.push(`build ${late}: compile-${target.name} native/windows/delay_load.cc`);
    shipped.push(late);
    tested.push(late);
  }
  const inputs = `| ${linkInputs(target, folderOf(target)).join(' ')}`;
  lines.push(`build ${shippedFile(target)}: link-${target.name} ${shipped.join(' ')} ${inputs}`);
  lines.push(`build ${testFile(target)}: link-${target.name} ${tested.join(' ')} ${inputs}`);
  return lines;
}

/** @param {string} layer */
const unitOf = (layer) => `${buildFolder}/units/${layer}.cc`;

/**
 * Leaves a file alone that is as it should be: what was made of it stays newer.
 *
 * @param {string} file
 * @param {string[]} lines
 */
function write(file, lines) {
  const target = path.join(root, file);
  const text = `${lines.join('\n')}\n`;
  if (existsSync(target) && readFileSync(target, 'utf8') === text) return;
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
}
