// The certificate of the benchmarks' server and the authority that the clients trust, made as the tests make theirs.

import * as path from 'node:path';
import { build } from 'vite';

const root = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');

/**
 * An EC certificate for localhost, its key, and who signed it. PEM.
 * @returns {Promise<{ cert: string, key: string, ca: string }>}
 */
export async function makeCertificates() {
  const { ca, directServer } = await import(await bundled());
  return { cert: directServer().chain, key: directServer().key, ca: ca().cert };
}

/** Node 20 can't run TypeScript. */
async function bundled() {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: 'test/support/certificates.ts', target: 'node20', write: false },
  });
  const [output] = [result].flat();
  if (!output || !('output' in output)) throw new Error('vite built nothing');
  return `data:text/javascript,${encodeURIComponent(output.output[0].code)}`;
}
