/**
 * Tells which C library this process runs with, from the loader that its executable asks for: that is a look at a few
 * hundred bytes, and right also where a system has files of both. Linux only.
 */

import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';

export type Libc = 'glibc' | 'musl';

/** As of the ELF specification, for 64 bits. */
const PT_INTERP = 3;
/** The program headers follow the ELF header, and the loader's name follows them, everywhere that we know of. */
const HEADER_BYTES = 4096;
const INTERPRETER_BYTES = 512;

/** What this process runs with; undefined where its executable can't be read, or names no loader, as a static one. */
export function detectLibc(executable = process.execPath): Libc | undefined {
  const interpreter = readInterpreter(executable);
  if (interpreter === undefined) return undefined;
  return /(^|\/)ld-musl-[^/]*$/.test(interpreter) ? 'musl' : 'glibc';
}

/**
 * Such as `2.36`; undefined without glibc, and where the runtime does not tell. It takes a report of the whole process, for
 * which every Worker has to stop, so this is nothing to ask on the way.
 */
export function glibcVersion(): string | undefined {
  const report = process.report as (typeof process.report & { excludeNetwork?: boolean | undefined }) | undefined;
  if (report === undefined) return undefined;
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // else the name of every socket's peer is looked up
  try {
    return (report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** The path of the loader that an executable asks for; undefined where it is none of 64 bits, asks for none or can't be read. */
export function readInterpreter(executable: string): string | undefined {
  try {
    const file = openSync(executable, 'r');
    try {
      return interpreterOf((at, size) => {
        const bytes = Buffer.alloc(size);
        return bytes.subarray(0, readSync(file, bytes, 0, size, at));
      });
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // of what is not as expected nothing is known
  }
}

function interpreterOf(read: (at: number, size: number) => Buffer): string | undefined {
  const head = read(0, HEADER_BYTES);
  const is64BitLittleEndianElf = head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!is64BitLittleEndianElf) return undefined;
  const offset = Number(head.readBigUInt64LE(32));
  const entrySize = head.readUInt16LE(54);
  const entries = head.readUInt16LE(56);
  for (let i = 0; i < entries; i++) {
    const at = offset + i * entrySize;
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const size = Math.min(Number(head.readBigUInt64LE(at + 32)), INTERPRETER_BYTES);
    return read(Number(head.readBigUInt64LE(at + 8)), size)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  }
  return undefined;
}
