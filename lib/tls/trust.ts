/**
 * Whom Node trusts where no `ca` is given: the authorities that `tls.getCACertificates('default')` names, or on a Node
 * without it the bundled ones and those of `NODE_EXTRA_CA_CERTS`; and OpenSSL's own where Node is told or built so.
 */

import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import { lastFlag } from '../runtime-flags.js';

/** Authorities in PEM. The same array as long as it is the same authorities. */
export interface Trust {
  readonly certificates: readonly string[];
  /** Whether OpenSSL's files and directories count, too. */
  readonly openSslPaths: boolean;
}

type Kind = 'default' | 'extra';
const { getCACertificates } = tls as { getCACertificates?: (kind: Kind) => string[] };

const usesOpenSslPaths = usesOpenSslStore(
  lastFlag('--use-openssl-ca', '--use-bundled-ca'),
  process.config.target_defaults?.defines ?? [],
);

// Where Node reads it when it starts, a later change is none.
const extraFile = process.env['NODE_EXTRA_CA_CERTS'];
let extraCertificates: readonly string[] | undefined;
let fallback: readonly string[] | undefined;

export function defaultTrust(): Trust {
  if (getCACertificates === undefined) {
    fallback ??= [...(usesOpenSslPaths ? [] : tls.rootCertificates), ...extra()];
    return { certificates: fallback, openSslPaths: usesOpenSslPaths };
  }
  const certificates = getCACertificates('default');
  return { certificates, openSslPaths: usesOpenSslPaths && !wasSet(certificates, getCACertificates('extra')) };
}

/**
 * Whether Node trusts what OpenSSL's store has: because of `--use-openssl-ca`, or since it was built so, as Debian's is.
 *
 * @param flag the last of `--use-openssl-ca` and `--use-bundled-ca`.
 * @param defines what Node was built with.
 */
export function usesOpenSslStore(flag: string | undefined, defines: readonly string[]): boolean {
  return flag === undefined ? defines.includes('NODE_OPENSSL_CERT_STORE') : flag === '--use-openssl-ca';
}

/** Whether `tls.setDefaultCACertificates()` has chosen: else `--use-openssl-ca` leaves none but the extra ones. */
function wasSet(certificates: readonly string[], extras: readonly string[]): boolean {
  return certificates.length !== extras.length || certificates.some((certificate, i) => certificate !== extras[i]);
}

function extra(): readonly string[] {
  extraCertificates ??= extraFile === undefined || extraFile === '' ? [] : readCertificates(extraFile);
  return extraCertificates;
}

/** Node has warned of what it can't read; and like Node, the reader stops at a certificate that is none. */
function readCertificates(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return [];
  }
  return text.match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END [A-Z0-9 ]+-----/g) ?? [];
}
