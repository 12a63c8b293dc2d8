/**
 * Nothing that was received is ever lost: whatever ends the connection right behind the messages, and however they are
 * consumed, each of them comes, in order, before the end does, and the end is the right one.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import type { CloseOutcome, Data } from '../../lib/types.js';
import { liveReaders } from '../support/live-readers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { DEADLINE, repeat, rounds, withDeadline } from '../support/times.js';
import {
  closeFrame,
  type Delivery,
  deliveries,
  type Finish,
  type Flood,
  finishes,
  floods,
  scriptOf,
} from './support/floods.js';
import { type Receiver, receivers } from './support/receivers.js';

/** How often each combination is played. */
const ROUNDS = rounds(0.05);

/** How many combinations there are for each receiver and each finish. */
const ALL = floods.length * deliveries.length;

/** One combination of so many is played, others for each receiver and each finish. All are, unless HAWSER_ROUNDS is below 1. */
const STEP = Math.min(floods.length, Math.round(ALL / Math.min(ALL, rounds(1, ALL))));

afterEach(() => expect(liveReaders()).toBe(0));

for (const finish of finishes) {
  describe(`from a peer that ${finish.name}`, () => {
    for (const receiver of receivers) {
      test(`${receiver.name} gets every message, then the end`, async () => {
        const first = 2 * finishes.indexOf(finish) + receivers.indexOf(receiver);
        for (const [i, flood] of floods.entries()) {
          for (const [j, delivery] of deliveries.entries()) {
            if ((first + i + j) % STEP === 0) await receiveRounds({ flood, delivery, finish, receiver });
          }
        }
      });
    }
  });
}

/** A combination of the tables. */
interface Combination {
  readonly flood: Flood;
  readonly delivery: Delivery;
  readonly finish: Finish;
  readonly receiver: Receiver;
}

async function receiveRounds({ flood, delivery, finish, receiver }: Combination): Promise<void> {
  await using peer = await ScriptedPeer.listen(scriptOf(flood, delivery, finish));
  try {
    await repeat(ROUNDS, () => receiveAll(peer, flood, finish, receiver));
  } catch (error) {
    if (error instanceof Error) error.message = `${flood.name} ${delivery.name}: ${error.message}`;
    throw error;
  }
}

async function receiveAll(peer: ScriptedPeer, flood: Flood, finish: Finish, receiver: Receiver): Promise<void> {
  const connection = await connect(peer.url, { ...receiver.options, compression: true });
  const received: Data[] = [];
  const receiving = receiver.receive(connection, received, peer).catch((error: unknown) => error);
  const error = await withDeadline(receiving, DEADLINE, 'the end');
  const outcome = await connection.closed;
  // Rejects where what was to be delivered was not.
  await peer.finished();
  expectAll(received, flood, finish);
  expectEnd(outcome, finish, receiver);
  expectTold(connection, error, outcome, receiver);
}

function expectAll(received: readonly Data[], { messages }: Flood, { loses }: Finish): void {
  const gap = received.findIndex((message, i) => !same(message, messages[i]));
  expect(gap, `the first of ${received.length} messages that is not the one that was sent`).toBe(-1);
  if (!loses) expect(received.length).toBe(messages.length);
}

function same(received: Data, sent: Data | undefined): boolean {
  if (typeof received === 'string') return received === sent;
  return Buffer.isBuffer(sent) && sent.equals(received as Buffer);
}

function expectEnd(outcome: CloseOutcome, { closes, causes }: Finish, receiver: Receiver): void {
  if (closes) {
    expect(outcome).toMatchObject({ ...closeFrame, wasClean: true, received: closeFrame });
    if (!receiver.closes) expect(outcome).toMatchObject({ receivedFirst: true });
  } else {
    expect(outcome).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(outcome.received).toBeUndefined();
    expect(causes).toContain((outcome.cause as { code?: string } | undefined)?.code);
    if (!receiver.closes) expect(outcome.sent).toBeUndefined();
  }
}

function expectTold(connection: Connection, error: unknown, outcome: CloseOutcome, { endsQuietly }: Receiver): void {
  const orderly = outcome.wasClean;
  if (orderly && endsQuietly) {
    expect(error).toBeUndefined();
  } else {
    expect(error).toBeInstanceOf(orderly ? ConnectionClosedOK : ConnectionClosedError);
    expect((error as ConnectionClosed).outcome).toBe(outcome);
  }
  expect(() => connection.tryRecv()).toThrow(ConnectionClosed);
}
