/** Connections to scripted peers of their own, for one test each: both end with it. */

import { expect, onTestFinished } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import type { ConnectionClosed, HawserError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import type { CloseOutcome } from '../../lib/types.js';
import { liveReaders } from './live-readers.js';
import { accept, type Script, ScriptedPeer } from './scripted-peer.js';

export interface Opened {
  readonly connection: Connection;
  readonly peer: ScriptedPeer;
}

/** Connections of the test that have not been ended by it. */
let openConnections = 0;

/**
 * A connection to a peer that has accepted it and does the script. After the test it is terminated, no reader may be
 * left, and the peer tells of anything that no client may do.
 */
export async function open(script: Script = [], options?: ConnectOptions): Promise<Opened> {
  return openRaw([accept(), ...script], options);
}

/** As `open`, where the script accepts. */
export async function openRaw(script: Script, options?: ConnectOptions): Promise<Opened> {
  const peer = await ScriptedPeer.listen(script);
  onTestFinished(() => peer.stop());
  const connection = await connect(peer.url, options);
  openConnections++;
  // Before the peer stops: what is registered last is called first.
  onTestFinished(async () => {
    await connection.terminate();
    expect(liveReaders()).toBeLessThanOrEqual(--openConnections);
  });
  return { connection, peer };
}

/** What a promise rejects with. */
export async function rejection<E = HawserError>(promise: Promise<unknown>): Promise<E> {
  return promise.then(
    (value) => expect.unreachable(`resolved with ${String(value)}`),
    (error) => error,
  );
}

/** What the next `recv` rejects with, which is the end of the connection. */
export function ending(connection: Connection): Promise<ConnectionClosed> {
  return rejection<ConnectionClosed>(connection.recv());
}

/** An outcome without its cause, in the words of its error: how it ended, and nothing else. */
export function inWords(outcome: CloseOutcome): string {
  const { sent, received, receivedFirst } = outcome;
  const frames = receivedFirst ? [`received ${received?.code}`] : [];
  if (sent) frames.push(`sent ${sent.code}`);
  if (received && !receivedFirst) frames.push(`received ${received.code}`);
  return frames.join(', ') || 'nothing';
}
