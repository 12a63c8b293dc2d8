/**
 * The targets and what differs between them: the compiler's name for each, the form of its binaries, and what these may
 * need of the system. What all have in common is in recipe.mjs.
 */

/**
 * @typedef {object} Target
 * @property {string} name as in `prebuilds/<name>/hawser.node`
 * @property {'elf' | 'mach-o' | 'pe'} format
 * @property {string} triple what zig calls it
 * @property {RegExp} libraries which libraries its binary may need
 * @property {string} [glibc] the newest version of glibc that it may need
 * @property {string} [machine] what ld64.lld calls its processor
 */

/** Node.js's own minimum. The compiler is given an older one, so that it is known when something newer is used. */
const newestGlibc = '2.28';
const builtAgainst = '2.17';

const glibcLibraries = /^(lib(c|m|pthread|dl|rt)\.so\.\d+|ld-linux-[a-z0-9-]+\.so\.\d+)$/;
const muslLibraries = /^libc\.so$/;
const darwinLibraries = /^\/usr\/lib\/libSystem\.B\.dylib$/;
const windowsLibraries = /^(KERNEL32|WS2_32|ADVAPI32|api-ms-win-crt-[a-z]+-l1-1-0|node)\.(dll|exe)$/i;

/** @type {Target[]} */
export const targets = [
  glibc('linux-x64', 'x86_64'),
  glibc('linux-arm64', 'aarch64'),
  { name: 'linux-x64-musl', format: 'elf', triple: 'x86_64-linux-musl', libraries: muslLibraries },
  { name: 'linux-arm64-musl', format: 'elf', triple: 'aarch64-linux-musl', libraries: muslLibraries },
  darwin('darwin-x64', 'x86_64', 'x86_64'),
  darwin('darwin-arm64', 'aarch64', 'arm64'),
  { name: 'win32-x64', format: 'pe', triple: 'x86_64-windows-gnu', libraries: windowsLibraries },
  { name: 'win32-arm64', format: 'pe', triple: 'aarch64-windows-gnu', libraries: windowsLibraries },
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
  return { name, format: 'elf', triple, libraries: glibcLibraries, glibc: newestGlibc };
}

/**
 * @param {string} name
 * @param {string} processor
 * @param {string} machine
 * @returns {Target}
 */
function darwin(name, processor, machine) {
  return { name, format: 'mach-o', triple: `${processor}-macos.11.0`, libraries: darwinLibraries, machine };
}
