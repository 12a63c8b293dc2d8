import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectLibc } from '../../lib/libc.js';
import { root } from '../support/run-script.js';
import type { ScriptedPeer } from '../support/scripted-peer.js';
import { App } from './support/app.js';
import { cjs, esm, listen, RESULT } from './support/programs.js';
import { tool } from './support/tools.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await listen();
});
afterAll(() => peer.stop());

/** An application that has the package and programs of both kinds. */
async function created(files: Readonly<Record<string, string>> = {}): Promise<App> {
  const app = new App({ 'main.mjs': esm, 'main.cjs': cjs, ...files });
  await app.unpackHawser();
  return app;
}

/** Runs what was bundled, without the package that it was bundled from. */
async function runAlone(app: App, file: string): Promise<string> {
  renameSync(path.join(app.folder, 'node_modules'), path.join(app.folder, 'no_modules'));
  return app.node([file, peer.url]);
}

describe.concurrent('esbuild', () => {
  const esbuild = [tool('esbuild/bin/esbuild'), '--bundle', '--platform=node', '--log-level=warning', '--outdir=out'];

  it.each([
    ['copy', 'main.mjs'],
    ['copy', 'main.cjs'],
    ['file', 'main.mjs'],
    ['file', 'main.cjs'],
  ])('with the loader "%s" makes CommonJS of %s', async (loader, main) => {
    using app = await created();
    expect(await app.node([...esbuild, main, '--format=cjs', `--loader:.node=${loader}`])).toBe('');
    expect(await runAlone(app, 'out/main.js')).toBe(RESULT);
  });

  it('makes an ES module where that has a require()', async () => {
    using app = await created();
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    const options = ['--format=esm', '--out-extension:.js=.mjs', '--loader:.node=copy', `--banner:js=${banner}`];
    expect(await app.node([...esbuild, 'main.mjs', ...options])).toBe('');
    expect(await runAlone(app, 'out/main.mjs')).toBe(RESULT);
  });

  it('makes no ES module that loads what lies in the working directory', async () => {
    using app = await created();
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    const options = ['--format=esm', '--out-extension:.js=.mjs', '--loader:.node=file', `--banner:js=${banner}`];
    expect(await app.node([...esbuild, 'main.mjs', ...options])).toBe('');
    const from = path.join(app.folder, 'out');
    const names = readdirSync(from).filter((name) => name.endsWith('.node'));
    for (const name of names) cpSync(path.join(from, name), path.join(app.folder, name)); // where programs run
    const { code, output } = await app.tryNode(['out/main.mjs', peer.url]);
    expect(code).toBe(1);
    expect(output).toMatch(
      /\n {2}\.\/hawser-\w+\.node: a bundler gives a path that is relative to nothing\nhave the bundler copy/,
    );
  });

  it('says so where it has left the binaries away and nothing is chosen', async () => {
    using app = await created();
    expect(await app.node([...esbuild, 'main.mjs', '--format=cjs', '--loader:.node=empty'])).toBe('');
    const { code, output } = await app.tryNode(['out/main.js', peer.url]);
    expect(code).toBe(1);
    expect(output).toMatch(/hawser\.node: a bundler has replaced it\nhave the bundler copy/);
  });

  it('says which of the files that it has copied is missing', async () => {
    using app = await created();
    expect(await app.node([...esbuild, 'main.mjs', '--format=cjs', '--loader:.node=file'])).toBe('');
    const out = path.join(app.folder, 'out');
    for (const name of readdirSync(out).filter((file) => file.endsWith('.node'))) rmSync(path.join(out, name));
    const { output } = await app.tryNode(['out/main.js', peer.url]);
    expect(output).toMatch(/\/out\/hawser-\w+\.node: ENOENT/);
  });

  it('leaves the binary away that was pruned, and does without the others', async () => {
    using app = await created();
    renameSync(path.join(app.folder, 'node_modules/hawser/prebuilds/win32-x64'), path.join(app.folder, 'pruned'));
    expect(await app.node([...esbuild, 'main.mjs', '--format=cjs', '--loader:.node=copy'])).toBe('');
    expect(await runAlone(app, 'out/main.js')).toBe(RESULT);
  });

  it('leaves the binaries away where the program says which to load', async () => {
    const chooses = "process.env.HAWSER_ADDON ??= require('node:path').join(__dirname, 'hawser.node');\n";
    using app = await created({ 'main.cjs': chooses + cjs });
    expect(await app.node([...esbuild, 'main.cjs', '--loader:.node=empty'])).toBe('');
    const target = detectLibc() === 'musl' ? `linux-${process.arch}-musl` : `linux-${process.arch}`;
    cpSync(path.join(app.folder, `node_modules/hawser/prebuilds/${target}`), path.join(app.folder, 'out'), {
      recursive: true,
    });
    expect(await runAlone(app, 'out/main.js')).toBe(RESULT);
  });

  it('needs nothing where the package is external', async () => {
    using app = await created();
    expect(await app.node([...esbuild, 'main.mjs', '--format=esm', '--external:hawser'])).toBe('');
    expect(await app.node(['--experimental-default-type=module', 'out/main.js', peer.url])).toBe(RESULT);
  });
});

