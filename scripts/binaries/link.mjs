/**
 * How each form of binary is linked: two exports, and nothing that is found out late without need. ELF by zig itself; the
 * others by LLVM's linkers, since zig's lacks lists of exports for macOS and late loading for Windows.
 */

import { oldestMacOs } from './targets.mjs';

/**
 * @typedef {import('./targets.mjs').Target} Target
 * @typedef {import('./recipe.mjs').Recipe} Recipe
 */

/** The two exports, for an ELF's linker and as those of macOS are listed. */
const exportsMap = 'native/binding/exports.map';
const exportsList = 'native/binding/exports.txt';
export const nodeExportsList = 'scripts/binaries/node-exports.txt';

/**
 * Ninja's rule `link-<target>`, and what it needs.
 *
 * @param {Target} target
 * @param {Recipe} recipe
 * @param {string} compiler
 * @param {string} folder where the target's files are built
 * @returns {string[]}
 */
export function linkRules(target, recipe, compiler, folder) {
  if (target.format === 'elf') return linkElf(target, recipe, compiler);
  const libraries = `${folder}/libraries.rsp`;
  return [
    `rule libraries-${target.name}`,
    `  command = node scripts/binaries/own-libraries.mjs $out ${compiler}`,
    '  depfile = $out.d',
    `  description = ${target.name}: C++ library`,
    `build ${libraries}: libraries-${target.name} | scripts/binaries/own-libraries.mjs ${compiler.split(' ')[0]}`,
    ...(target.format === 'mach-o' ? linkMachO(target, folder) : linkPe(target, folder)),
  ];
}

/**
 * What a binary is made of besides its objects.
 *
 * @param {Target} target
 * @param {string} folder
 * @returns {string[]}
 */
export function linkInputs(target, folder) {
  if (target.format === 'elf') return [exportsMap];
  return [`${folder}/libraries.rsp`, target.format === 'pe' ? `${folder}/node.lib` : exportsList];
}

/**
 * @param {Target} target
 * @param {Recipe} recipe
 * @param {string} compiler
 */
function linkElf(target, recipe, compiler) {
  const flags = ['-shared', ...recipe.link, '-Wl,--gc-sections', '-Wl,-z,noexecstack', '-Wl,--build-id=none', '-s'];
  return [
    `rule link-${target.name}`,
    `  command = ${compiler} -O3 ${flags.join(' ')} $in -o $out`,
    `  description = ${target.name}: $out`,
  ];
}

/**
 * @param {Target} target
 * @param {string} folder
 */
function linkMachO(target, folder) {
  const flags = [
    `-dylib -arch ${target.machine} -platform_version macos ${oldestMacOs} ${oldestMacOs}`,
    // Node's symbols are looked up in whatever has loaded the addon, all at once.
    '-undefined dynamic_lookup -fixup_chains',
    `-exported_symbols_list ${exportsList} -dead_strip -x -S -adhoc_codesign`,
    '-install_name @rpath/hawser.node',
  ];
  return [
    `rule link-${target.name}`,
    `  command = ld64.lld-16 ${flags.join(' ')} -o $out $in $$(cat ${folder}/libraries.rsp)`,
    `  description = ${target.name}: $out`,
  ];
}

/**
 * @param {Target} target
 * @param {string} folder
 */
function linkPe(target, folder) {
  const flags = [
    `-nologo -dll -machine:${target.machine} -opt:ref -brepro -debug:none -lldmingw -noimplib`,
    // The runtime need not be called node.exe: it is found by delay_load.cc, so late.
    '-delayload:node.exe',
    // The entry point and base of mingw's startup, by the names that lld knows.
    '-alternatename:__image_base__=__ImageBase -alternatename:_DllMainCRTStartup=DllMainCRTStartup -include:_tls_index',
  ];
  return [
    `rule import-${target.name}`,
    `  command = (echo 'LIBRARY node.exe'; echo EXPORTS; cat $in) > $out.def && llvm-dlltool-16 -m ${target.dlltool} -d $out.def -l $out`,
    `  description = ${target.name}: import library of Node.js`,
    `build ${folder}/node.lib: import-${target.name} ${nodeExportsList}`,
    `rule link-${target.name}`,
    `  command = lld-link-16 ${flags.join(' ')} -out:$out $in ${folder}/node.lib $$(cat ${folder}/libraries.rsp)`,
    `  description = ${target.name}: $out`,
  ];
}
