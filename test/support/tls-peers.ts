/** Scripted peers that speak TLS, with one of the certificates of `certificates.ts`; each ends with its test. */

import { onTestFinished } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import type { ConnectOptions } from '../../lib/options.js';
import type { TlsOptions } from '../../lib/tls/options.js';
import { type Certificate, ca, server } from './certificates.js';
import type { TlsServerOptions } from './peer-steps.js';
import { accept, echoMessages, type Script, ScriptedPeer } from './scripted-peer.js';

export type TlsDetails = Omit<TlsServerOptions, 'cert' | 'key'>;

/** Accepts and sends messages back, unless a script says something else. */
export async function tlsPeer(
  certificate: Certificate = server(),
  details: TlsDetails = {},
  script: Script = [accept(), echoMessages()],
): Promise<ScriptedPeer> {
  const tls = { cert: certificate.chain, key: certificate.key, ...details };
  const peer = await ScriptedPeer.listen(script, { tls });
  onTestFinished(() => peer.stop());
  return peer;
}

/** Connects to the peer as `host`, trusting the tests' root, and terminates the connection when the test is over. */
export async function connectSecurely(
  peer: ScriptedPeer,
  tls: TlsOptions = {},
  { host = 'localhost', ...options }: Omit<ConnectOptions, 'tls'> & { readonly host?: string } = {},
): Promise<Connection> {
  const connection = await connect(`wss://${host}:${peer.port}/`, {
    lookup: (_name, { all }, answer) =>
      answer(null, (all ? [{ address: peer.host, family: 4 }] : peer.host) as never, 4),
    tls: { ca: ca().cert, ...tls },
    ...options,
  });
  onTestFinished(async () => void (await connection.terminate()));
  return connection;
}
