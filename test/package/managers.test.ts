import { readdirSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptedPeer } from '../support/scripted-peer.js';
import { App } from './support/app.js';
import { cjs, esm, listen, RESULT } from './support/programs.js';
import { packed } from './support/tarball.js';
import { node24, tool } from './support/tools.js';

const node20 = process.execPath;
const file = `./${packed.filename}`;

interface Manager {
  readonly name: string;
  /** Which Node it runs with. */
  readonly node: string;
  /** A file of the tools; one that is no JavaScript runs by itself. */
  readonly program: string;
  readonly install: readonly string[];
  /** What `install` has besides where no script may run, even if it were one that is allowed. */
  readonly ignoringScripts: readonly string[];
  /** What the application has before. */
  readonly files?: Readonly<Record<string, string>>;
  /** Flags with which Node finds modules where there is no folder of them. */
  readonly finder?: readonly string[];
}

const pnpm = (version: number, node: string, program: string): Manager => ({
  name: `pnpm ${version}`,
  node,
  program,
  install: ['add', '--offline', '--store-dir', 'home/store', file],
  ignoringScripts: ['--ignore-scripts'],
});

const yarnrc = (linker: string) =>
  [
    `nodeLinker: ${linker}`,
    'pnpEnableEsmLoader: true',
    'enableNetwork: false',
    'enableTelemetry: false',
    'enableGlobalCache: false',
    'enableImmutableInstalls: false',
  ].join('\n');

const managers: readonly Manager[] = [
  ...(
    [
      [11, node20, 'npm-11'],
      [12, node24, 'npm-12'],
    ] as const
  ).map(([version, node, folder]) => ({
    name: `npm ${version}`,
    node,
    program: `${folder}/bin/npm-cli.js`,
    install: ['install', '--offline', '--no-audit', '--no-fund', file],
    ignoringScripts: ['--ignore-scripts'],
  })),
  pnpm(9, node20, 'pnpm-9/bin/pnpm.cjs'),
  pnpm(10, node20, 'pnpm-10/bin/pnpm.cjs'),
  pnpm(11, node24, 'pnpm-11/bin/pnpm.mjs'),
  pnpm(12, node24, 'pnpm-12/pnpm'),
  {
    name: 'yarn 1',
    node: node20,
    program: 'yarn-1/bin/yarn.js',
    // Root's cache would be the system's.
    install: ['add', '--offline', '--non-interactive', '--cache-folder', 'home/cache', file],
    ignoringScripts: ['--ignore-scripts'],
  },
  {
    name: 'yarn 4 with node_modules',
    node: node20,
    program: 'yarn-4/bin/yarn.js',
    install: ['add', `hawser@${file}`],
    ignoringScripts: ['--mode', 'skip-build'],
    files: { 'yarn.lock': '', '.yarnrc.yml': yarnrc('node-modules') },
  },
  {
    name: 'yarn 4 with PnP',
    node: node20,
    program: 'yarn-4/bin/yarn.js',
    install: ['add', `hawser@${file}`],
    ignoringScripts: ['--mode', 'skip-build'],
    files: { 'yarn.lock': '', '.yarnrc.yml': yarnrc('pnp') },
    finder: ['--require', './.pnp.cjs', '--loader', './.pnp.loader.mjs'],
  },
];

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await listen();
});
afterAll(() => peer.stop());

describe.concurrent.each(managers)('$name', ({ node, program, install, ignoringScripts, files, finder = [] }) => {
  it('installs the package without scripts, network and compiler, and it works by import and require', async () => {
    using app = new App({ 'receive.mjs': esm, 'receive.cjs': cjs, ...files });
    app.addTarball();
    await manage(app, node, program, [...install, ...ignoringScripts]);
    if (finder.length === 0) expect(installed(app)).toEqual(packed.files.map((entry) => entry.path).sort());
    expect(await app.node([...finder, 'receive.mjs', peer.url])).toBe(RESULT);
    expect(await app.node([...finder, 'receive.cjs', peer.url])).toBe(RESULT);
  });

  it('has nothing to block or to build where scripts are allowed', async () => {
    using app = new App(files);
    app.addTarball();
    const said = await manage(app, node, program, install);
    expect(said).not.toMatch(/warn(?!ings in)|block|ignored|approve|allow|gyp|must be built|YN000[4-7]/i);
    if (finder.length === 0) expect(installed(app)).toEqual(packed.files.map((entry) => entry.path).sort());
  });
});

/** Resolves with what the manager has written. */
async function manage(app: App, node: string, program: string, args: readonly string[]): Promise<string> {
  if (/\.[cm]?js$/.test(program)) return app.node([tool(program), ...args], { node });
  const { code, output } = await app.run(tool(program), args, { node });
  expect(code, output).toBe(0);
  return output;
}

/** The files that an application has of the package. */
function installed(app: App): string[] {
  const folder = realpathSync(path.join(app.folder, 'node_modules/hawser'));
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}
