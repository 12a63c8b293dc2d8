/** What a connection counts, as users see it. Counting is the reader's; nothing here costs anything per message. */

import type { NativeStats } from './native.js';

/** What went over a connection in one direction. */
export interface TrafficStats {
  /** Whole messages. */
  readonly messages: number;
  /** Bytes of their payloads, not compressed; of one in fragments the fragments so far count. */
  readonly messageBytes: number;
  /** Bytes of the socket, with frame headers, control frames and the opening handshake, as they were compressed. */
  readonly wireBytes: number;
  /** How many frames of each kind. */
  readonly frames: {
    readonly text: number;
    readonly binary: number;
    readonly continuation: number;
    readonly close: number;
    readonly ping: number;
    readonly pong: number;
  };
}

/** What a connection has counted. */
export interface ConnectionStats {
  readonly received: TrafficStats;
  readonly sent: TrafficStats;
  /** What was received and not consumed. Fragments count as messages here. */
  readonly queue: {
    readonly messages: number;
    readonly bytes: number;
    /** The most bytes that there ever were. */
    readonly mostBytes: number;
    /** How many times a high mark of `maxQueue` stopped the reading. */
    readonly highWaterHits: number;
    /** Milliseconds for which it was stopped. */
    readonly pausedTime: number;
  };
  /** What was handed to JavaScript at a time. */
  readonly batches: {
    readonly count: number;
    /** Messages in all of them; fragments count as messages here. */
    readonly messages: number;
    readonly largest: number;
  };
  /** How many times JavaScript was to be woken; several may have become one. */
  readonly wakes: number;
  /** Milliseconds that the last ping took to be answered; 0 before the first. */
  readonly latency: number;
  /** Milliseconds of a processor that the reader's thread has used. */
  readonly readerCpuTime: number;
}

export function connectionStats(native: NativeStats): ConnectionStats {
  return {
    received: native.received,
    sent: native.sent,
    queue: {
      messages: native.queuedMessages,
      bytes: native.queuedBytes,
      mostBytes: native.mostQueuedBytes,
      highWaterHits: native.pauses,
      pausedTime: native.pausedTime,
    },
    batches: { count: native.batches, messages: native.batchedMessages, largest: native.largestBatch },
    wakes: native.wakes,
    latency: native.latency,
    readerCpuTime: native.readerCpuTime,
  };
}
