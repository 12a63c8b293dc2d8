/**
 * What may be sent: turns the argument of `send()` into text or bytes, or into an error that names what came. Sends
 * nothing.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { isAnyArrayBuffer, isProxy, isSharedArrayBuffer, isStringObject, isUint8Array } from 'node:util/types';
import { invalidArgument } from './errors.js';

/** A message to send: text, or bytes in any of their forms. */
export type Sendable = string | ArrayBufferView | ArrayBufferLike;

/** A message to send in fragments: all of them text, or all of them bytes. */
export type SendableFragments = Iterable<Sendable> | AsyncIterable<Sendable>;

const expected = 'a string, a Buffer, an ArrayBuffer or a view of one';

/**
 * The length that no getter of a subclass can misstate: a wrong one would send what else is on the stage.
 */
export const byteLengthOf: (bytes: Uint8Array) => number = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength')?.get as () => number,
);

/**
 * The bytes of anything that has some, without a copy.
 *
 * @throws TypeError where `data` has none, or none any more.
 */
export function bytesOf(data: unknown): Uint8Array {
  // Not for a Proxy of one, whose traps would run while the stage is being written.
  if (isUint8Array(data) && byteLengthOf(data) > 0) return data;
  if (ArrayBuffer.isView(data)) {
    // A view of memory that is gone has no length, and its methods throw.
    if (isGone(data)) throw goneError();
    return data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (isAnyArrayBuffer(data)) {
    if (isGone(data)) throw goneError();
    return new Uint8Array(data);
  }
  throw unsendable(data);
}

/** Whether the memory was transferred elsewhere, or resized so that it does not reach to the view any more. */
function isGone(data: ArrayBufferView | ArrayBufferLike): boolean {
  try {
    if (data.byteLength > 0) return false;
    if (!ArrayBuffer.isView(data)) new Uint8Array(data);
    else if (!(data instanceof DataView)) Uint8Array.prototype.at.call(data, 0);
    return false;
  } catch {
    return true;
  }
}

function goneError(): TypeError {
  return invalidArgument('cannot send bytes whose ArrayBuffer is detached or was resized to end before them');
}

function unsendable(data: unknown): Error {
  if (isProxy(data)) return invalidArgument(`cannot send a Proxy; expected ${expected}`);
  return invalidArgument(`cannot send ${describe(data)}; expected ${expected}`);
}

/** Whether this is to be sent in fragments: something to iterate over that has no bytes of its own. */
export function isIterable(data: unknown): data is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof data !== 'object' || data === null || isProxy(data) || isStringObject(data)) return false;
  if (ArrayBuffer.isView(data) || isAnyArrayBuffer(data)) return false;
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

/** @throws TypeError where this is no iterable of messages; a message itself is none. */
export function checkMany(messages: unknown): void {
  if (isIterable(messages) && Symbol.iterator in messages) return;
  throw invalidArgument(`cannot send many of ${describe(messages)}; expected an iterable of messages`);
}

/** The type of a value, in words. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  if (Array.isArray(value)) return 'an array';
  return typeof name !== 'string' || name === '' || name === 'Object' ? 'a plain object' : `an instance of ${name}`;
}

/** @throws TypeError where the bytes are not UTF-8. */
export function checkUtf8(bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw invalidArgument(`cannot send ${bytes.byteLength} bytes as text; they are not UTF-8`);
}

/** Bytes that another thread may write to, as a copy that it can't; else the bytes themselves. */
export function unshared(bytes: Uint8Array): Uint8Array {
  return isSharedArrayBuffer(bytes.buffer) ? Buffer.from(bytes) : bytes;
}

/**
 * Takes the bytes away from whoever else can reach them, together with the whole ArrayBuffer they are in; undefined
 * where that is not possible: shared memory, WebAssembly's, and what was marked as untransferable.
 */
export function takeOver(bytes: Uint8Array): Uint8Array | undefined {
  const { buffer, byteOffset, byteLength } = bytes;
  if (isSharedArrayBuffer(buffer)) return undefined;
  try {
    // Copies where Node leaves an untransferable buffer in place, which is as good.
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }), byteOffset, byteLength);
  } catch {
    return undefined;
  }
}
