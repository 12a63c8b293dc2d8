/**
 * The options of a connection's calls, and their checks: `recv`, `recvMany`, `tryRecv` and `send`. The options of
 * `connect()` are in `options.ts`. Knows no connection.
 */

import { checkBoolean, checkNames, checkSignal, invalidType, maxTimeout, outOfRange } from './check.js';

/** How a message is wanted. */
export interface DecodeOptions {
  /**
   * true makes every message a string, binary ones by decoding their UTF-8; false makes every message a Buffer, text
   * by encoding it as UTF-8. A binary message that is not UTF-8 can't be a string: the call fails with a TypeError
   * whose code is `HAWSER_INVALID_UTF8`, and the message stays, to be received otherwise.
   * @default text as strings and binary as Buffers
   */
  readonly decode?: boolean | undefined;
}

/** The options of `recv()`. */
export interface RecvOptions extends DecodeOptions {
  /**
   * Milliseconds to wait before failing with a TimeoutError. 0 takes what is here and never waits; null waits for
   * ever.
   * @default null
   */
  readonly timeout?: number | null | undefined;
  /** Ends the waiting; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of `recvMany()`. */
export interface RecvManyOptions extends RecvOptions {
  /**
   * The most messages to take: 1 at least.
   * @default as many as are here
   */
  readonly max?: number | undefined;
}

/** The options of `send()`. */
export interface SendOptions {
  /**
   * true sends a text message, also from bytes, which have to be UTF-8; false sends a binary one, also from a string,
   * as its UTF-8.
   * @default strings as text, bytes as binary
   */
  readonly text?: boolean | undefined;
  /**
   * Hands the ArrayBuffer behind the bytes over instead of copying it, where it is large and can be transferred. It
   * belongs to hawser then: the call detaches it, and with it every view of it, whatever part of it was sent.
   * @default false
   */
  readonly transfer?: boolean | undefined;
  /**
   * Whether to compress this message, where the connection compresses at all.
   * @default whether it has at least `compression.threshold` bytes; in fragments it is, since nobody knows
   */
  readonly compress?: boolean | undefined;
}

/** The options of `batches()`. */
export interface BatchesOptions {
  /**
   * Whether each message comes with the time at which it was read from the socket.
   * @default false
   */
  readonly timestamps?: boolean | undefined;
}

/** Checked options of a call that receives. */
export interface Reception {
  readonly decode: boolean | undefined;
  /** Milliseconds; Infinity waits for ever. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly max: number;
}

/** What a call without options wants. */
export const plainReception: Reception = {
  decode: undefined,
  timeout: Number.POSITIVE_INFINITY,
  signal: undefined,
  max: Number.POSITIVE_INFINITY,
};

const tryRecvNames = ['decode'] as const;
const recvNames = ['decode', 'timeout', 'signal'] as const;
const recvManyNames = [...recvNames, 'max'] as const;
const sendNames = ['text', 'transfer', 'compress'] as const;

/** Checks the options of `tryRecv()`. */
export function checkDecodeOptions(options: DecodeOptions): Reception {
  return checkReception(options, tryRecvNames);
}

/** Checks the options of `recv()`. */
export function checkRecvOptions(options: RecvOptions): Reception {
  return checkReception(options, recvNames);
}

/** Checks the options of `recvMany()`. */
export function checkRecvManyOptions(options: RecvManyOptions): Reception {
  return checkReception(options, recvManyNames);
}

/** Checks the options of `batches()`. */
export function checkBatchesOptions(options: BatchesOptions): { readonly timestamps: boolean } {
  checkNames('options', options, ['timestamps']);
  const { timestamps = false } = options;
  return { timestamps: checkBoolean('timestamps', timestamps) };
}

/** Checks the options of `send()`. */
export function checkSendOptions(options: SendOptions): SendOptions {
  checkNames('options', options, sendNames);
  const { text, transfer, compress } = options;
  return {
    text: text === undefined ? undefined : checkBoolean('text', text),
    transfer: transfer === undefined ? undefined : checkBoolean('transfer', transfer),
    compress: compress === undefined ? undefined : checkBoolean('compress', compress),
  };
}

function checkReception(options: RecvManyOptions, names: readonly string[]): Reception {
  checkNames('options', options, names);
  const { decode, timeout, signal, max } = options;
  return {
    decode: decode === undefined ? undefined : checkBoolean('decode', decode),
    timeout: checkPatience(timeout),
    signal: signal === undefined ? undefined : checkSignal('signal', signal),
    max: checkMost(max),
  };
}

function checkPatience(timeout: unknown): number {
  if (timeout === undefined || timeout === null) return Number.POSITIVE_INFINITY;
  const expected = `a number of milliseconds from 0 to ${maxTimeout}, or null`;
  if (typeof timeout !== 'number') throw invalidType('timeout', timeout, expected);
  if (!(timeout >= 0 && timeout <= maxTimeout)) throw outOfRange(`timeout is ${timeout}; expected ${expected}`);
  return timeout;
}

function checkMost(max: unknown): number {
  if (max === undefined) return Number.POSITIVE_INFINITY;
  const expected = 'a whole number of messages, 1 at least';
  if (typeof max !== 'number') throw invalidType('max', max, expected);
  if (!(Number.isInteger(max) || max === Number.POSITIVE_INFINITY) || max < 1) {
    throw outOfRange(`max is ${max}; expected ${expected}`);
  }
  return max;
}
