/**
 * The targets and what differs between them: the compiler's name for each, the form of its binaries, and what these may
 * need of the system. What all have in common is in recipe.mjs.
 */

/**
 * @typedef {object} Target
 * @property {string} name as in `prebuilds/<name>/hawser.node`
 * @property {'elf' | 'mach-o' | 'pe'} format
 * @property {string} triple what zig calls it
 * @property {string} system the oldest system that it runs on, or the C library of its systems
 * @property {RegExp} libraries which libraries its binary may need
 * @property {string} [glibc] the newest version of glibc that it may need
 * @property {string} [machine] what its linker calls its processor
 * @property {string} [dlltool] what llvm-dlltool calls it
 */

/** Node.js's own minimum. The compiler is given an older one, so that it is known when something newer is used. */
const newestGlibc = '2.28';
const builtAgainst = '2.17';

export const oldestMacOs = '11.0';
const oldestWindows = '10';

const glibcLibraries = /^(lib(c|m|pthread|dl|rt)\.so\.\d+|ld-linux-[a-z0-9-]+\.so\.\d+)$/;
const muslLibraries = /^libc\.so$/;
const darwinLibraries = /^\/usr\/lib\/libSystem\.B\.dylib$/;
const windowsLibraries = /^((kernel32|ws2_32|advapi32|msvcrt)\.dll|node\.exe)$/i;

/** @type {Target[]} */
export const targets = [
  glibc('linux-x64', 'x86_64'),
  glibc('linux-arm64', 'aarch64'),
  { name: 'linux-x64-musl', format: 'elf', triple: 'x86_64-linux-musl', system: 'musl', libraries: muslLibraries },
  { name: 'linux-arm64-musl', format: 'elf', triple: 'aarch64-linux-musl', system: 'musl', libraries: muslLibraries },
  darwin('darwin-x64', 'x86_64', 'x86_64'),
  darwin('darwin-arm64', 'aarch64', 'arm64'),
  windows('win32-x64', 'x86_64', 'x64', 'i386:x86-64'),
  windows('win32-arm64', 'aarch64', 'arm64', 'arm64'),
];

/**
 * @param {string} name
 * @returns {Target}
 */
export function targetNamed(name) {
  const found = targets.find((target) => target.name === name);
  if (found) return found;
  throw new RangeError(`no target is named ${name}; there are ${targets.map((target) => target.name).join(', ')}`);
}

/**
 * @param {string} name
 * @param {string} processor
 * @returns {Target}
 */
function glibc(name, processor) {
  const triple = `${processor}-linux-gnu.${builtAgainst}`;
  return { name, format: 'elf', triple, system: 'glibc', libraries: glibcLibraries, glibc: newestGlibc };
}

/**
 * @param {string} name
 * @param {string} processor
 * @param {string} machine
 * @returns {Target}
 */
function darwin(name, processor, machine) {
  const triple = `${processor}-macos.${oldestMacOs}`;
  return { name, format: 'mach-o', triple, system: `macOS ${oldestMacOs}`, libraries: darwinLibraries, machine };
}

/**
 * @param {string} name
 * @param {string} processor
 * @param {string} machine
 * @param {string} dlltool
 * @returns {Target}
 */
function windows(name, processor, machine, dlltool) {
  const triple = `${processor}-windows-gnu`;
  const system = `Windows ${oldestWindows}`;
  return { name, format: 'pe', triple, system, libraries: windowsLibraries, machine, dlltool };
}