describe.concurrent('webpack', () => {
  const program = (output: string, more: string) => `
    const webpack = require(${JSON.stringify(tool('webpack'))});
    webpack(
      {
        mode: 'production',
        optimization: { minimize: false }, // which takes long
        target: 'node',
        entry: process.argv[2],
        output: { path: process.cwd() + '/out', filename: 'main.js', ${output} },
        ${more}
      },
      (error, stats) => {
        if (error) throw error;
        const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
        for (const { message } of [...errors, ...warnings]) console.log(message);
      },
    );`;

  it.each([
    ['node-loader', '', `loader: ${JSON.stringify(tool('node-loader'))}`],
    ['assets', "publicPath: ''", "type: 'asset/resource'"],
  ])('bundles it with %s', async (_how, output, rule) => {
    const module = `module: { rules: [{ test: /\\.node$/, ${rule} }] },`;
    using app = await created({ 'build.cjs': program(output, module) });
    expect((await app.node(['build.cjs', './main.mjs'])).trim()).toBe('');
    expect(await runAlone(app, 'out/main.js')).toBe(RESULT);
  });

  it('needs nothing where the package is external', async () => {
    using app = await created({ 'build.cjs': program('', "externals: { hawser: 'commonjs hawser' }") });
    expect((await app.node(['build.cjs', './main.mjs'])).trim()).toBe('');
    expect(await app.node(['out/main.js', peer.url])).toBe(RESULT);
  });
});

describe.concurrent('@vercel/nft', () => {
  const trace = `
    const { nodeFileTrace } = require(${JSON.stringify(tool('@vercel/nft'))});
    nodeFileTrace([process.argv[2]]).then(({ fileList, warnings }) => {
      if (warnings.size > 0) throw [...warnings][0];
      console.log(JSON.stringify([...fileList]));
    });`;

  it.each(['main.mjs', 'main.cjs'])('traces the binaries from %s', async (main) => {
    using app = await created({ 'trace.cjs': trace });
    const files: string[] = JSON.parse(await app.node(['trace.cjs', main]));
    using deployed = new App();
    for (const file of files) cpSync(path.join(app.folder, file), path.join(deployed.folder, file));
    expect(await deployed.node([main, peer.url])).toBe(RESULT);
  });
});

describe.concurrent('Vite', () => {
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');

  it('leaves it to Node in what it builds for servers', async () => {
    using app = await created();
    await app.node([vite, 'build', '--ssr', 'main.mjs', '--logLevel', 'warn']);
    expect(await app.node(['dist/main.mjs', peer.url])).toBe(RESULT);
  });

  it('leaves it to Node where it is told to bundle everything else', async () => {
    const config = "export default { ssr: { noExternal: true, external: ['hawser'] } };";
    using app = await created({ 'vite.config.mjs': config });
    await app.node([vite, 'build', '--ssr', 'main.mjs', '--logLevel', 'warn']);
    expect(await app.node(['dist/main.mjs', peer.url])).toBe(RESULT);
  });
});
