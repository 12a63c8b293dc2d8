/** Starts the server that the smoke test of binaries talks to, in the Node.js that runs this. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from '../bench/certificates.mjs';

const file = path.join(path.dirname(fileURLToPath(import.meta.url)), '../test/platform/server.mjs');

/** @returns {Promise<{ env: Record<string, string>, stop: () => void }>} `env` is what the test finds it by. */
export async function startSmokeServer() {
  const { cert, key, ca } = await makeCertificates();
  const server = fork(file, { env: { ...process.env, SERVER_CERT: cert, SERVER_KEY: key } });
  const [ports] = await once(server, 'message');
  return { env: { SMOKE_PORTS: JSON.stringify(ports), SMOKE_CA: ca }, stop: () => server.disconnect() };
}
