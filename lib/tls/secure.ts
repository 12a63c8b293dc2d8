/**
 * TLS over a stream: has the reader shake hands and judges whom it has met, before anything is written to them. Over a
 * stream that is TLS already it makes TLS in TLS, as behind an HTTPS proxy.
 */

import { isIP } from 'node:net';
import type { Opening, SecuredPeer } from '../opening.js';
import { judgeCertificate } from './identity.js';
import { keylogWanted } from './keylog.js';
import type { TlsSettings } from './options.js';
import { secureContext } from './secure-context.js';
import { TlsInfo } from './tls-info.js';
import { allowsUnauthorized } from './unauthorized.js';

/** Who is to be met. */
export interface TlsPeer extends SecuredPeer {
  /** A name, which may end with a dot, or an IP address, which may have a zone. */
  readonly hostname: string;
  readonly port: number;
}

/**
 * Makes the stream one of TLS.
 *
 * @throws TlsError where the handshake fails, CertificateError where the server is not who it should be.
 */
export async function secure(opening: Opening, peer: TlsPeer, settings: TlsSettings): Promise<TlsInfo> {
  const host = peer.hostname.replace(/%.*$/, '').replace(/\.$/, '');
  const { session, alpn, rejectUnauthorized = !allowsUnauthorized() } = settings;
  const servername = settings.servername ?? (isIP(host) === 0 ? host : '');
  const identity = servername === '' ? host : servername;
  const config = {
    servername,
    identity,
    alpn,
    sessionKey: JSON.stringify([host, peer.port, servername, identity, alpn.join()]),
    session,
    keylog: keylogWanted,
  };
  const secured = await opening.secure(secureContext(settings), config, peer);
  const error = judgeCertificate(secured, identity, settings, peer.proxy);
  if (error !== undefined && rejectUnauthorized) throw error;
  return new TlsInfo(secured, servername, error, opening.native);
}
