/** An iteration of `reconnect()` over scripted attempts and connections, under fake timers. */

import { vi } from 'vitest';
import type { Connection } from '../../../lib/connection.js';
import { EndOfStream, InvalidStatus, InvalidURL, TransportError } from '../../../lib/errors.js';
import { HeaderList } from '../../../lib/handshake/headers.js';
import { type ReconnectOptions, type Retry, splitReconnectOptions } from '../../../lib/reconnect-options.js';
import { Reconnection } from '../../../lib/reconnection.js';
import type { CloseOutcome } from '../../../lib/types.js';

export const ok: CloseOutcome = {
  code: 1000,
  reason: '',
  wasClean: true,
  receivedFirst: false,
  received: { code: 1000, reason: '' },
  sent: { code: 1000, reason: '' },
};
export const lost: CloseOutcome = {
  code: 1006,
  reason: '',
  wasClean: false,
  receivedFirst: false,
  cause: new EndOfStream('lost'),
};
export const refused = new TransportError('connect ECONNREFUSED', { code: 'ECONNREFUSED' });
export const fatal = new InvalidURL('no');
export const over = { value: undefined, done: true };

/** A refusal of a server that wants to be left alone for a while. */
export function tooMany(retryAfter: string): InvalidStatus {
  return new InvalidStatus({ status: 429, statusText: '', headers: new HeaderList([['Retry-After', retryAfter]]) });
}

/** What there is of a Connection for the iteration. */
export class FakeConnection {
  readonly calls: string[] = [];
  readonly closed: Promise<CloseOutcome>;
  end!: (outcome: CloseOutcome) => void;
  /** Milliseconds that the peer takes to answer a Close. */
  readonly #answersIn: number;

  constructor(answersIn = 0) {
    this.#answersIn = answersIn;
    this.closed = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  close(code = 1000): Promise<CloseOutcome> {
    this.calls.push(`close ${code}`);
    if (this.#answersIn === 0) this.end(ok);
    else setTimeout(() => this.end(ok), this.#answersIn);
    return this.closed;
  }

  terminate(): Promise<CloseOutcome> {
    this.calls.push('terminate');
    this.end(lost);
    return this.closed;
  }
}

/** What an attempt comes to; 'silence' is ended by the signal alone. */
export type Result = Error | FakeConnection | 'silence' | 'deaf';

export interface Started {
  readonly connections: Reconnection;
  /** The times of the attempts, in milliseconds from the start. */
  readonly attempts: number[];
  readonly retries: Retry[];
  readonly abort: AbortController;
  /** The signals that the attempts were given. */
  readonly signals: AbortSignal[];
  /** Lets an attempt that is deaf to its signal succeed. */
  succeed(connection: FakeConnection): void;
}

/** An iteration whose attempts come to these results, one after the other; each wait is the longest there may be. */
export function start(results: readonly Result[], options: ReconnectOptions = {}, random = () => 1): Started {
  const began = performance.now();
  const attempts: number[] = [];
  const retries: Retry[] = [];
  const signals: AbortSignal[] = [];
  const abort = new AbortController();
  let succeed: (connection: Connection) => void = () => {};
  const open = (signal: AbortSignal): Promise<Connection> => {
    const result = results[attempts.length];
    attempts.push(performance.now() - began);
    signals.push(signal);
    if (result instanceof Error) return Promise.reject(result);
    if (result instanceof FakeConnection) return Promise.resolve(result as unknown as Connection);
    return new Promise((resolve, reject) => {
      succeed = resolve;
      if (result === 'silence') signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
  const { retrying } = splitReconnectOptions({
    onRetry: (retry) => {
      retries.push(retry);
    },
    factor: 2,
    ...options,
  });
  const connections = new Reconnection(open, retrying, abort.signal, random);
  return {
    connections,
    attempts,
    retries,
    abort,
    signals,
    succeed: (connection) => succeed(connection as unknown as Connection),
  };
}

/** Everything that needs no time has happened. */
export function settle(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(0);
}
