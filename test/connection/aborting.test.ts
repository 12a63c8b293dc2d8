/** `signal` at every stage of opening a connection: at once, with its reason, and the reader is gone. */

import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { ConnectOptions } from '../../lib/options.js';
import { FullListener } from '../support/full-listener.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { neverAnswer, respond, type Script, ScriptedPeer } from '../support/scripted-peer.js';
import { LONG, now, until } from '../support/times.js';

/** A connection that will not get beyond a stage. */
interface Stuck {
  readonly url: string;
  readonly options?: ConnectOptions;
  /** Resolves when the stage has begun. */
  begun(): Promise<unknown>;
}

async function listen(script: Script): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(script);
  onTestFinished(() => peer.stop());
  return peer;
}

const reading = () => until(() => liveReaders() > 0, LONG, 'the reader to begin');

/** What comes before the connection is open, in order. */
const stages: Record<string, () => Stuck | Promise<Stuck>> = {
  'the name is resolved': () => {
    let asked = () => {};
    const begun = new Promise<void>((resolve) => {
      asked = resolve;
    });
    return { url: 'ws://h.example/', options: { lookup: () => asked() }, begun: () => begun };
  },
  'one address does not answer': async () => {
    const { port } = await listen([]);
    const full = await FullListener.listen('127.0.0.2', port);
    onTestFinished(() => full[Symbol.asyncDispose]());
    return { url: `ws://127.0.0.2:${port}/`, begun: reading };
  },
  'several addresses do not answer': async () => {
    const { port } = await listen([]);
    const addresses = ['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }));
    for (const { address } of addresses) {
      const full = await FullListener.listen(address, port);
      onTestFinished(() => full[Symbol.asyncDispose]());
    }
    const options: ConnectOptions = { lookup: (_h, _o, callback) => callback(null, addresses), attemptDelay: 10 };
    return { url: `ws://h.example:${port}/`, options, begun: reading };
  },
  'the upgrade is not answered': async () => {
    const peer = await listen([neverAnswer()]);
    return { url: peer.url, begun: () => peer.request() };
  },
  'a refusal’s body does not end': async () => {
    const peer = await listen([
      respond({ status: 503, headers: { 'Content-Length': '10' }, body: 'x' }),
      neverAnswer(),
    ]);
    return { url: peer.url, begun: () => peer.request() };
  },
};

test.each(Object.keys(stages))('while %s', async (stage) => {
  const { url, options, begun } = await stages[stage]!();
  const abort = new AbortController();
  const reason = new Error('changed my mind');
  const connecting = rejection<Error>(connect(url, { ...options, openTimeout: null, signal: abort.signal }));
  await begun();
  const aborted = now();
  abort.abort(reason);
  expect(await connecting).toBe(reason);
  expect(liveReaders()).toBe(0);
  expect(now() - aborted).toBeLessThan(LONG);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});
