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
  for (let i = 0; i < count; ) {
    const word = index[i * 2] as number;
    const kind = word >>> kindShift;
    if (kind === kindBinary) {
      i = copyBlock(messages, i);
      continue;
    }
    const offset = word & offsetMask;
    const end = offset + (index[i * 2 + 1] as number);
    if (kind === kindAscii) messages[i] = bytes.latin1Slice(offset, end);
    else if (kind === kindUtf16) messages[i] = bytes.ucs2Slice(offset, end);
    else messages[i] = largeMessage(source, i);
    i++;
  }
  return messages;
}

/** Copies the binary message `first` and those behind it that fit the same block; returns the next one's number. */
function copyBlock(messages: Data[], first: number): number {
  const { index, memory } = desk;
  const { kindShift, offsetMask, kindBinary, bytesOffset } = constants;
  const start = (index[first * 2] as number) & offsetMask;
  let end = start + (index[first * 2 + 1] as number);
  let next = first + 1;
  for (; next < messages.length; next++) {
    const word = index[next * 2] as number;
    const nextEnd = (word & offsetMask) + (index[next * 2 + 1] as number);
    if (word >>> kindShift !== kindBinary || nextEnd - start > blockSize) break;
    end = nextEnd;
  }
  const block = memory.slice(bytesOffset + start, bytesOffset + end);
  // Who transferred one message elsewhere would take the others along; so it is copied instead.
  if (next - first > 1) markAsUntransferable(block);
  for (let i = first; i < next; i++) {
    const offset = ((index[i * 2] as number) & offsetMask) - start;
    messages[i] = new BufferView(block, offset, index[i * 2 + 1] as number);
  }
  return next;
}

function largeMessage(source: LargePayloads, i: number): Data {
  const payload = source.takeLarge(i);
  return typeof payload === 'string' ? payload : Buffer.from(payload);
}
