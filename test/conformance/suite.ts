/** Runs a group's cases one after the other with a client, and collects the verdicts. */

import { type CompressionOffer, compressionOffer } from './cases/compression.js';
import type { ConformanceServer } from './server/conformance-server.js';
import type { Results } from './table.js';

/** Connects, echoes every message with its type, and resolves when the connection has ended, whatever ended it. */
export type EchoClient = (url: string, compression?: CompressionOffer) => Promise<void>;

export async function runCases(
  server: ConformanceServer,
  ids: readonly string[],
  client: EchoClient,
): Promise<Results> {
  const results = new Map<string, string>();
  for (const id of ids) {
    results.set(id, await server.judge(id, (url) => client(url, compressionOffer(id))));
  }
  return results;
}
