/**
 * A raw server, of TCP or a Unix domain socket, that speaks WebSocket exactly as a script tells it, in a thread of its own, and records what the
 * client does. The script's steps are in `peer-steps.ts`.
 *
 * ```ts
 * await using peer = await ScriptedPeer.listen([accept(), sendText('hello'), answerClose()]);
 * const connection = await connect(peer.url);
 * await connection.close();
 * expect(await peer.frames('close')).toHaveLength(1);
 * ```
 */

import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Frame, type FrameParts, type FrameType } from './frames.js';
import type { Ending, Request, Security } from './peer-connection.js';
import type { Script, Step, TlsServerOptions } from './peer-steps.js';
import type { Answer, Calls, Place } from './peer-worker.js';
import { tlsEverywhere } from './tls-everywhere.js';

export * from './peer-steps.js';
export type { Ending, Request };

export interface ListenOptions {
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** The path of a Unix domain socket to listen at instead. */
  readonly path?: string;
  /** Speaks TLS, or never where null. Default: what `tls-everywhere.ts` says, which is nothing but in the project `tls`. */
  readonly tls?: TlsServerOptions | null | undefined;
  /** What the second connection does, the third, and so on; the last script serves all that follow. */
  readonly laterScripts?: readonly Script[];
}

/** One connection as the peer sees it. */
export class PeerSide {
  readonly #peer: number;
  readonly #index: number;

  /** @internal */
  constructor(peer: number, index: number) {
    this.#peer = peer;
    this.#index = index;
  }

  /** Does the steps now, beside the script, and resolves when they are done. */
  async do(...steps: Step[]): Promise<void> {
    await call('run', this.#peer, this.#index, steps);
  }

  /** The opening handshake's request, once its head is complete. */
  request(): Promise<Request> {
    return call('request', this.#peer, this.#index);
  }

  /** What TLS agreed upon, once it is established. */
  security(): Promise<Security> {
    return call('security', this.#peer, this.#index);
  }

  /** The frames received so far, in order, or those of one type. Rejects when the client broke the protocol. */
  async frames(type?: FrameType): Promise<Frame[]> {
    const frames: FrameParts[] = await call('frames', this.#peer, this.#index);
    return frames.filter((frame) => !type || frame.type === type).map((parts) => new Frame(parts));
  }

  /** The next frame, or the next of this type, that neither this nor a step of the script has waited for before. */
  async expectFrame(type?: FrameType): Promise<Frame> {
    return new Frame(await call('expectFrame', this.#peer, this.#index, type));
  }

  /** Bytes that have left the peer, response head included; what waits for the client to read has not. */
  written(): Promise<number> {
    return call('written', this.#peer, this.#index);
  }

  /** Resolves when the client's stream has ended, with how and when. */
  ended(): Promise<Ending> {
    return call('ended', this.#peer, this.#index);
  }

  /** Resolves when the script has come to a `mark`; rejects when the script fails before. */
  reached(mark: string): Promise<void> {
    return call('reached', this.#peer, this.#index, mark);
  }

  /** Resolves when the script is done; rejects when a step failed. */
  async finished(): Promise<void> {
    await call('finished', this.#peer, this.#index);
  }
}

/** The server. What it has of a `PeerSide` concerns its latest connection, and waits for the first. */
export class ScriptedPeer extends PeerSide implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly #peer: number;
  readonly #path: string | undefined;
  readonly #secure: boolean;

  private constructor(peer: number, at: Place, port: number, secure: boolean) {
    super(peer, -1);
    this.#peer = peer;
    this.host = 'path' in at ? 'localhost' : at.host;
    this.port = port;
    this.#path = 'path' in at ? at.path : undefined;
    this.#secure = secure;
  }

  static async listen(script: Script, options: ListenOptions = {}): Promise<ScriptedPeer> {
    const { host = '127.0.0.1', path: socketPath } = options;
    const at = socketPath === undefined ? { host } : { path: socketPath };
    const tls = options.tls === undefined ? tlsEverywhere() : (options.tls ?? undefined);
    const { peer, port } = await call('listen', [script, ...(options.laterScripts ?? [])], at, tls);
    return new ScriptedPeer(peer, at, port, tls !== undefined);
  }

  get url(): string {
    const scheme = this.#secure ? 'wss' : 'ws';
    if (this.#path !== undefined) return `${scheme}+unix:${this.#path}`;
    return `${scheme}://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}/`;
  }

  /** The connection `index`, once it is accepted. */
  async connection(index: number): Promise<PeerSide> {
    await call('accepted', this.#peer, index);
    return new PeerSide(this.#peer, index);
  }

  connectionCount(): Promise<number> {
    return call('connectionCount', this.#peer);
  }

  /** Closes everything at once. Rejects when a client sent what no client may send. */
  stop(): Promise<void> {
    return call('stop', this.#peer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

// One thread serves all peers of a test file.
let worker: Worker | undefined;
let nextCall = 0;
const pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();

function call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): ReturnType<Calls[Name]> {
  worker ??= start();
  const id = nextCall++;
  // An unfinished call keeps the process alive, an idle peer does not.
  worker.ref();
  worker.postMessage({ id, name, args });
  return new Promise((resolve, reject) => pending.set(id, { resolve, reject })) as ReturnType<Calls[Name]>;
}

function start(): Worker {
  // Bundled by vitest's set-up, since Node 20 cannot run TypeScript in a Worker.
  const started = new Worker(path.join(__dirname, '../../build/test-support/peer-worker.mjs'));
  started.unref();
  started.on('message', (answer: Answer) => {
    const { resolve, reject } = pending.get(answer.id)!;
    pending.delete(answer.id);
    if (pending.size === 0) started.unref();
    if ('error' in answer) reject(new Error(`peer: ${answer.error}`));
    else resolve(answer.result);
  });
  started.on('error', (error) => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  });
  return started;
}
