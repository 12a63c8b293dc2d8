/**
 * Turns the batch that lies on the desk into strings and Buffers that are the user's own. Small messages share memory,
 * so little of it that a message kept for long never pins much more than itself. Knows no queue and no connection.
 */

import { Buffer } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';
import { BufferView, constants, desk, type NativeSession } from './native.js';
import type { Data } from './types.js';

/** The most bytes that binary messages share; Node's own pool of Buffers shares as much. */
const sharedBytes = 8192;

/** The most bytes that texts share: they are parts of one string, since making one costs more than cutting it up. */
const sharedText = 2048;
/** The same for texts from this length on, of which few fit otherwise: four of 1 KiB, with the headers in between. */
const longText = 512;
const sharedLongText = 4096 + 64;

/** A fragment of a message that others follow; the first that is none of these ends the message. */
export class Fragment {
  constructor(readonly data: Data) {}
}

/** What a batch holds, in order. */
export interface Batch {
  readonly entries: (Data | Fragment)[];
  /** Whether fragments are among the entries. */
  readonly fragmented: boolean;
}

/** Where the payloads of messages too big for the desk come from. */
export type LargePayloads = Pick<NativeSession, 'takeLarge'>;

/** The `count` messages and fragments on the desk, in order. */
export function decodeBatch(source: LargePayloads, count: number): Batch {
  const { index } = desk;
  const { kindShift, offsetMask, kindAscii, kindUtf16, kindBinary, kindMore } = constants;
  const entries = new Array<Data | Fragment>(count);
  let fragmented = false;
  let ascii = noText;
  let utf16 = noText;
  let block = noBlock;
  for (let i = 0; i < count; i++) {
    const word = index[i * 2] as number;
    const length = index[i * 2 + 1] as number;
    const offset = word & offsetMask;
    const end = offset + length;
    switch (word >>> kindShift) {
      case kindAscii:
        if (end > ascii.end) ascii = asciiFrom(i, count);
        entries[i] = ascii.text.substring(offset - ascii.start, end - ascii.start);
        break;
      case kindUtf16:
        if (end > utf16.end) utf16 = utf16From(i, count);
        entries[i] = utf16.text.substring((offset - utf16.start) >> 1, (end - utf16.start) >> 1);
        break;
      case kindBinary:
        if (end > block.end) block = blockFrom(i, count);
        entries[i] = new BufferView(block.memory, offset - block.start, length);
        break;
      default:
        if (word >>> kindShift >= kindMore) {
          entries[i] = new Fragment(fragmentData(source, i));
          fragmented = true;
        } else entries[i] = largeMessage(source, i);
    }
  }
  return { entries, fragmented };
}

/** What the desk holds from `start` to `end`. */
interface Shared {
  readonly start: number;
  readonly end: number;
}
interface Text extends Shared {
  readonly text: string;
}
interface Block extends Shared {
  readonly memory: ArrayBuffer;
}

const noText: Text = { text: '', start: 0, end: -1 };
const noBlock: Block = { memory: new ArrayBuffer(0), start: 0, end: -1 };

function asciiFrom(first: number, count: number): Text {
  const { start, end } = sharedFrom(first, count, mostText(first));
  return { text: desk.bytes.latin1Slice(start, end), start, end };
}

function utf16From(first: number, count: number): Text {
  const { start, end } = sharedFrom(first, count, mostText(first));
  return { text: desk.bytes.ucs2Slice(start, end), start, end };
}

function mostText(first: number): number {
  return (desk.index[first * 2 + 1] as number) < longText ? sharedText : sharedLongText;
}

function blockFrom(first: number, count: number): Block {
  const { start, end, shared } = sharedFrom(first, count, sharedBytes);
  const memory = desk.memory.slice(constants.bytesOffset + start, constants.bytesOffset + end);
  // Who transferred one message elsewhere would take the others along; so it is copied instead.
  if (shared) markAsUntransferable(memory);
  return { memory, start, end };
}

/**
 * Where the message `first` begins, and where the last of its kind ends that is not further than `most` bytes away,
 * whatever lies in between; `shared` if that is another one.
 */
function sharedFrom(first: number, count: number, most: number): Shared & { shared: boolean } {
  const { index } = desk;
  const { kindShift, offsetMask, kindLarge } = constants;
  const word = index[first * 2] as number;
  const kind = word >>> kindShift;
  const start = word & offsetMask;
  let end = start + (index[first * 2 + 1] as number);
  let shared = false;
  for (let i = first + 1; i < count; i++) {
    const next = index[i * 2] as number;
    // Large ones are not on the desk, and fragments go by themselves.
    if (next >>> kindShift >= kindLarge) break;
    const offset = next & offsetMask;
    if (offset - start > most) break;
    const nextEnd = offset + (index[i * 2 + 1] as number);
    if (next >>> kindShift !== kind || nextEnd - start > most) continue;
    end = nextEnd;
    shared = true;
  }
  return { start, end, shared };
}

/** Of a fragment: it shares nothing with its neighbours, since its message is put together anyway. */
function fragmentData(source: LargePayloads, i: number): Data {
  const { kindShift, offsetMask, kindAscii, kindUtf16, kindMore } = constants;
  const word = desk.index[i * 2] as number;
  const start = word & offsetMask;
  const end = start + (desk.index[i * 2 + 1] as number);
  switch ((word >>> kindShift) - kindMore) {
    case kindAscii:
      return desk.bytes.latin1Slice(start, end);
    case kindUtf16:
      return desk.bytes.ucs2Slice(start, end);
    case constants.kindBinary:
      return Buffer.from(desk.memory.slice(constants.bytesOffset + start, constants.bytesOffset + end));
    default:
      return largeMessage(source, i);
  }
}

function largeMessage(source: LargePayloads, i: number): Data {
  const payload = source.takeLarge(i);
  return typeof payload === 'string' ? payload : Buffer.from(payload);
}
