import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runFile } from '../../support/run-script.js';

let tree: string;

beforeEach(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'hawser-layers-'));
  for (const folder of ['native', 'lib']) mkdirSync(path.join(tree, folder));
});

afterEach(() => rmSync(tree, { recursive: true }));

function check(files: Record<string, string>) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
    writeFileSync(path.join(tree, file), text);
  }
  return runFile('scripts/check-layers.mjs', { args: [tree] });
}

test('accepts a tree in which every layer keeps to itself', async () => {
  const { code, stdout } = await check({
    'native/core/a.cc': '#include <vector>\n#include <immintrin.h>\n#include "core/a.h"\n',
    'native/reader/a.cc': '#include <uv.h>\n#include <thread>\n#include "core/a.h"\n',
    'native/binding/a.cc': '#include <napi.h>\n#include "reader/a.h"\n',
    'lib/load-addon.ts': "import { createRequire } from 'node:module';\nimport { E } from './errors.js';\n",
    'lib/prebuilds.ts': "require('../prebuilds/x/hawser.node');\n",
    'lib/native.ts': "import { loadAddon } from './load-addon.js';\n",
    'lib/errors.ts': "// import { x } from './native.js';\n",
    'lib/handshake/url.ts': "import { hash } from 'node:crypto';\nimport type { N } from '../native.js';\n",
    'lib/ws/index.ts': "import { Connection } from '../connection.js';\n",
    'lib/connection.ts': "import { native } from './native.js';\n",
  });
  expect(stdout).toBe('layers: ok (3 native files, 7 in lib)\n');
  expect(code).toBe(0);
});

test.each([
  ['core may not know uv', 'native/core/a.cc', '\n#include <uv.h>\n', 'native/core/a.cc:2: includes <uv.h>'],
  ['core may not have threads', 'native/core/a.h', '#include <thread>', 'native/core/a.h:1: includes <thread>'],
  ['core may not know the reader', 'native/core/a.cc', '#include "reader/a.h"', 'includes "reader/a.h"'],
  ['the reader may not know napi', 'native/reader/a.cc', '#include <napi.h>', 'includes <napi.h>'],
  ['native tests may not know Node', 'native/test/a.cc', '#include <node_api.h>', 'includes <node_api.h>'],
  ['only load-addon.ts loads the addon', 'lib/a.ts', "require('../build/a.node')", 'lib/a.ts:1: loads an addon'],
  [
    'only load-addon.ts asks for a prebuilt addon',
    'lib/a.ts',
    "import './prebuilds.js'",
    'lib/a.ts:1: imports lib/pre',
  ],
  ['handshake does no I/O', 'lib/handshake/a.ts', "\nimport {\n  x,\n} from 'node:net';", 'a.ts:4: reaches node:net'],
  ['faces are on top', 'lib/connection.ts', "export * from './whatwg/events.js';", 'lib/connection.ts:1: imports'],
  ['a face uses Connection only', 'lib/ws/a.ts', "import { n } from '../native.js';", 'lib/ws/a.ts:1: imports'],
])('%s', async (_rule, file, text, expected) => {
  const { code, stdout } = await check({ [file]: text });
  expect(stdout).toContain(expected);
  expect(stdout.trim().split('\n').length).toBeLessThanOrEqual(2);
  expect(code).toBe(1);
});

test('handshake does no I/O by way of other files either', async () => {
  const { code, stdout } = await check({
    'lib/handshake/a.ts': "import { check } from '../check.js';\n",
    'lib/check.ts': "import { x } from './deep.js';\n",
    'lib/deep.ts': "import { setTimeout } from 'node:timers/promises';\n",
  });
  expect(stdout).toBe(
    'lib/handshake/a.ts:1: reaches node:timers/promises by lib/check.ts -> lib/deep.ts -> node:timers/promises; ' +
      'handshake/ does no I/O\n',
  );
  expect(code).toBe(1);
});
