/**
 * The verdict on a server's certificate, in Node's own words: what the reader found out about its chain, and whether it
 * is for the host. The reader's look at the name is stricter than Node's, so Node is asked where that does not match.
 */

import type { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import { types } from 'node:util';
import { show } from '../check.js';
import { invalidArgument } from '../errors.js';
import { certificateMismatch, certificateRefused } from '../failures.js';
import type { SecuredNotice } from '../native.js';
import type { TlsSettings } from './options.js';

/**
 * @param host the name or the IP address that the certificate is to be for.
 * @param proxy the URL of the proxy whose certificate it is, if it is one's.
 * @returns why the server is not authorised; undefined where it is.
 * @throws what `checkServerIdentity` throws, and TypeError where it gives something else than a verdict.
 */
export function judgeCertificate(
  secured: SecuredNotice,
  host: string,
  settings: TlsSettings,
  proxy?: string,
): Error | undefined {
  const { verifyCode, verifyMessage, chain, identityMatches } = secured;
  if (chain.length === 0) return certificateRefused('UNSPECIFIED', 'the server has sent no certificate', proxy);
  if (verifyCode !== '') return certificateRefused(verifyCode, verifyMessage, proxy);
  const { checkServerIdentity } = settings;
  // To OpenSSL a name that begins with a dot is any subdomain's; to Node it is not.
  if (checkServerIdentity === undefined && identityMatches && !host.startsWith('.')) return undefined;
  const judge = checkServerIdentity ?? tls.checkServerIdentity;
  const verdict: unknown = judge(host, legacyChain(chain));
  // Node takes null for none; what is no verdict, as a promise, must not pass for a good one.
  if (verdict === undefined || verdict === null) return undefined;
  if (!(verdict instanceof Error || types.isNativeError(verdict))) {
    throw invalidArgument(`checkServerIdentity returned ${show(verdict)}; expected an Error, or undefined`);
  }
  return certificateMismatch(verdict, proxy);
}

/** As `tlsSocket.getPeerCertificate(true)` has it: each certificate knows its issuer's. */
function legacyChain(chain: readonly Buffer[]): tls.DetailedPeerCertificate {
  const certificates = chain.map((der) => {
    return new X509Certificate(der).toLegacyObject() as unknown as tls.DetailedPeerCertificate;
  });
  for (const [i, certificate] of certificates.entries()) {
    const issuer = certificates[i + 1];
    if (issuer !== undefined) certificate.issuerCertificate = issuer;
    else if (isSelfIssued(certificate)) certificate.issuerCertificate = certificate;
  }
  return certificates[0] as tls.DetailedPeerCertificate;
}

function isSelfIssued({ subject, issuer }: tls.PeerCertificate): boolean {
  return JSON.stringify(subject) === JSON.stringify(issuer);
}
