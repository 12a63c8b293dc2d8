/** What an application may be doing with a connection while it is closed. A table; it asserts nothing. */

import type { Connection } from '../../../lib/connection.js';
import { ConnectionClosed, TimeoutError } from '../../../lib/errors.js';
import type { ConnectOptions } from '../../../lib/options.js';
import type { CloseOutcome } from '../../../lib/types.js';
import { blockLoop } from '../../support/event-loop.js';
import { floodPayload, type Step, sendFragments, sendText, together } from '../../support/scripted-peer.js';
import { UNIT } from '../../support/times.js';
import { closing } from './endings.js';

/** Resolves with the error that tells of the end; undefined where there is none, since the iteration was over. */
type Receive = (connection: Connection, received: (message: unknown) => void) => Promise<unknown>;

export interface Consumer {
  readonly name: string;
  readonly options: ConnectOptions;
  /** What the peer sends as soon as the connection is open. */
  readonly opening: readonly Step[];
  readonly messages: readonly string[];
  /** How many of them are received before the connection is closed. */
  readonly taken: number;
  readonly receive: Receive;
  /** Closes, in one turn of the event loop. */
  readonly close: (connection: Connection) => readonly Promise<CloseOutcome>[];
  /** Milliseconds for which JavaScript is busy from the moment when `close()` was called. */
  readonly blocks: number;
  readonly terminates: boolean;
  /** Whether an end in good order is no error to it. */
  readonly endsQuietly: boolean;
}

const patience = UNIT / 5;
const few = ['one', 'two', 'three'];
/** More than the reader takes in at once, so that the peer's Close lies behind what is not read. */
const many = Array.from({ length: 100 }, (_, i) => floodPayload(i, 1000));

const recv: Receive = (connection, received) => until(async () => received(await connection.recv()));

const recvMany: Receive = (connection, received) =>
  until(async () => {
    for (const message of await connection.recvMany()) received(message);
  });

const recvWithTimeout: Receive = (connection, received) =>
  until(async () => {
    try {
      received(await connection.recv({ timeout: patience }));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  });

const recvWithSignal: Receive = (connection, received) =>
  until(async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), patience);
    try {
      received(await connection.recv({ signal: controller.signal }));
    } catch (error) {
      if (error !== controller.signal.reason) throw error;
    } finally {
      clearTimeout(timer);
    }
  });

const iterate: Receive = async (connection, received) => {
  try {
    for await (const message of connection) received(message);
  } catch (error) {
    return error;
  }
  return undefined;
};

const recvStream: Receive = (connection, received) =>
  until(async () => {
    for await (const fragment of connection.recvStream()) received(fragment);
  });

/** Receives, while a message in fragments waits for its first item; what it rejects with tells of the end. */
const recvWhileSending: Receive = async (connection, received) => {
  const hangs: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  const sent = connection.send(hangs).catch((error: unknown) => error);
  const [error] = await Promise.all([sent, recv(connection, received)]);
  return error;
};

const recvOneThenNothingUntilClosed: Receive = async (connection, received) => {
  received(await connection.recv());
  await connection.closed;
  return recv(connection, received);
};

/** Repeats `receive` until it fails, and resolves with why. */
async function until(receive: () => Promise<void>): Promise<unknown> {
  for (;;) {
    try {
      await receive();
    } catch (error) {
      return error;
    }
  }
}

/** What `recv()` on a connection that has ended rejects with. */
export async function errorOfNextRecv(connection: Connection): Promise<ConnectionClosed> {
  const error = await connection.recv().catch((reason: unknown) => reason);
  if (error instanceof ConnectionClosed) return error;
  throw new Error('recv() on an ended connection did not tell of its end', { cause: error });
}

function close(connection: Connection): Promise<CloseOutcome> {
  return connection.close(closing.code, closing.reason);
}

const plain: Consumer = {
  name: 'recv()',
  options: {},
  opening: few.map(sendText),
  messages: few,
  taken: few.length,
  receive: recv,
  close: (connection) => [close(connection)],
  blocks: 0,
  terminates: false,
  endsQuietly: false,
};

export const consumers: readonly Consumer[] = [
  plain,
  { ...plain, name: 'for await', receive: iterate, endsQuietly: true },
  { ...plain, name: 'recvMany()', receive: recvMany },
  { ...plain, name: 'recv() with a timeout that passes', receive: recvWithTimeout },
  { ...plain, name: 'recv() with a signal that aborts', receive: recvWithSignal },
  {
    ...plain,
    name: 'recvStream()',
    opening: [together(...sendFragments('text', ...few))],
    receive: recvStream,
  },
  { ...plain, name: 'recv() beside send() of an iterable that hangs', receive: recvWhileSending },
  { ...plain, name: 'recv() and close() twice', close: (connection) => [close(connection), connection.close(4000)] },
  {
    ...plain,
    name: 'recv() and terminate() during close()',
    close: (connection) => [close(connection), connection.terminate()],
    terminates: true,
  },
  {
    ...plain,
    name: 'nobody, so that the queue is full,',
    options: { maxQueue: { messages: [8, 2] } },
    opening: [together(...many.map(sendText))],
    messages: many,
    taken: 1,
    receive: recvOneThenNothingUntilClosed,
  },
  { ...plain, name: 'recv() in a thread that is blocked', blocks: 30 * UNIT },
];

/** Keeps JavaScript busy as long as the consumer does. */
export function block({ blocks }: Consumer): void {
  if (blocks > 0) blockLoop(blocks);
}
