/**
 * Turns the batch that lies on the desk into strings and Buffers that are the user's own. Small binary messages share
 * blocks of memory, and a block is so small that a message kept for long never pins much more than itself. Knows no
 * queue and no connection.
 */

import { Buffer } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';
import { BufferView, constants, desk, type NativeSession } from './native.js';
import type { Data } from './types.js';

/** The most bytes that binary messages share; Node's own pool of Buffers shares as much. */
const blockSize = 8192;

/** Where the payloads of messages too big for the desk come from. */
export type LargePayloads = Pick<NativeSession, 'takeLarge'>;

/** The `count` messages on the desk, in order. */
export function decodeBatch(source: LargePayloads, count: number): Data[] {
  const { index, bytes } = desk;
  const { kindShift, offsetMask, kindAscii, kindUtf16, kindBinary } = constants;
  const messages = new Array<Data>(count);
  let block: Block | undefined;
  for (let i = 0; i < count; i++) {
    const word = index[i * 2] as number;
    const length = index[i * 2 + 1] as number;
    const offset = word & offsetMask;
    const end = offset + length;
    switch (word >>> kindShift) {
      case kindAscii:
        messages[i] = bytes.latin1Slice(offset, end);
        break;
      case kindUtf16:
        messages[i] = bytes.ucs2Slice(offset, end);
        break;
      case kindBinary:
        if (block === undefined || end > block.end) block = copyBlock(i, count);
        messages[i] = new BufferView(block.memory, offset - block.start, length);
        break;
      default:
        messages[i] = largeMessage(source, i);
    }
  }
  return messages;
}

/** A copy of the desk from `start` to `end`. */
interface Block {
  readonly memory: ArrayBuffer;
  readonly start: number;
  readonly end: number;
}

/** Copies the binary message `first` and those behind it that fit the same block, whatever lies in between. */
function copyBlock(first: number, count: number): Block {
  const { index, memory } = desk;
  const { kindShift, offsetMask, kindLarge, kindBinary, bytesOffset } = constants;
  const start = (index[first * 2] as number) & offsetMask;
  let end = start + (index[first * 2 + 1] as number);
  let shared = false;
  for (let i = first + 1; i < count; i++) {
    const word = index[i * 2] as number;
    // Large ones are not on the desk.
    if (word >>> kindShift >= kindLarge) break;
    const offset = word & offsetMask;
    if (offset - start > blockSize) break;
    const nextEnd = offset + (index[i * 2 + 1] as number);
    if (word >>> kindShift !== kindBinary || nextEnd - start > blockSize) continue;
    end = nextEnd;
    shared = true;
  }
  const copy = memory.slice(bytesOffset + start, bytesOffset + end);
  // Who transferred one message elsewhere would take the others along; so it is copied instead.
  if (shared) markAsUntransferable(copy);
  return { memory: copy, start, end };
}

function largeMessage(source: LargePayloads, i: number): Data {
  const payload = source.takeLarge(i);
  return typeof payload === 'string' ? payload : Buffer.from(payload);
}
