/**
 * The promise of `recv()` and `close()`, for one way of ending, with every consumer and with a delay in every window
 * between the two threads: what arrived is received in order, then both tell the same final outcome, in time, and the
 * reader has ended when either settles.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../../lib/connect.js';
import type { Connection } from '../../../lib/connection.js';
import type { ConnectionClosed } from '../../../lib/errors.js';
import type { CloseOutcome } from '../../../lib/types.js';
import { liveReaders } from '../../support/live-readers.js';
import { accept, ScriptedPeer } from '../../support/scripted-peer.js';
import { DEADLINE, LONG, MARGIN, now, SHORT, TIMED_ROUNDS, UNIT, withDeadline } from '../../support/times.js';
import { block, type Consumer, consumers, errorOfNextRecv } from './consumers.js';
import { delayReaders, type TestPoint } from './delays.js';
import { type End, type Ending, terminated } from './endings.js';

interface Hook {
  readonly name: string;
  readonly delays: Readonly<Partial<Record<TestPoint, number>>>;
  /** How many milliseconds later a connection may end on its account. */
  readonly lateness: number;
  /** Whether JavaScript spends the delay in waiting for the reader, so that it holds up other connections too. */
  readonly blocks: boolean;
}

/** How many connections end side by side where most of the time is spent waiting. */
const waveSize = 25;

const hooks: readonly Hook[] = [
  { name: 'not delayed', delays: {}, lateness: 0, blocks: false },
  ...(['before-end-of-stream', 'after-close-command', 'before-announce'] as const).map((point) => ({
    name: `delayed ${point}`,
    delays: { [point]: SHORT },
    lateness: SHORT,
    blocks: false,
  })),
  {
    name: 'delayed before-return',
    delays: { 'before-return': UNIT / 2 },
    lateness: UNIT * waveSize,
    blocks: true,
  },
];

/** A combination of the table. */
interface Combination {
  readonly ending: Ending;
  readonly consumer: Consumer;
  readonly hook: Hook;
}

/** How one connection ended, as its application saw it. */
interface Sighting {
  readonly connection: Connection;
  readonly received: readonly unknown[];
  /** What receiving ended with. */
  readonly error: unknown;
  readonly outcomes: readonly CloseOutcome[];
  /** How many readers were alive, besides those of connections still open, whenever one of its calls settled. */
  readonly leftOver: readonly number[];
  /** Milliseconds until the last of its calls settled. */
  readonly elapsed: number;
}

/** Defines a test for each hook and consumer. */
export function promiseTests(ending: Ending): void {
  afterEach(() => {
    delayReaders({});
    expect(liveReaders()).toBe(0);
  });

  for (const hook of hooks) {
    describe(`with the reader ${hook.name}`, () => {
      for (const consumer of consumers) {
        test(`${consumer.name} gets what arrived, then the end that close() tells`, async () => {
          await keepsPromise({ ending, consumer, hook });
        });
      }
    });
  }
}

async function keepsPromise(combination: Combination): Promise<void> {
  const { ending, consumer, hook } = combination;
  await using peer = await ScriptedPeer.listen([accept(), ...consumer.opening, ...ending.script]);
  delayReaders(hook.delays);
  const size = sideBySide(combination);
  const elapsed: number[] = [];
  for (let left = TIMED_ROUNDS; left > 0; left -= size) {
    for (const sighting of await wave(peer, combination, Math.min(size, left))) {
      await check(sighting, combination);
      elapsed.push(sighting.elapsed);
    }
  }
  const patience = patienceWith(combination);
  expect(Math.min(...elapsed)).toBeLessThan(patience + MARGIN);
  // A busy machine may be late now and then; nothing may wait for the timeout of a peer that does its part.
  expect(Math.max(...elapsed)).toBeLessThan(patience + LONG / 2);
}

/** Milliseconds. A terminated connection does not wait for the peer, so it may be told to. */
function closeTimeout({ ending, consumer }: Combination): number {
  return consumer.terminates ? LONG : ending.closeTimeout;
}

