/**
 * Starts one of the servers, waits until it listens, keeps what it says for the failures, and ends it with all its
 * children: by its process group when asked to, and by the kernel when the process that runs the tests goes first.
 * Knows nothing of WebSocket.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import * as net from 'node:net';
import * as path from 'node:path';
import { DEADLINE, now, sleep, UNIT } from '../../support/times.js';

/** What to run, in the folder of the interop tests. */
export type Command = readonly [program: string, ...args: string[]];

/** How a server is started: one that says `listening on PORT`, or one that is told where to listen. */
export type Start = Command | ((port: number) => Command);

const folder = path.join(__dirname, '..');

export class Server {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #log: string[];
  readonly #exited: Promise<void>;

  private constructor(port: number, running: Running) {
    this.port = port;
    this.#child = running.child;
    this.#log = running.log;
    this.#exited = running.exited;
  }

  /**
   * Resolves once the server accepts connections: at the port that it was told or, where that is not given, says. What it
   * says of its own accord goes to its log.
   */
  static async start(start: Start, at?: number): Promise<Server> {
    if (typeof start !== 'function' && at === undefined) {
      const running = run(start);
      return new Server(await announcedPort(running), running);
    }
    const port = at ?? (await freePort());
    const running = run(typeof start === 'function' ? start(port) : start);
    await accepting(port, running);
    return new Server(port, running);
  }

  /** What the server has written, for the message of a failure. */
  get log(): string {
    return this.#log.join('');
  }

  /** Ends the server at once, as a crash would. Resolves when its process is gone. */
  async kill(): Promise<void> {
    killGroup(this.#child);
    await this.#exited;
  }
}

interface Running {
  readonly command: Command;
  readonly child: ChildProcess;
  readonly log: string[];
  readonly exited: Promise<void>;
}

function run(command: Command): Running {
  // A group of its own, so that children end with it; a death signal, so that it ends if the tests can't end it.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => log.push(text));
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      log.push(error.message);
      resolve();
    });
    child.once('exit', () => resolve());
  });
  return { command, child, log, exited };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}

async function announcedPort(running: Running): Promise<number> {
  const announcement = /^listening on (\d+)$/m;
  return waitFor(running, async () => {
    const [, port] = announcement.exec(running.log.join('')) ?? [];
    return port === undefined ? undefined : Number(port);
  });
}

async function accepting(port: number, running: Running): Promise<void> {
  await waitFor(running, async () => ((await accepts(port)) ? true : undefined));
}

/** Looks again and again until there is something; a server that exits or takes too long fails with its log. */
async function waitFor<T>(running: Running, look: () => Promise<T | undefined>): Promise<T> {
  const { child, command, log } = running;
  let ended = false;
  running.exited.then(() => {
    ended = true;
  });
  // Before the hook or the test that waits for it is given up, which would not show the log.
  const deadline = now() + DEADLINE / 2;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (ended || now() > deadline) {
      killGroup(child);
      throw new Error(`${command.join(' ')} ${ended ? 'ended' : 'does not listen'}:\n${log.join('')}`);
    }
    await sleep(UNIT / 2);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A port that nobody listens on, for servers that can't choose one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
