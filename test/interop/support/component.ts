/**
 * Starts what stands between a client and its server: terminators of TLS and proxies. Each has a folder of its own for
 * its settings, keys and temporary files, which goes with it, and may listen on several ports. Knows none of them.
 */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import * as path from 'node:path';
import { onTestFailed } from 'vitest';
import { type Command, freePort, Server } from './server.js';

/** Where a component is set up. */
export class Site<Port extends string> {
  /** All of 127.0.0.1. */
  readonly ports: Readonly<Record<Port, number>>;
  readonly folder: string;

  constructor(folder: string, ports: Readonly<Record<Port, number>>) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Writes a file to the folder. Returns its path. */
  file(name: string, content: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }
}

/** What sets a component up and says how to run it in the foreground. It listens on `ports` when it is ready. */
export interface Setup<Port extends string> {
  readonly ports: readonly [Port, ...Port[]];
  readonly command: (site: Site<Port>) => Command;
}

export class Component<Port extends string> {
  readonly ports: Readonly<Record<Port, number>>;
  readonly #site: Site<Port>;
  readonly #server: Server;

  private constructor(site: Site<Port>, server: Server) {
    this.ports = site.ports;
    this.#site = site;
    this.#server = server;
  }

  /** Resolves once it accepts connections at the first of its ports. */
  static async start<Port extends string>(setup: Setup<Port>): Promise<Component<Port>> {
    const folder = mkdtempSync(path.join(tmpdir(), 'hawser-interop-'));
    // Some components read as a user of their own.
    chmodSync(folder, 0o755);
    try {
      const ports: [string, number][] = [];
      for (const name of setup.ports) ports.push([name, await freePort()]);
      const site = new Site(folder, Object.fromEntries(ports) as Record<Port, number>);
      const server = await Server.start(setup.command(site), site.ports[setup.ports[0]]);
      return new Component(site, server);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Shows what the component said where the test that runs fails. */
  explains(): void {
    onTestFailed(() => console.error(this.#server.log));
  }

  /** Ends it at once, as a crash would: its connections end without a word. */
  async kill(): Promise<void> {
    await this.#server.kill();
    rmSync(this.#site.folder, { recursive: true, force: true });
  }
}

/** The user that runs the tests, for components that change theirs where they can. */
export const user = userInfo().username;
