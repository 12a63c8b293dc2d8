/**
 * The thread of all scripted peers of a test file: servers on 127.0.0.1 that go on while the test's own thread is
 * blocked. Answers the calls of `scripted-peer.ts`; frames stay here until a test asks for them, so that recording
 * costs the test's event loop nothing.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import { parentPort } from 'node:worker_threads';
import type { FrameType } from './frames.js';
import { PeerConnection } from './peer-connection.js';
import type { Script, TlsServerOptions } from './peer-steps.js';

/** Where a server listens: at a free port of an address, or at the path of a Unix domain socket. */
export type Place = { readonly host: string } | { readonly path: string };

interface Peer {
  readonly server: Server;
  readonly connections: PeerConnection[];
  readonly stopped: AbortController;
}

const peers = new Map<number, Peer>();
let nextPeer = 0;

const calls = {
  async listen(scripts: readonly Script[], at: Place, tls?: TlsServerOptions) {
    const connections: PeerConnection[] = [];
    // One for all connections: it has the keys of their session tickets.
    // Servers that ask for certificates resume no session that has no context's name.
    const context = tls && {
      ...tls,
      isServer: true,
      secureContext: createSecureContext({ ...tls, sessionIdContext: 'peer' }),
    };
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const script = scripts[Math.min(connections.length, scripts.length - 1)] ?? [];
      connections.push(new PeerConnection(socket, script, context));
      server.emit('accepted');
    });
    server.listen('path' in at ? at : { ...at, port: 0 });
    await once(server, 'listening');
    const peer = nextPeer++;
    peers.set(peer, { server, connections, stopped: new AbortController() });
    return { peer, port: 'path' in at ? 0 : (server.address() as AddressInfo).port };
  },

  /** Says what a client did that no client may do. */
  async stop(peer: number) {
    const { server, connections, stopped } = peerOf(peer);
    peers.delete(peer);
    server.close();
    stopped.abort();
    for (const connection of connections) connection.destroy();
    const failure = connections.find((connection) => connection.failure)?.failure;
    if (failure) throw failure;
  },

  async connectionCount(peer: number) {
    return peerOf(peer).connections.length;
  },
  async accepted(peer: number, index: number) {
    await connectionOf(peer, index);
  },
  async request(peer: number, index: number) {
    return (await connectionOf(peer, index)).request();
  },
  async security(peer: number, index: number) {
    return (await connectionOf(peer, index)).security();
  },
  async frames(peer: number, index: number) {
    const { failure, frames } = await connectionOf(peer, index);
    if (failure) throw failure;
    return frames;
  },
  async expectFrame(peer: number, index: number, type?: FrameType) {
    return (await connectionOf(peer, index)).expectFrame(type);
  },
  async written(peer: number, index: number) {
    return (await connectionOf(peer, index)).written;
  },
  async ended(peer: number, index: number) {
    return (await connectionOf(peer, index)).ended();
  },
  async reached(peer: number, index: number, mark: string) {
    return (await connectionOf(peer, index)).reached(mark);
  },
  async finished(peer: number, index: number) {
    return (await connectionOf(peer, index)).script;
  },
  async run(peer: number, index: number, steps: Script) {
    return (await connectionOf(peer, index)).run(steps);
  },
};

function peerOf(id: number): Peer {
  const peer = peers.get(id);
  if (!peer) throw new Error('stopped');
  return peer;
}

/** The connection `index`, -1 the latest, once there is one. */
async function connectionOf(peer: number, index: number): Promise<PeerConnection> {
  const { server, connections, stopped } = peerOf(peer);
  for (;;) {
    const connection = connections.at(index);
    if (connection) return connection;
    await once(server, 'accepted', { signal: stopped.signal });
  }
}

export type Calls = typeof calls;
export interface Call {
  readonly id: number;
  readonly name: keyof Calls;
  readonly args: readonly unknown[];
}
export type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

parentPort!.on('message', async ({ id, name, args }: Call) => {
  let answer: Answer;
  try {
    const call = calls[name] as (...args: readonly unknown[]) => Promise<unknown>;
    answer = { id, result: await call(...args) };
  } catch (error) {
    answer = { id, error: (error as Error).message };
  }
  parentPort!.postMessage(answer);
});
