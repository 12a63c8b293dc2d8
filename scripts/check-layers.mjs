#!/usr/bin/env node
// Checks that lower layers never include higher ones, in native/ by #include and in lib/ by import. Prints a line
// per violation and exits 1, else says how much was checked. Takes another tree's root as its argument.

import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const standard = /^<[a-z0-9_]+>$/;
const waitingOrTelling = /^<(atomic|barrier|chrono|condition_variable|cstdio|ctime|fstream|future|iostream|latch)>$/;
const threading = /^<(mutex|semaphore|shared_mutex|stop_token|thread)>$/;
const vectorUnits = /^<(immintrin|emmintrin|tmmintrin|smmintrin|nmmintrin|wmmintrin|arm_neon)\.h>$/;
const operatingSystem =
  /^<(sys\/|netinet\/|arpa\/|(pthread|dlfcn|unistd|fcntl|poll|errno|winsock2|ws2tcpip|windows|mach\/.*)\.h>)/;
const javascript = /^[<"](napi|node|node_api|js_native_api|v8[^>"]*|node_buffer)\.h/;

/**
 * What each native folder may include and, of that, what it may not after all.
 * @type {{ folder: string, allowed: RegExp[], forbidden?: RegExp[], says: string }[]}
 */
const nativeLayers = [
  {
    folder: 'native/core/',
    allowed: [standard, vectorUnits, /^<zlib\.h>$/, /^"core\//],
    forbidden: [waitingOrTelling, threading],
    says: 'core knows only the standard library, zlib and core, and neither clocks, threads nor output',
  },
  {
    folder: 'native/reader/',
    allowed: [standard, operatingSystem, /^<uv\.h>$/, /^<zlib\.h>$/, /^<openssl\//, /^"(core|reader)\//],
    says: 'reader knows the standard library, the system, uv, OpenSSL, core and reader',
  },
  {
    folder: 'native/binding/',
    allowed: [/./],
    says: '',
  },
  {
    folder: 'native/fuzz/',
    allowed: [standard, /^"(core|fuzz|test\/support)\//],
    says: 'a fuzz target knows only core and what its tests share',
  },
  {
    folder: 'native/',
    allowed: [/./],
    forbidden: [javascript, /^"binding\//],
    says: 'only binding knows JavaScript',
  },
];

const violations = /** @type {string[]} */ ([]);
const nativeFiles = files('native').filter((file) => /\.(h|hh|cc|cpp)$/.test(file));
for (const file of nativeFiles) checkIncludes(file);

const imports = new Map(
  files('lib')
    .filter((file) => /\.m?ts$/.test(file))
    .map((file) => [file, importsOf(file)]),
);
for (const file of imports.keys()) checkImports(file);

for (const violation of violations) console.log(violation);
if (violations.length > 0) process.exit(1);
console.log(`layers: ok (${nativeFiles.length} native files, ${imports.size} in lib)`);

/** @param {string} file */
function checkIncludes(file) {
  const layer = nativeLayers.find(({ folder }) => file.startsWith(folder));
  if (!layer) return;
  for (const { match, line } of matches(file, /^[ \t]*#[ \t]*include[ \t]*([<"][^>"]+[>"])/gm)) {
    const included = /** @type {string} */ (match[1]);
    const allowed = layer.allowed.some((pattern) => pattern.test(included));
    const forbidden = layer.forbidden?.some((pattern) => pattern.test(included)) ?? false;
    if (!allowed || forbidden) violate(file, line, `includes ${included}; ${layer.says}`);
  }
}

/** @param {string} file */
function checkImports(file) {
  for (const { target, line } of imports.get(file) ?? []) {
    if (isFace(target) && !isFace(file) && !isEntry(file)) violate(file, line, `imports ${target}; faces are on top`);
    if (isFace(file) && !mayBeImportedByFace(target, file)) {
      violate(file, line, `imports ${target}; a face uses Connection only`);
    }
    if (!loadsAddon(file) && /^node:module$|\.node$/.test(target)) {
      violate(file, line, `imports ${target}; only lib/load-addon.ts loads the addon`);
    }
    if (target === 'lib/prebuilds.ts' && file !== 'lib/load-addon.ts') {
      violate(file, line, `imports ${target}; only lib/load-addon.ts loads the addon`);
    }
    if (file.startsWith('lib/dial/') && /^lib\/(connect|connection|reconnect|index)\./.test(target)) {
      violate(file, line, `imports ${target}; dialling knows no connection`);
    }
  }
  if (!loadsAddon(file)) {
    for (const { line } of matches(file, /process\.dlopen|process\.binding|createRequire|['"][^'"]*\.node['"]/g)) {
      violate(file, line, 'loads an addon; only lib/load-addon.ts does');
    }
  }
  if (file.startsWith('lib/handshake/')) checkPure(file);
}

/**
 * The opening handshake is pure functions: nothing it reaches does I/O.
 * @param {string} file
 */
function checkPure(file) {
  const pure = ['node:buffer', 'node:crypto', 'node:url', 'node:util', 'node:querystring'];
  for (const { target, line, typeOnly } of imports.get(file) ?? []) {
    if (typeOnly) continue;
    for (const [reached, way] of reach(target)) {
      const isBuiltin = reached.startsWith('node:') || builtinModules.includes(reached);
      if (reached === 'lib/native.ts' || (isBuiltin && !pure.includes(reached))) {
        violate(file, line, `reaches ${reached} by ${[...way, reached].join(' -> ')}; handshake/ does no I/O`);
      }
    }
  }
}

/**
 * All that is loaded when `start` is, each with the way to it.
 * @param {string} start
 */
function reach(start) {
  const ways = new Map(/** @type {[string, string[]][]} */ ([[start, []]]));
  for (const [file, way] of ways) {
    for (const { target, typeOnly } of imports.get(file) ?? []) {
      if (!typeOnly && !ways.has(target)) ways.set(target, [...way, file]);
    }
  }
  return ways;
}

/** @param {string} file */
function loadsAddon(file) {
  return file === 'lib/load-addon.ts' || file === 'lib/prebuilds.ts';
}

/** @param {string} file */
function isFace(file) {
  return /^lib\/(streams|whatwg|ws)\//.test(file);
}

/** @param {string} file */
function isEntry(file) {
  return /^lib\/(whatwg|ws|index)\.m?ts$/.test(file);
}

/**
 * @param {string} target
 * @param {string} face
 */
function mayBeImportedByFace(target, face) {
  if (!target.startsWith('lib/')) return true;
  if (path.dirname(target) === path.dirname(face)) return true;
  return /^lib\/(connect|connection|reconnect|types|errors|close-code|options|check|index)\.m?ts$/.test(target);
}

/**
 * What a file imports, relative specifiers resolved to files.
 * @param {string} file
 */
function importsOf(file) {
  const pattern =
    /(?:^|[;\n])[ \t]*(?:import|export)\b([^;'"]*?)\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]|\brequire\(\s*['"]([^'"]+)['"]/g;
  return matches(file, pattern).map(({ match, line }) => {
    const specifier = /** @type {string} */ (match[2] ?? match[3] ?? match[4]);
    return { target: resolve(specifier, file), line, typeOnly: /^\s*type\s/.test(match[1] ?? '') };
  });
}

/**
 * @param {string} specifier
 * @param {string} file
 */
function resolve(specifier, file) {
  if (!specifier.startsWith('.')) return specifier;
  return path.posix.join(path.posix.dirname(file), specifier).replace(/\.(m?)js$/, '.$1ts');
}

/**
 * The matches of a pattern outside comments, each with the line of its last character.
 * @param {string} file
 * @param {RegExp} pattern
 */
function matches(file, pattern) {
  const source = readFileSync(path.join(root, file), 'utf8');
  const blank = (/** @type {string} */ comment) => comment.replace(/[^\n]/g, ' ');
  const code = source.replace(/\/\*[\s\S]*?\*\/|^[ \t]*\/\/.*$/gm, blank);
  return [...code.matchAll(pattern)].map((match) => {
    return { match, line: code.slice(0, match.index + match[0].length).split('\n').length };
  });
}

/** @param {string} folder */
function files(folder) {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/**
 * @param {string} file
 * @param {number} line
 * @param {string} what
 */
function violate(file, line, what) {
  violations.push(`${file}:${line}: ${what}`);
}
