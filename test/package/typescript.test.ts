import * as path from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/run-script.js';
import { App } from './support/app.js';
import { tool } from './support/tools.js';

const source = `
import { Duplex } from 'node:stream';
import { type Connection, ConnectionClosedOK, connect, type Data } from 'hawser';
import { createDuplex } from 'hawser/streams';

export async function receive(url: string): Promise<Data | undefined> {
  const connection: Connection = await connect(url, { openTimeout: 1000 });
  const duplex: Duplex = createDuplex(connection);
  duplex.destroy();
  try {
    return await connection.recv();
  } catch (error) {
    if (error instanceof ConnectionClosedOK) return undefined;
    throw error;
  }
}

// @ts-expect-error a URL is no number
connect(1);
`;

const compilers = { '5': tool('typescript-5/lib/tsc.js'), '7': path.join(root, 'node_modules/typescript/bin/tsc') };

test.concurrent.each([
  ['5', 'ES and CommonJS modules, resolved as by Node', ['a.mts', 'b.cts'], '--module node16'],
  ['5', 'what a bundler takes', ['a.ts'], '--module preserve --moduleResolution bundler'],
  ['5', 'what is resolved as long ago', ['a.ts'], '--module commonjs --moduleResolution node10'],
  ['7', 'ES and CommonJS modules, resolved as by Node', ['a.mts', 'b.cts'], '--module nodenext'],
  ['7', 'what a bundler takes', ['a.ts'], '--module preserve --moduleResolution bundler'],
] as const)('TypeScript %s compiles %s', async (version, _what, files, options) => {
  using app = new App(Object.fromEntries(files.map((file) => [file, source])));
  await app.unpackHawser();
  app.link('@types/node', tool('@types/node'));
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--types', 'node'];
  const target = ['--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--noEmit'];
  expect(await app.node([compilers[version], ...strict, ...target, ...options.split(' '), ...files])).toBe('');
});
