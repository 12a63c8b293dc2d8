/** How each form of binary is linked: two exports, everything else resolved at once or, on Windows, when first needed. */

/**
 * @typedef {import('./targets.mjs').Target} Target
 * @typedef {import('./recipe.mjs').Recipe} Recipe
 */

/**
 * @param {Target} target
 * @param {Recipe} recipe
 * @param {string} compiler
 * @returns {string[]}
 */
export function linkRule(target, recipe, compiler) {
  const flags = ['-shared', ...recipe.link, '-Wl,--gc-sections', '-Wl,-z,noexecstack', '-Wl,--build-id=none', '-s'];
  return [
    `rule link-${target.name}`,
    `  command = ${compiler} -O3 ${flags.join(' ')} $in -o $out`,
    `  description = ${target.name}: $out`,
  ];
}
