/**
 * High-water and low-water marks: above the high one something waits, at the low one it goes on. Turns the forms in
 * which options give them into pairs. Knows not what waits.
 */

import { invalidType, outOfRange } from './check.js';

/** A high mark, or a pair [high, low]. */
export type Mark = number | readonly [high: number, low: number];

/** A high mark and the low mark below it; both `Infinity` where switched off. */
export interface Marks {
  readonly high: number;
  readonly low: number;
}

const noMarks: Marks = { high: Number.POSITIVE_INFINITY, low: Number.POSITIVE_INFINITY };

/** The marks of `maxQueue`; `defaults` are the high marks where one is left out. */
export function checkQueueMarks(
  value: unknown,
  defaults: { readonly messages: number; readonly bytes: number },
): { readonly messages: Marks; readonly bytes: Marks } {
  if (value === null) return { messages: noMarks, bytes: noMarks };
  if (value === undefined || typeof value !== 'object' || Array.isArray(value)) {
    return {
      messages: checkMarks('maxQueue', value === undefined ? defaults.messages : value, 'messages', true),
      bytes: marksOf(defaults.bytes),
    };
  }
  for (const name of Object.keys(value)) {
    if (name !== 'messages' && name !== 'bytes') {
      throw invalidType('maxQueue', value, 'an object with messages, bytes or both');
    }
  }
  const { messages = defaults.messages, bytes = defaults.bytes } = value as { messages?: unknown; bytes?: unknown };
  return {
    messages: checkMarks('maxQueue.messages', messages, 'messages', true),
    bytes: checkMarks('maxQueue.bytes', bytes, 'bytes', true),
  };
}

/** The marks of `writeLimit`, which can't be switched off. */
export function checkWriteMarks(value: unknown, defaultHigh: number): Marks {
  return checkMarks('writeLimit', value === undefined ? defaultHigh : value, 'bytes', false);
}

function checkMarks(name: string, value: unknown, unit: string, nullable: boolean): Marks {
  if (value === null && nullable) return noMarks;
  const expected = `a number of ${unit} above 0, or a pair [high, low]${nullable ? ', or null' : ''}`;
  if (Array.isArray(value)) {
    const [high, low] = value as unknown[];
    if (value.length !== 2 || typeof high !== 'number' || typeof low !== 'number') {
      throw invalidType(name, value, expected);
    }
    if (!isCount(high) || high === 0 || !isCount(low))
      throw outOfRange(`${name} is [${high}, ${low}]; expected ${expected}`);
    if (low >= high) throw outOfRange(`${name} is [${high}, ${low}]; expected a low mark below the high mark`);
    return { high, low };
  }
  if (typeof value !== 'number') throw invalidType(name, value, expected);
  if (!isCount(value) || value === 0) throw outOfRange(`${name} is ${value}; expected ${expected}`);
  return marksOf(value);
}

function marksOf(high: number): Marks {
  return { high, low: Math.floor(high / 4) };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
