/** The same with `ws`, a client whose conformance is known: what the server says of it validates the server. */

import { once } from 'node:events';
import { type PerMessageDeflateOptions, WebSocket } from 'ws';
import type { CompressionOffer } from '../cases/compression.js';
import type { Results } from '../table.js';

export async function echoWithWs(url: string, compression?: CompressionOffer): Promise<void> {
  // Its types do not know that a window may be offered without a number.
  const perMessageDeflate = compression === undefined ? false : (compression as PerMessageDeflateOptions);
  const client = new WebSocket(url, { perMessageDeflate });
  client.on('message', (data, isBinary) => client.send(data as Buffer, { binary: isBinary }));
  // What breaks the connection is the server's to judge.
  client.on('error', () => {});
  await once(client, 'open');
  await once(client, 'close');
}

const checksTextAtItsEnd = 'NON-STRICT: reactions are no failure in pause A, no failure in pause B';
/** It takes 16,384 fragments of a message at most. */
const tooManyFragments = (kind: string): string => `FAILED: expected ${kind} of 4194304 bytes, got nothing`;

/** The verdicts on `ws` 8.23 that are not `OK`. */
const others: Readonly<Record<string, string>> = {
  '6.4.1': checksTextAtItsEnd,
  '6.4.2': checksTextAtItsEnd,
  '6.4.3': checksTextAtItsEnd,
  '6.4.4': checksTextAtItsEnd,
  '7.1.6': 'INFORMATIONAL: Close 1000',
  '7.13.1': 'INFORMATIONAL: Close 1002',
  '7.13.2': 'INFORMATIONAL: Close 1002',
  '9.3.1': tooManyFragments('text'),
  '9.3.2': tooManyFragments('text'),
  '9.4.1': tooManyFragments('binary'),
  '9.4.2': tooManyFragments('binary'),
};

export function wsResults(ids: readonly string[]): Results {
  return new Map(ids.map((id) => [id, others[id] ?? 'OK']));
}
