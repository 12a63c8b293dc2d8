import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { detectLibc, glibcVersion, readInterpreter } from '../../lib/libc.js';
import { elf } from '../support/elf.js';

const folder = mkdtempSync(path.join(tmpdir(), 'hawser-libc-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

test.each([
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/nix/store/0abc-musl-1.2.5/lib/ld-musl-aarch64.so.1', 'musl'],
  ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-linux-aarch64.so.1', 'glibc'],
  ['/opt/ld-musl-sdk/lib/ld-linux-x86-64.so.2', 'glibc'],
])('an executable that asks for %s runs with %s', (interpreter, libc) => {
  const file = written('asks', elf(interpreter));
  expect(readInterpreter(file)).toBe(interpreter);
  expect(detectLibc(file)).toBe(libc);
});

test('the loader is found behind other program headers, and where its name lies far from them', () => {
  const file = written('far', elf('/lib/ld-musl-x86_64.so.1', { before: 5, at: 100_000 }));
  expect(readInterpreter(file)).toBe('/lib/ld-musl-x86_64.so.1');
});

test.each([
  ['is static', elf(undefined)],
  ['is none of 64 bits', elf('/lib/ld-musl-i386.so.1', { bits: 32 })],
  ['is none of this byte order', elf('/lib/ld-musl-x86_64.so.1', { bigEndian: true })],
  ['is no executable', Buffer.from('#!/bin/sh\necho hello\n')],
  ['is empty', Buffer.alloc(0)],
  ['is cut off in its program headers', elf('/lib/ld-musl-x86_64.so.1').subarray(0, 80)],
])('of a file that %s neither the loader nor the C library is known', (_what, bytes) => {
  const file = written('other', bytes);
  expect(readInterpreter(file)).toBeUndefined();
  expect(detectLibc(file)).toBeUndefined();
});

test('of a file that can’t be read neither the loader nor the C library is known', () => {
  expect(readInterpreter(path.join(folder, 'missing'))).toBeUndefined();
  expect(detectLibc(path.join(folder, 'missing'))).toBeUndefined();
});

test.each([false, true])(
  'the report that tells the version of glibc looks up no peers, and then does what it did: %s',
  (before) => {
    const report = process.report as typeof process.report & { excludeNetwork: boolean };
    const own = report.excludeNetwork;
    report.excludeNetwork = before;
    const seen: boolean[] = [];
    vi.spyOn(report, 'getReport').mockImplementation(() => {
      seen.push(report.excludeNetwork);
      return { header: { glibcVersionRuntime: '2.28' } };
    });
    onTestFinished(() => {
      vi.restoreAllMocks();
      report.excludeNetwork = own;
    });
    expect(glibcVersion()).toBe('2.28');
    expect(seen).toEqual([true]);
    expect(report.excludeNetwork).toBe(before);
  },
);
