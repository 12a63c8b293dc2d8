/**
 * The vocabulary of argument checks: every message says what the argument is and what was expected. A wrong type is a
 * TypeError and a wrong number a RangeError, both built in `errors.ts`. Knows no option by name.
 */

import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { maxReasonBytes, maySendCloseCode } from './close-code.js';
import { invalidArgument, invalidRange } from './errors.js';

/** The longest delay that Node's and libuv's timers both keep, in milliseconds: nearly 25 days. */
export const maxTimeout = 2 ** 31 - 1;

const shownLength = 60;

/** A value as an error message shows it: short, on one line. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  const cut = typeof value === 'string' && value.length > shownLength ? `${value.slice(0, shownLength)}…` : value;
  const words = inspect(cut, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 4 });
  return words.length > 2 * shownLength ? `${words.slice(0, 2 * shownLength)}…` : words;
}

/** `name is actual; expected …`, as a TypeError. */
export function invalidType(name: string, actual: unknown, expected: string): TypeError {
  return invalidArgument(`${name} is ${show(actual)}; expected ${expected}`);
}

/** The same for what may be a secret, of which the type is all that is said. */
export function invalidSecret(name: string, actual: unknown, expected: string): TypeError {
  const type = actual === null ? 'null' : Array.isArray(actual) ? 'array' : typeof actual;
  return invalidArgument(`${name} is of type ${type}; expected ${expected}`);
}

/** A RangeError with these words. */
export function outOfRange(message: string): RangeError {
  return invalidRange(message);
}

/** An integer within bounds, both included; `unit` is what it counts, if it counts anything. */
export function checkInteger(name: string, value: unknown, low: number, high: number, unit?: string): number {
  const expected = `an integer${unit === undefined ? '' : ` number of ${unit}`} from ${low} to ${high}`;
  if (typeof value !== 'number') throw invalidType(name, value, expected);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw outOfRange(`${name} is ${value}; expected ${expected}`);
  }
  return value;
}

/** A finite number, `low` at least. */
export function checkNumber(name: string, value: unknown, low: number): number {
  const expected = `a finite number, ${low} at least`;
  if (typeof value !== 'number') throw invalidType(name, value, expected);
  if (!Number.isFinite(value) || value < low) throw outOfRange(`${name} is ${value}; expected ${expected}`);
  return value;
}

/** A duration in whole milliseconds, rounded up; 0 where `null` switched it off. */
export function checkTimeout(name: string, value: unknown): number {
  const expected = 'a number of milliseconds above 0, or null';
  if (value === null) return 0;
  if (typeof value !== 'number') throw invalidType(name, value, expected);
  if (!(value > 0)) throw outOfRange(`${name} is ${value}; expected ${expected}`);
  if (value > maxTimeout) throw outOfRange(`${name} is ${value}; expected at most ${maxTimeout} ms, or null`);
  return Math.ceil(value);
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, value, 'true or false');
  return value;
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidType(name, value, 'a function');
}

/** An object that has options: no array. */
export function checkObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidType(name, value, 'an object');
}

/** An AbortSignal of any realm, told by what it can do. */
export function checkSignal(name: string, value: unknown): AbortSignal {
  const signal = value as Partial<AbortSignal> | null;
  if (
    typeof signal !== 'object' ||
    signal === null ||
    typeof signal.aborted !== 'boolean' ||
    typeof signal.addEventListener !== 'function' ||
    typeof signal.removeEventListener !== 'function'
  ) {
    throw invalidType(name, value, 'an AbortSignal');
  }
  return value as AbortSignal;
}

/**
 * Checks the arguments of `close()`.
 *
 * @throws TypeError where the code is no number or the reason no string.
 * @throws RangeError where the code may not be sent, or the reason is longer than 123 bytes of UTF-8.
 */
export function checkCloseArguments(code: unknown, reason: unknown): asserts reason is string {
  if (typeof code !== 'number') throw invalidType('close code', code, 'a number');
  if (!maySendCloseCode(code)) {
    throw outOfRange(`close code is ${code}; expected 1000 to 1003, 1007 to 1014, or 3000 to 4999`);
  }
  if (typeof reason !== 'string') throw invalidType('close reason', reason, 'a string');
  const bytes = Buffer.byteLength(reason, 'utf8');
  if (bytes > maxReasonBytes) throw outOfRange(`close reason is ${bytes} bytes; the limit is ${maxReasonBytes}`);
}

/**
 * Checks that options are an object, and have no other names than these.
 *
 * @param prefix what stands before the names in a message.
 */
export function checkNames(name: string, options: unknown, known: readonly string[], prefix = ''): void {
  checkObject(name, options);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = nearestName(key, known);
    const hint = meant === undefined ? '' : `; did you mean ${prefix}${meant}?`;
    throw invalidArgument(`unknown option ${prefix}${key}${hint}`);
  }
}

/** The known name nearest to a misspelt one, if one is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance: insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const deletion = (previous[column] as number) + 1;
      const insertion = (current[column - 1] as number) + 1;
      current.push(Math.min(substitution, deletion, insertion));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
