/**
 * Judges what a binary needs and shows: everything that would keep it from loading somewhere, or let it meddle with what
 * else is in the process, is a problem in words. Reads no files.
 */

import { oldestMacOs } from './targets.mjs';

/**
 * @typedef {import('./facts.mjs').Facts} Facts
 * @typedef {import('./targets.mjs').Target} Target
 */

/**
 * @typedef {object} Known
 * @property {ReadonlySet<string>} node what every supported Node.js exports
 * @property {ReadonlySet<string>} system what the target's system has, where its symbols have no versions
 */

export const entryPoints = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const openSsl = /^(SSL|TLS|BIO|X509|EVP|PEM|ERR|OPENSSL|CRYPTO|PKCS12|ASN1|d2i|i2d)_/;
const zlib = /^(inflate|deflate|crc32|adler32|zlib)/;
const ofNode = /^(napi_|node_api_|uv_)/;
/** What a failed assertion calls: a binary without it was built without any. */
const assertions = { elf: '__assert_fail', 'mach-o': '__assert_rtn', pe: '_assert' };

/**
 * @param {Facts} facts
 * @param {Target} target
 * @param {Known} known
 * @returns {string[]}
 */
export function problemsOf(facts, target, known) {
  return [
    ...systemProblems(facts, target),
    ...libraryProblems(facts, target),
    ...exportProblems(facts),
    ...facts.imports.flatMap((symbol) => importProblems(symbol, target, known)),
    ...absenceProblems(facts, target),
    ...unsaidVersions(facts).flatMap((version) => versionProblems('something', version, target)),
    ...facts.hazards.map((hazard) => `it needs ${hazard}`),
    // On Windows the addon's own init looks for every function; there and on macOS it pins itself.
    ...(facts.boundAtLoad || target.format === 'pe' ? [] : ['what is missing is not found out at load']),
    ...(facts.neverUnloaded || target.format !== 'elf' ? [] : ['it may be unloaded while its threads run']),
  ];
}

/**
 * The newest version of glibc among the symbols' versions, as in `2.16`; undefined where there is none.
 *
 * @param {Facts} facts
 * @returns {string | undefined}
 */
export function newestGlibc(facts) {
  const all = [...facts.versions, ...facts.imports.map(({ version = '' }) => version)];
  const versions = all.flatMap((version) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? []);
  return versions.sort(compareVersions).at(-1);
}

/**
 * @param {string} a
 * @param {string} b
 */
function compareVersions(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * @param {Facts} facts
 * @param {Target} target
 */
function systemProblems({ machine, oldestSystem }, target) {
  const expected = target.name.split('-')[1];
  return [
    ...(machine === expected ? [] : [`it is for ${machine}; expected ${expected}`]),
    ...(target.format !== 'mach-o' || oldestSystem === oldestMacOs
      ? []
      : [`it is for macOS ${oldestSystem}; expected ${oldestMacOs}`]),
  ];
}

/**
 * @param {Facts} facts
 * @param {Target} target
 */
function libraryProblems({ libraries, lateLibraries }, target) {
  const others = libraries.filter((library) => !target.libraries.test(library));
  // Node.js itself, which may have another name.
  const expected = target.format === 'pe' ? ['node.exe'] : [];
  const late = lateLibraries.filter((library) => !expected.includes(library));
  const early = expected.filter((library) => !lateLibraries.includes(library));
  return [
    ...others.map((library) => `it needs the library ${library}`),
    ...late.map((library) => `it looks for ${library} late`),
    ...early.map((library) => `it does not look for ${library} late`),
  ];
}

/**
 * What every binary of ours needs: where it is not found, the binary has not been read, or not been built as it should be.
 *
 * @param {Facts} facts
 * @param {Target} target
 */
function absenceProblems({ imports }, target) {
  const lacks = (/** @type {RegExp} */ form) => !imports.some(({ name }) => form.test(name));
  return [
    ...(lacks(/^napi_/) ? ['it needs nothing of Node-API'] : []),
    ...(lacks(/^uv_/) ? ['it needs nothing of libuv'] : []),
    ...(imports.some(({ name }) => name === assertions[target.format]) ? [] : ['it has no assertions']),
  ];
}

/** @param {Facts} facts */
function unsaidVersions({ versions, imports }) {
  return [...new Set(versions)].filter((version) => imports.every((symbol) => symbol.version !== version));
}

/** @param {Facts} facts */
function exportProblems(facts) {
  const others = facts.exports.filter((name) => !entryPoints.includes(name));
  const missing = entryPoints.filter((name) => !facts.exports.includes(name));
  return [...others.map((name) => `it exports ${name}`), ...missing.map((name) => `it does not export ${name}`)];
}

/**
 * @param {import('./facts.mjs').Import} symbol
 * @param {Target} target
 * @param {Known} known
 * @returns {string[]}
 */
function importProblems({ name, version, library, weak }, target, known) {
  if (openSsl.test(name)) return [`it links OpenSSL's ${name}`];
  if (version !== undefined) return versionProblems(name, version, target);
  if (ofNode.test(name) || zlib.test(name)) {
    return known.node.has(name) ? [] : [`it needs ${name}, which not every supported Node.js exports`];
  }
  if (weak) return [];
  // Only ELF never says where.
  const inRuntime = target.format !== 'elf' && (library === undefined || library === 'node.exe');
  if (inRuntime) return [`it looks for ${name} in whatever has loaded it`];
  if (known.system.has(name)) return [];
  return [`it needs ${name}, which ${target.system} is not known to have`];
}

/**
 * @param {string} name
 * @param {string} version
 * @param {Target} target
 * @returns {string[]}
 */
function versionProblems(name, version, target) {
  const glibc = /^GLIBC_([\d.]+)$/.exec(version)?.[1];
  if (target.glibc === undefined || glibc === undefined) return [`it needs ${name} of ${version}`];
  if (compareVersions(glibc, target.glibc) <= 0) return [];
  return [`it needs ${name} of ${version}; expected ${target.glibc} at most`];
}
