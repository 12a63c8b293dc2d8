/**
 * The project `tls` runs the tests of other projects over TLS: its set-up makes an authority that the tests' processes
 * trust as they trust any other, and a certificate for every scripted peer.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { ca, issue } from './certificates.js';
import type { TlsServerOptions } from './peer-steps.js';

/** Every host that a scripted peer is connected to as. */
const names = ['localhost', 'h.example', '127.0.0.1', '127.0.0.2', '::1'];

const variable = 'HAWSER_TEST_TLS';

/** What scripted peers have unless told otherwise; undefined where they speak plainly. */
export function tlsEverywhere(): TlsServerOptions | undefined {
  const file = process.env[variable];
  return file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'));
}

/** Once before the tests, in vitest's own process: those of the tests are its children. */
export function setup(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'hawser-tls-'));
  const { chain, key } = issue(ca(), { name: 'localhost', names });
  const options: TlsServerOptions = { cert: chain, key };
  writeFileSync(path.join(folder, 'server.json'), JSON.stringify(options));
  writeFileSync(path.join(folder, 'ca.pem'), ca().cert);
  process.env[variable] = path.join(folder, 'server.json');
  process.env['NODE_EXTRA_CA_CERTS'] = path.join(folder, 'ca.pem');
  return () => rmSync(folder, { recursive: true });
}
