// One measurement in a client's process: a warm-up, then a window of fixed length in which messages are counted and
// the JS thread's CPU time is read.

import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Result
 * @property {number} messages In the window.
 * @property {number} seconds Of the window.
 * @property {number | null} cpu Seconds of CPU of the JS thread; null where the system does not tell.
 * @property {number} allMessages Including the warm-up's.
 * @property {number} [p50] Microseconds.
 * @property {number} [p99] Microseconds.
 */

/** How many messages pass between two looks at the clock. */
const STRIDE = 256;

/**
 * Seconds of CPU that the JS thread of this process has used. Of a thread of its own, not the whole process, since
 * the reader works beside it.
 */
export function threadCpu() {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
    return Number(nanoseconds) / 1e9;
  } catch {
    return null;
  }
}

export class Measurement {
  /** All messages so far. */
  messages = 0;
  #bytes = 0;
  #nextLook = 0;
  #warmUp;
  #duration;
  /** @type {number | undefined} */
  #startsAt;
  /** @type {{ at: number, messages: number, cpu: number | null } | undefined} */
  #start;

  /** @param {{ warmUp: number, duration: number }} times Milliseconds; the warm-up begins with the first message. */
  constructor({ warmUp, duration }) {
    this.#warmUp = warmUp;
    this.#duration = duration;
  }

  get started() {
    return this.#start !== undefined;
  }

  /**
   * Counts messages, of a total length so that their contents were looked at. True when the window is over.
   * @param {number} messages
   * @param {number} length
   */
  count(messages, length) {
    this.messages += messages;
    this.#bytes += length;
    return this.messages >= this.#nextLook && this.#look();
  }

  #look() {
    const now = performance.now();
    // Rare messages are looked at one by one: a thousand looks would take longer than the window.
    this.#nextLook = this.messages + (this.messages > 100 * STRIDE ? STRIDE : 1);
    if (this.#start) return now - this.#start.at >= this.#duration;
    this.#startsAt ??= now + this.#warmUp;
    if (now >= this.#startsAt) this.#start = { at: now, messages: this.messages, cpu: threadCpu() };
    return false;
  }

  /** @returns {Result} */
  result() {
    if (!this.#start || this.#bytes === 0) throw new Error('the measurement ended before its window began');
    const cpu = threadCpu();
    return {
      messages: this.messages - this.#start.messages,
      seconds: (performance.now() - this.#start.at) / 1000,
      cpu: cpu === null || this.#start.cpu === null ? null : cpu - this.#start.cpu,
      allMessages: this.messages,
    };
  }
}

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * @param {number[]} values
 * @param {number} q 0 to 1.
 */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  return /** @type {number} */ (sorted[Math.round(q * (sorted.length - 1))]);
}
