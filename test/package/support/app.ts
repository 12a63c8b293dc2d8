/**
 * An application of somebody else: a folder outside the repository, in which programs run without a compiler and without
 * what this process's environment would tell them.
 */

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { DEADLINE } from '../../support/times.js';
import { tarball } from './tarball.js';
import { node24 } from './tools.js';

export interface RunOptions {
  /** The Node that runs it; that of the tests by default. */
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program has written, both streams in the order in which they came. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class App implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'hawser-app-'));

  /** An empty folder but for package.json and these files. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    this.write({ 'package.json': '{ "name": "app", "version": "1.0.0", "private": true }\n', ...files });
    mkdirSync(path.join(this.folder, 'home'));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
      writeFileSync(path.join(this.folder, name), text);
    }
  }

  /** Puts the tarball into the folder. */
  addTarball(): void {
    copyFileSync(tarball, path.join(this.folder, path.basename(tarball)));
  }

  /** Puts the package where every manager with a node_modules folder has it in the end. */
  async unpackHawser(): Promise<void> {
    const folder = path.join(this.folder, 'node_modules/hawser');
    mkdirSync(folder, { recursive: true });
    await this.#spawn('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], process.env);
  }

  /** Lets the application have one of the tools as if it had installed it. */
  link(name: string, folder: string): void {
    const link = path.join(this.folder, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(folder, link);
  }

  /** Runs Node, which has to exit with 0. Resolves with what it has written. */
  async node(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, output } = await this.tryNode(args, options);
    if (code !== 0) throw new Error(`node ${args.join(' ')} exited with ${code}:\n${output}`);
    return output;
  }

  async tryNode(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.run(options.node ?? process.execPath, args, options);
  }

  /** Runs any program. In its path there is Node and nothing else. */
  run(
    program: string,
    args: readonly string[],
    { node = process.execPath, env = {} }: RunOptions = {},
  ): Promise<Ended> {
    const bin = path.join(this.folder, 'home', node === node24 ? 'bin-24' : 'bin');
    mkdirSync(bin, { recursive: true });
    try {
      symlinkSync(node, path.join(bin, 'node'));
    } catch {} // there already
    return this.#spawn(program, args, {
      PATH: bin,
      HOME: path.join(this.folder, 'home'),
      NODE_NO_WARNINGS: '1',
      NO_COLOR: '1',
      CI: '1',
      ...env,
    });
  }

  #spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
    const child = spawn(program, args, {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 6 * DEADLINE,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
  }
}
