/** Every way to receive all that comes until the end. A table; it asserts nothing. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection } from '../../../lib/connection.js';
import type { ConnectOptions } from '../../../lib/options.js';
import type { Data } from '../../../lib/types.js';
import type { PeerSide } from '../../support/scripted-peer.js';

export interface Receiver {
  readonly name: string;
  readonly options: ConnectOptions;
  /** Resolves when there is no more; rejects with the error that tells of the end, where one does. */
  readonly receive: (connection: Connection, received: Data[], peer: PeerSide) => Promise<void>;
  /** Whether an end in good order is no error to it. */
  readonly endsQuietly?: boolean;
  /** Whether it calls `close()`. */
  readonly closes?: boolean;
}

/** So little that the reader pauses, again and again, with the rest in the kernel's buffer. */
const tight: ConnectOptions = { maxQueue: { messages: [8, 2] } };

async function recv(connection: Connection, received: Data[]): Promise<void> {
  for (;;) received.push(await connection.recv());
}

async function iterate(connection: Connection, received: Data[]): Promise<void> {
  for await (const message of connection) received.push(message);
}

async function stream(connection: Connection, received: Data[]): Promise<void> {
  for (;;) {
    const pieces: Data[] = [];
    for await (const piece of connection.recvStream()) pieces.push(piece);
    received.push(typeof pieces[0] === 'string' ? pieces.join('') : Buffer.concat(pieces as Buffer[]));
  }
}

export const receivers: readonly Receiver[] = [
  { name: 'recv()', options: {}, receive: recv },
  { name: 'for await', options: {}, receive: iterate, endsQuietly: true },
  {
    name: 'batches()',
    options: {},
    async receive(connection, received) {
      for await (const messages of connection.batches()) received.push(...messages);
    },
    endsQuietly: true,
  },
  {
    name: 'recvMany()',
    options: tight,
    async receive(connection, received) {
      for (;;) received.push(...(await connection.recvMany({ max: 7 })));
    },
  },
  { name: 'recvStream()', options: {}, receive: stream },
  { name: 'recvStream() with a queue that is full', options: tight, receive: stream },
  {
    name: 'tryRecv(), which begins when the connection has ended,',
    options: {},
    async receive(connection, received) {
      await connection.closed;
      for (let message = connection.tryRecv(); message !== undefined; message = connection.tryRecv()) {
        received.push(message);
      }
    },
  },
  {
    name: 'recv() that begins when all was sent, with a queue that is full,',
    options: tight,
    async receive(connection, received, peer) {
      await peer.reached('sent');
      await recv(connection, received);
    },
  },
  {
    name: 'recv() that takes its time, with a queue that is full,',
    options: tight,
    async receive(connection, received) {
      for (;;) {
        received.push(await connection.recv());
        await nextTurn();
      }
    },
  },
  {
    name: 'for await, with close() at once,',
    options: {},
    async receive(connection, received) {
      void connection.close();
      await iterate(connection, received);
    },
    endsQuietly: true,
    closes: true,
  },
  {
    name: 'recv(), with close() after the first message and a queue that is full,',
    options: tight,
    async receive(connection, received) {
      received.push(await connection.recv());
      void connection.close();
      await recv(connection, received);
    },
    closes: true,
  },
];
