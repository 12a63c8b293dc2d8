#!/usr/bin/env node
// Runs the smoke test of binaries (test/platform/smoke.mjs) on this very system, with the binary that the loader chooses
// here: what the release workflow does on each. The server runs in the Node.js that runs this.
//
//   node scripts/run-here.mjs [COMMAND ARGUMENT...]
//
// COMMAND runs Node.js elsewhere, as in a container that shares the network: it inherits SMOKE_PORTS and SMOKE_CA, and is
// given the test's path below the working directory. This Node.js itself if none is named.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from '../bench/certificates.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
/** Milliseconds that the test may take. */
const patience = 120_000;

const { cert, key, ca } = await makeCertificates();
const server = fork(path.join(root, 'test/platform/server.mjs'), {
  env: { ...process.env, SERVER_CERT: cert, SERVER_KEY: key },
});
const [ports] = await once(server, 'message');

const [program = process.execPath, ...args] = process.argv.slice(2);
const smoke = spawn(program, [...args, 'test/platform/smoke.mjs'], {
  cwd: root,
  stdio: 'inherit',
  timeout: patience,
  killSignal: 'SIGKILL',
  env: { ...process.env, SMOKE_PORTS: JSON.stringify(ports), SMOKE_CA: ca },
});
const [code, signal] = await once(smoke, 'exit');
server.disconnect();
if (signal) console.error(`ended by ${signal}`);
process.exitCode = code ?? 1;
