/** Peers of one test that open no connection, or not at once, and what connecting to them rejects with. */

import { expect, onTestFinished } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { HawserError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { liveReaders } from './live-readers.js';
import { rejection } from './opened.js';
import { type Script, ScriptedPeer } from './scripted-peer.js';
import { now } from './times.js';

/** A peer for one test, after which no reader may be left. Its connections do these scripts, one after the other. */
export async function listen(...[first = [], ...laterScripts]: Script[]): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(first, { laterScripts });
  onTestFinished(async () => {
    expect(liveReaders()).toBe(0);
    await peer.stop();
  });
  return peer;
}

/** What connecting to a URL rejects with. The reader has ended by then. */
export async function refusedBy<E = HawserError>(url: string, options?: ConnectOptions): Promise<E> {
  return rejection<E>(
    connect(url, options).finally(() => {
      expect(liveReaders()).toBe(0);
    }),
  );
}

/** What connecting to a peer with a script rejects with. The reader has ended by then. */
export async function refused<E = HawserError>(script: Script, options?: ConnectOptions): Promise<E> {
  return refusedBy<E>((await listen(script)).url, options);
}

/** What a promise brings, and how many milliseconds that took. */
export async function timed<T>(promise: Promise<T>): Promise<{ value: T; took: number }> {
  const began = now();
  return { value: await promise, took: now() - began };
}

/** The head of a response that is no acceptance. */
export const head = (status: string, ...headers: string[]): string =>
  `HTTP/1.1 ${status}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
