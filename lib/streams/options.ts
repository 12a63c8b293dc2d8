/**
 * The options of both kinds of streams, and their checks: what is wrong is told by `createDuplex()` and
 * `createWebStreams()`, rather than by a stream later. Knows no stream.
 */

import { Buffer } from 'node:buffer';
import type { DuplexOptions as NodeDuplexOptions } from 'node:stream';
import type { QueuingStrategy } from 'node:stream/web';
import { checkBoolean, checkInteger, checkNames, checkSignal, invalidType, outOfRange } from '../check.js';
import { Connection } from '../connection.js';
import type { Sendable } from '../index.js';

/** What `createDuplex()` can be told: options of `node:stream`'s Duplex, with its defaults. */
export interface DuplexOptions {
  /**
   * Both of `readableObjectMode` and `writableObjectMode`.
   * @default false
   */
  readonly objectMode?: boolean | undefined;
  /**
   * true gives every message as it is, a string or a Buffer; false gives bytes, of text its UTF-8.
   * @default false
   */
  readonly readableObjectMode?: boolean | undefined;
  /**
   * true sends strings as text and takes bytes in any form; false sends all as binary, unless `decodeStrings` is false.
   * @default false
   */
  readonly writableObjectMode?: boolean | undefined;
  /**
   * How much the stream keeps for each direction, in bytes, or in messages in object mode. What it does not keep stays
   * with the connection, or is not written.
   * @default Node's
   */
  readonly highWaterMark?: number | undefined;
  /** `highWaterMark` for the messages received, in bytes or messages. */
  readonly readableHighWaterMark?: number | undefined;
  /** `highWaterMark` for the messages to send, in bytes or messages. */
  readonly writableHighWaterMark?: number | undefined;
  /** Makes the bytes received strings of this encoding, where the readable side is not in object mode. */
  readonly encoding?: BufferEncoding | undefined;
  /**
   * The encoding of strings that are written without one, where the writable side is not in object mode.
   * @default 'utf8'
   */
  readonly defaultEncoding?: BufferEncoding | undefined;
  /**
   * false sends strings that are written as text messages; true sends them as binary, where the writable side is not in
   * object mode.
   * @default true
   */
  readonly decodeStrings?: boolean | undefined;
  /** A WebSocket connection is never half open, so false is all there is. */
  readonly allowHalfOpen?: false | undefined;
  /** Aborting destroys the stream with an AbortError, which terminates the connection. */
  readonly signal?: AbortSignal | undefined;
}

/** What `createWebStreams()` can be told. */
export interface WebStreamsOptions {
  /**
   * How much is taken from the connection before it is read, in messages unless `size` counts otherwise.
   * @default { highWaterMark: 0 }
   */
  readonly readableStrategy?: QueuingStrategy<string | Uint8Array> | undefined;
  /**
   * How much may be written ahead of what the connection has accepted, in messages unless `size` counts otherwise.
   * @default { highWaterMark: 1 }
   */
  readonly writableStrategy?: QueuingStrategy<Sendable> | undefined;
}

const booleanNames = ['objectMode', 'readableObjectMode', 'writableObjectMode', 'decodeStrings'] as const;
const markNames = ['highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark'] as const;
const encodingNames = ['encoding', 'defaultEncoding'] as const;
const duplexNames = [...booleanNames, ...markNames, ...encodingNames, 'allowHalfOpen', 'signal'];
const webNames = ['readableStrategy', 'writableStrategy'];
const strategyExpected = 'a queuing strategy, which is an object';

/** @throws TypeError where the value is no Connection. */
export function checkConnection(value: unknown): asserts value is Connection {
  if (!(value instanceof Connection)) throw invalidType('connection', value, 'a Connection');
}

/** The options of a Duplex; the signal is apart, since it may be aborted before the stream can be destroyed. */
export interface DuplexSettings {
  readonly settings: NodeDuplexOptions;
  readonly signal: AbortSignal | undefined;
}

/** Checks the options of `createDuplex()`. */
export function checkDuplexOptions(options: DuplexOptions): DuplexSettings {
  checkNames('options', options, duplexNames);
  const { allowHalfOpen = false, signal } = options;
  if (allowHalfOpen !== false) {
    throw invalidType('allowHalfOpen', allowHalfOpen, 'false; a WebSocket connection is never half open');
  }
  const settings: NodeDuplexOptions = { allowHalfOpen: false };
  for (const name of booleanNames) {
    const value = options[name];
    if (value !== undefined) settings[name] = checkBoolean(name, value);
  }
  for (const name of markNames) {
    const value = options[name];
    if (value !== undefined)
      settings[name] = checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER, 'bytes or messages');
  }
  for (const name of encodingNames) {
    const value: unknown = options[name];
    if (value !== undefined) settings[name] = checkEncoding(name, value);
  }
  return { settings, signal: signal === undefined ? undefined : checkSignal('signal', signal) };
}

function checkEncoding(name: string, value: unknown): BufferEncoding {
  if (typeof value !== 'string' || !Buffer.isEncoding(value)) throw invalidType(name, value, "an encoding of Node's");
  return value;
}

/** Strategies whose high-water mark is known. */
export interface WebStreamsSettings {
  readonly readable: QueuingStrategy<string | Uint8Array> & { readonly highWaterMark: number };
  readonly writable: QueuingStrategy<Sendable>;
}

/** Checks the options of `createWebStreams()`. */
export function checkWebStreamsOptions(options: WebStreamsOptions): WebStreamsSettings {
  checkNames('options', options, webNames);
  return {
    readable: checkStrategy('readableStrategy', options.readableStrategy, 0),
    writable: checkStrategy('writableStrategy', options.writableStrategy, 1),
  };
}

function checkStrategy<T>(
  name: string,
  value: QueuingStrategy<T> | undefined,
  defaultMark: number,
): QueuingStrategy<T> & { readonly highWaterMark: number } {
  if (value === undefined) return { highWaterMark: defaultMark };
  if (typeof value !== 'object' || value === null) throw invalidType(name, value, strategyExpected);
  // Both may be getters of a prototype.
  const { highWaterMark = defaultMark, size } = value;
  if (typeof highWaterMark !== 'number') throw invalidType(`${name}.highWaterMark`, highWaterMark, 'a number');
  if (!(highWaterMark >= 0)) throw outOfRange(`${name}.highWaterMark is ${highWaterMark}; expected 0 at least`);
  if (size === undefined) return { highWaterMark };
  if (typeof size !== 'function') throw invalidType(`${name}.size`, size, 'a function');
  return { highWaterMark, size };
}