/** Alone is stricter, since no reader at all may be left then. */
function sideBySide(combination: Combination): number {
  const { consumer, hook } = combination;
  const waitsForTimeout = closeTimeout(combination) < LONG;
  const waitsForHook = hook.lateness > 0 && !hook.blocks;
  return waitsForTimeout || waitsForHook || consumer.blocks > 0 ? waveSize : 1;
}

/** Opens connections, waits until each of them is being received from, and closes them all in one turn. */
async function wave(peer: ScriptedPeer, combination: Combination, size: number): Promise<Sighting[]> {
  const { consumer } = combination;
  const options = { closeTimeout: closeTimeout(combination), ...consumer.options };
  const connections = await Promise.all(Array.from({ length: size }, () => connect(peer.url, options)));
  const open = new Set(connections);
  const receptions = connections.map((connection) => receive(connection, consumer));
  await Promise.all(receptions.map(({ waiting }) => waiting));
  const start = now();
  const sightings = receptions.map((reception) => watch(reception, consumer, open, start));
  block(consumer);
  return withDeadline(Promise.all(sightings), DEADLINE, 'everything settles');
}

interface Reception {
  readonly connection: Connection;
  readonly received: readonly unknown[];
  /** Resolves when the consumer has what it takes before the close, and waits for more. */
  readonly waiting: Promise<void>;
  readonly ended: Promise<unknown>;
}

function receive(connection: Connection, consumer: Consumer): Reception {
  const received: unknown[] = [];
  let wait!: () => void;
  const waiting = new Promise<void>((resolve) => {
    wait = resolve;
  });
  const ended = consumer.receive(connection, (message) => {
    received.push(message);
    if (received.length === consumer.taken) wait();
  });
  return { connection, received, waiting, ended };
}

/** Closes, and looks at what is left of the readers in the very moment in which anything settles. */
async function watch(
  { connection, received, ended }: Reception,
  consumer: Consumer,
  open: Set<Connection>,
  start: number,
): Promise<Sighting> {
  const leftOver: number[] = [];
  const look = <T>(result: T): T => {
    open.delete(connection);
    leftOver.push(Math.max(0, liveReaders() - open.size));
    return result;
  };
  const closing = consumer.close(connection).map((outcome) => outcome.then(look));
  const [error, ...outcomes] = await Promise.all([ended.then(look), ...closing, connection.closed.then(look)]);
  return { connection, received, error, outcomes, leftOver, elapsed: now() - start };
}

async function check(sighting: Sighting, combination: Combination): Promise<void> {
  checkMessages(sighting, combination);
  await checkEnd(sighting, combination);
  expect(Math.max(...sighting.leftOver)).toBe(0);
}

function checkMessages({ received }: Sighting, { ending, consumer }: Combination): void {
  const sent = [...consumer.messages, ...ending.messages];
  const arrived = ending.loses || consumer.terminates ? Math.max(received.length, consumer.taken) : sent.length;
  expect(received).toEqual(sent.slice(0, arrived));
}

async function checkEnd({ connection, error, outcomes }: Sighting, { ending, consumer }: Combination): Promise<void> {
  const [outcome] = outcomes as [CloseOutcome];
  for (const other of outcomes) expect(other).toBe(outcome);
  const final = await errorOfNextRecv(connection);
  const end = describeEnd(final);
  const early = consumer.terminates && end.cause === 'HAWSER_TERMINATED';
  expect(end).toEqual(early ? terminated(ending.end, end.received !== undefined) : ending.end);
  expect(final.outcome).toBe(outcome);
  const quiet = consumer.endsQuietly && end.error === 'ConnectionClosedOK';
  expect(error).toStrictEqual(quiet ? undefined : final);
}

function describeEnd(error: ConnectionClosed): End {
  const { code, reason, wasClean, receivedFirst, sent, received, cause } = error.outcome;
  expect(error.cause).toBe(cause);
  return {
    error: error.constructor.name,
    code,
    reason,
    wasClean,
    receivedFirst,
    sent,
    received,
    cause: (cause as { code?: string } | undefined)?.code,
  };
}

/** Milliseconds in which everything settles if nothing is late. */
function patienceWith(combination: Combination): number {
  const { consumer, hook } = combination;
  const timeout = closeTimeout(combination);
  return (timeout < LONG ? timeout : 0) + consumer.blocks + hook.lateness;
}
