#!/usr/bin/env node
// Runs the smoke test of binaries (test/platform/smoke.mjs) on this very system, with the binary that the loader chooses
// here: what the release workflow does on each. The server runs in the Node.js that runs this.
//
//   node scripts/run-here.mjs [COMMAND ARGUMENT...]
//
// COMMAND runs Node.js elsewhere, as in a container that shares the network: it inherits SMOKE_PORTS and SMOKE_CA, and is
// given the test's path below the working directory. This Node.js itself if none is named.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSmokeServer } from './smoke-server.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
/** Milliseconds that the test may take. */
const patience = 120_000;

const server = await startSmokeServer();
const [program = process.execPath, ...args] = process.argv.slice(2);
const smoke = spawn(program, [...args, 'test/platform/smoke.mjs'], {
  cwd: root,
  stdio: 'inherit',
  timeout: patience,
  killSignal: 'SIGKILL',
  env: { ...process.env, ...server.env },
});
const [code, signal] = await once(smoke, 'exit');
server.stop();
if (signal) console.error(`ended by ${signal}`);
process.exitCode = code ?? 1;
