/**
 * Copies what zig links into what it links for a target, having it make them: its C++ library, its unwinder and, for
 * Windows, mingw's startup and import libraries. OUT lists the copies, which are beside it: zig's cache may be emptied,
 * and its paths differ from one machine to the next. `node own-libraries.mjs OUT COMPILER...`
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const [out = '', compiler = '', ...flags] = process.argv.slice(2);
const folder = mkdtempSync(path.join(os.tmpdir(), 'hawser-libraries-'));
try {
  const source = path.join(folder, 'empty.cc');
  writeFileSync(source, '');
  const windows = flags.some((flag) => flag.includes('windows'));
  const output = ['-o', path.join(folder, windows ? 'empty.dll' : 'empty.dylib')];
  const args = [...flags, '-O3', '-shared', '-v', source, ...(windows ? ['-lws2_32'] : []), ...output];
  const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const line = stderr.split('\n').findLast((text) => /^(zig ld|lld-link) /.test(text));
  if (status !== 0 || line === undefined) throw new Error(`zig did not say what it links: ${stderr}`);
  // Of what it linked, the empty file is not ours to link.
  const files = line.split(' ').filter((word) => /^\/.*\.(a|lib|obj)$/.test(word) && !word.endsWith('/empty.obj'));
  if (!windows) files.push(path.join(path.dirname(compiler), 'lib/libc/darwin/libSystem.tbd'));
  const copies = path.join(path.dirname(out), 'libraries');
  rmSync(copies, { recursive: true, force: true });
  mkdirSync(copies, { recursive: true });
  const copied = files.map((file) => copyOf(file, copies));
  if (new Set(copied).size < copied.length)
    throw new Error(`two libraries of zig's have one name: ${copied.join(', ')}`);
  // To ninja the copies are what the list depends on: it makes them again where one is missing.
  writeFileSync(`${out}.d`, `${out}: ${copied.join(' ')}\n`);
  writeFileSync(out, `${copied.join('\n')}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * @param {string} file
 * @param {string} copies
 */
function copyOf(file, copies) {
  const copy = path.join(copies, path.basename(file));
  // Its unwinder's objects tell the linker to export it.
  if (file.endsWith('/unwind.lib')) execFileSync('llvm-objcopy-16', ['--remove-section=.drectve', file, copy]);
  else copyFileSync(file, copy);
  return copy;
}
