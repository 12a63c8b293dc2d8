/** How opening a connection is given up at every stage: by `signal` or `openTimeout`, at once, and the reader is gone. */

import { getEventListeners } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { TimeoutError } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import * as certificates from '../support/certificates.js';
import { FullListener } from '../support/full-listener.js';
import { liveReaders } from '../support/live-readers.js';
import { rejection } from '../support/opened.js';
import { neverAnswer, respond, type Script, ScriptedPeer, type TlsServerOptions } from '../support/scripted-peer.js';
import { TestProxy } from '../support/test-proxy.js';
import { LONG, MEDIUM, now, until } from '../support/times.js';

/** A connection that will not get beyond a stage. */
interface Stuck {
  readonly url: string;
  readonly options?: ConnectOptions;
  /** Resolves when the stage has begun. */
  begun(): Promise<unknown>;
  /** What a timeout calls the stage; undefined where it ends in another error. */
  readonly named?: string;
}

/** Speaks TLS where it is given how, or null for never. */
async function listen(script: Script, tls?: TlsServerOptions | null): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen(script, { tls });
  onTestFinished(() => peer.stop());
  return peer;
}

async function listenProxy(tls?: TlsServerOptions): Promise<TestProxy> {
  const proxy = await TestProxy.listen(tls === undefined ? {} : { tls });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

const server = (): TlsServerOptions => ({ cert: certificates.server().chain, key: certificates.server().key });
const trusting = () => ({ ca: certificates.ca().cert });
const silent: Script = [neverAnswer()];
const response = 'waiting for handshake response';

const reading = () => until(() => liveReaders() > 0, LONG, 'the reader to begin');

/** What comes before the connection is open, in order. */
const stages: Record<string, () => Stuck | Promise<Stuck>> = {
  'the name is resolved': () => {
    let asked = () => {};
    const begun = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const options = { lookup: () => asked() };
    return { url: 'ws://h.example/', options, begun: () => begun, named: 'resolving h.example' };
  },
  'one address does not answer': async () => {
    const { port } = await listen([]);
    const full = await FullListener.listen('127.0.0.2', port);
    onTestFinished(() => full[Symbol.asyncDispose]());
    return { url: `ws://127.0.0.2:${port}/`, begun: reading, named: `connecting to 127.0.0.2:${port}` };
  },
  'several addresses do not answer': async () => {
    const { port } = await listen([]);
    const addresses = ['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }));
    for (const { address } of addresses) {
      const full = await FullListener.listen(address, port);
      onTestFinished(() => full[Symbol.asyncDispose]());
    }
    const options: ConnectOptions = { lookup: (_h, _o, callback) => callback(null, addresses), attemptDelay: 10 };
    return { url: `ws://h.example:${port}/`, options, begun: reading, named: `connecting to h.example:${port}` };
  },
  'the proxy does not answer TLS': async () => {
    const peer = await listen(silent, null);
    const proxy = `https://127.0.0.1:${peer.port}`;
    const options = { proxy };
    const named = `shaking hands with HTTP proxy ${proxy} for TLS`;
    return { url: 'ws://h.example/', options, begun: () => peer.connection(0), named };
  },
  'the HTTP proxy does not answer': async () => {
    const peer = await listen(silent, null);
    const proxy = `http://127.0.0.1:${peer.port}`;
    const named = `connecting to HTTP proxy ${proxy}`;
    return { url: 'wss://h.example/', options: { proxy }, begun: () => peer.request(), named };
  },
  'the HTTP proxy does not answer over TLS': async () => {
    const peer = await listen(silent, server());
    const proxy = `https://127.0.0.1:${peer.port}`;
    const named = `connecting to HTTP proxy ${proxy}`;
    const options = { proxy, proxyTls: trusting() };
    return { url: 'ws://h.example/', options, begun: () => peer.request(), named };
  },
  'the SOCKS proxy does not answer': async () => {
    const peer = await listen(silent, null);
    const proxy = `socks5h://127.0.0.1:${peer.port}`;
    const named = `connecting to SOCKS proxy ${proxy}`;
    return { url: 'ws://h.example/', options: { proxy }, begun: () => peer.connection(0), named };
  },
  'the server does not answer TLS': async () => {
    const { port, connection } = await onceAccepted(silent);
    const named = `shaking hands with 127.0.0.1:${port} for TLS`;
    return { url: `wss://127.0.0.1:${port}/`, begun: connection, named };
  },
  'the server does not answer TLS through a proxy': async () => {
    const { port, connection } = await onceAccepted(silent);
    const options = { proxy: (await listenProxy()).url('socks5h') };
    const named = `shaking hands with 127.0.0.1:${port} for TLS`;
    return { url: `wss://127.0.0.1:${port}/`, options, begun: connection, named };
  },
  'the server does not answer TLS in TLS': async () => {
    const { port, connection } = await onceAccepted(silent);
    const options = { proxy: (await listenProxy(server())).url('https'), proxyTls: trusting() };
    const named = `shaking hands with 127.0.0.1:${port} for TLS`;
    return { url: `wss://127.0.0.1:${port}/`, options, begun: connection, named };
  },
  'the upgrade is not answered': async () => {
    const peer = await listen(silent);
    return { url: peer.url, begun: () => peer.request(), named: response };
  },
  'the upgrade is not answered over TLS': async () => {
    const peer = await listen(silent, server());
    return { url: peer.url, options: { tls: trusting() }, begun: () => peer.request(), named: response };
  },
  'the upgrade is not answered in TLS in TLS': async () => {
    const peer = await listen(silent, server());
    const proxy = (await listenProxy(server())).url('https');
    const options = { proxy, proxyTls: trusting(), tls: trusting() };
    return { url: peer.url, options, begun: () => peer.request(), named: response };
  },
  'a redirect’s target does not answer TLS': async () => {
    const { port, connection } = await onceAccepted(silent);
    const headers = { Location: `wss://127.0.0.1:${port}/` };
    const { url } = await listen([respond({ status: 307, headers }), neverAnswer()], null);
    return { url, begun: connection, named: `shaking hands with 127.0.0.1:${port} for TLS` };
  },
  'a refusal’s body does not end': async () => {
    const peer = await listen([
      respond({ status: 503, headers: { 'Content-Length': '10' }, body: 'x' }),
      neverAnswer(),
    ]);
    return { url: peer.url, begun: () => peer.request() };
  },
};

/** A port that takes connections and does not speak TLS. */
async function onceAccepted(script: Script) {
  const peer = await listen(script, null);
  return { port: peer.port, connection: () => peer.connection(0) };
}

describe('a signal aborts at once', () => {
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
});

describe('openTimeout ends it and names the stage', () => {
  test.each(Object.keys(stages))('while %s', async (stage) => {
    const { url, options, named } = await stages[stage]!();
    // The stage has to be reached before, on a busy machine as well.
    const openTimeout = (stage.includes('TLS in TLS') ? 8 : 3) * MEDIUM;
    const began = now();
    const error = await rejection<Error>(connect(url, { ...options, openTimeout }));
    const took = now() - began;
    expect(liveReaders()).toBe(0);
    expect(took).toBeGreaterThanOrEqual(openTimeout - 2);
    expect(took).toBeLessThan(openTimeout + LONG);
    if (named === undefined) return expect(error).toMatchObject({ code: 'HAWSER_INVALID_STATUS' });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain(`timed out while ${named}; openTimeout is ${openTimeout} ms`);
  });
});
