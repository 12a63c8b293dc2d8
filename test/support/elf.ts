/** Makes the beginning of an executable, as much as names the loader that it asks for. */

import { Buffer } from 'node:buffer';

export interface ElfOptions {
  readonly bits?: 32 | 64;
  readonly bigEndian?: boolean;
  /** How many other program headers come first. */
  readonly before?: number;
  /** Where the loader's name lies; right behind the headers by default. */
  readonly at?: number;
}

/** An ELF file of the given loader; undefined asks for none, as a static executable. */
export function elf(interpreter: string | undefined, options: ElfOptions = {}): Buffer {
  const { bits = 64, bigEndian = false, before = 1 } = options;
  const entries = before + (interpreter === undefined ? 0 : 1);
  const at = options.at ?? 64 + entries * 56;
  const name = Buffer.from(`${interpreter ?? ''}\0`);
  const bytes = Buffer.alloc(at + name.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, bigEndian ? 2 : 1]);
  bytes.writeBigUInt64LE(64n, 32); // where the program headers begin
  bytes.writeUInt16LE(56, 54); // the size of one
  bytes.writeUInt16LE(entries, 56);
  for (let i = 0; i < before; i++) bytes.writeUInt32LE(1, 64 + i * 56); // PT_LOAD
  if (interpreter === undefined) return bytes;
  const header = 64 + before * 56;
  bytes.writeUInt32LE(3, header); // PT_INTERP
  bytes.writeBigUInt64LE(BigInt(at), header + 8);
  bytes.writeBigUInt64LE(BigInt(name.length), header + 32);
  bytes.set(name, at);
  return bytes;
}
