// What the scripts of this folder ask about the process they run in.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The test build's hooks: see NativeAddon in lib/native.ts. */
export const { liveReaders, setDelays } = createRequire(import.meta.url)(process.env.HAWSER_ADDON);

export function threads() {
  return Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]);
}

export function descriptors() {
  return readdirSync('/proc/self/fd').length;
}

/** Bytes. */
export function residentMemory() {
  return process.memoryUsage.rss();
}

/** Begins to measure how much the process's memory grows; what that returns says by how many bytes it did at most. */
export function measureGrowth() {
  // Forgets the highest value so far (proc(5)).
  writeFileSync('/proc/self/clear_refs', '5');
  const before = residentMemory();
  return () => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024 - before;
}

/** Bytes that JavaScript's values take, in the heap and out of it, once everything unreachable is gone. */
export function memoryOfValues() {
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export async function turns(count) {
  for (let i = 0; i < count; i++) await nextTurn();
}

/** Turns the event loop until `condition` holds; whoever started the process has a deadline for it. */
export async function until(condition) {
  while (!condition()) await nextTurn();
}

/** Collects garbage, and lets finalizers run, until `condition` holds. */
export async function collectUntil(condition) {
  while (!condition()) {
    gc();
    await nextTurn();
  }
}

export function check(holds, what) {
  if (!holds) throw new Error(what);
}
