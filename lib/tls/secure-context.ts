/**
 * Native contexts, one for all connections with equal settings: certificates and keys are parsed once, and sessions can
 * be resumed by the next connection. Holds the most recently used ones; one that is in use lives on without.
 */

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { tlsNotSupported, tlsOptionsFailure } from '../failures.js';
import { type NativeSecureContext, openSslProblem, SecureContextClass } from '../native.js';
import type { TlsSettings } from './options.js';
import { defaultTrust, type Trust } from './trust.js';

/** How many are held. */
const most = 32;

/** By a digest of their settings, the least recently used first. */
const contexts = new Map<string, NativeSecureContext>();

/** Contexts that trust the default authorities, by what of that may differ: others share their trust. */
const trusting = new Map<string, WeakRef<NativeSecureContext>>();

/** The digests of settings that are still in use, with the default authorities that they were made with. */
const digests = new WeakMap<
  TlsSettings,
  { readonly authorities: readonly string[] | undefined; readonly key: string }
>();

/** A number for each set of default authorities, which need not be hashed then. */
const trustNumbers = new WeakMap<readonly string[], number>();
let lastTrustNumber = 0;

/**
 * The context for these settings.
 *
 * @throws NotSupported where the runtime has no OpenSSL that can be used.
 * @throws TlsError where a certificate, a key or a name among the settings is refused by OpenSSL.
 */
export function secureContext(settings: TlsSettings): NativeSecureContext {
  const trust = settings.ca === undefined ? defaultTrust() : undefined;
  const key = keyOf(settings, trust);
  const context = contexts.get(key) ?? create(settings, trust);
  contexts.delete(key);
  contexts.set(key, context);
  if (contexts.size > most) contexts.delete(contexts.keys().next().value as string);
  return context;
}

function create(settings: TlsSettings, trust: Trust | undefined): NativeSecureContext {
  const problem = openSslProblem();
  if (problem !== '') throw tlsNotSupported(problem);
  const shared = trust === undefined ? undefined : sharedTrust(settings, trust);
  const trustOf = shared === undefined ? undefined : trusting.get(shared)?.deref();
  try {
    const context = new SecureContextClass({
      ca: trustOf === undefined ? (settings.ca ?? [bundle(trust)]) : [],
      crl: settings.crl,
      cert: settings.cert,
      key: settings.key,
      pfx: settings.pfx,
      ciphers: settings.ciphers,
      cipherSuites: settings.cipherSuites,
      ecdhCurve: settings.ecdhCurve,
      sigalgs: settings.sigalgs,
      minVersion: settings.minVersion,
      maxVersion: settings.maxVersion,
      secureOptions: settings.secureOptions,
      defaultPaths: trustOf === undefined && (trust?.openSslPaths ?? false),
      partialChains: trustOf === undefined && settings.allowPartialTrustChain,
      trustOf,
    });
    if (shared !== undefined && trustOf === undefined) trusting.set(shared, new WeakRef(context));
    return context;
  } catch (error) {
    throw tlsOptionsFailure((error as Error).message);
  }
}

/** Under which key the trust of a context is shared; undefined where it trusts, or looks up, something of its own. */
function sharedTrust({ crl, pfx, allowPartialTrustChain }: TlsSettings, trust: Trust): string | undefined {
  if (crl.length > 0 || pfx.length > 0) return undefined;
  return JSON.stringify([numberOf(trust.certificates), trust.openSslPaths, allowPartialTrustChain]);
}

function bundle(trust: Trust | undefined): Uint8Array {
  return Buffer.from(trust?.certificates.join('\n') ?? '', 'latin1');
}

/** One opening asks twice, and all without options have the same settings. */
function keyOf(settings: TlsSettings, trust: Trust | undefined): string {
  const known = digests.get(settings);
  if (known !== undefined && known.authorities === trust?.certificates) return known.key;
  const key = digest(settings, trust);
  digests.set(settings, { authorities: trust?.certificates, key });
  return key;
}

function digest(settings: TlsSettings, trust: Trust | undefined): string {
  const hash = createHash('sha256');
  const add = (bytes: Uint8Array | string) => {
    hash.update(`${bytes.length}:`);
    hash.update(bytes);
  };
  const addAll = (name: string, list: readonly Uint8Array[]) => {
    hash.update(`${name}${list.length}:`);
    for (const bytes of list) add(bytes);
  };
  const { ca, cert, crl, key, pfx } = settings;
  addAll('ca', ca ?? []);
  addAll('cert', cert);
  addAll('crl', crl);
  addAll(
    'key',
    key.map(({ pem }) => pem),
  );
  addAll(
    'pfx',
    pfx.map(({ der }) => der),
  );
  const words = [
    [...key, ...pfx].map(({ passphrase }) => passphrase ?? null),
    [settings.ciphers, settings.cipherSuites, settings.ecdhCurve, settings.sigalgs],
    [settings.minVersion, settings.maxVersion, settings.secureOptions, settings.allowPartialTrustChain],
    trust === undefined ? [] : [numberOf(trust.certificates), trust.openSslPaths],
  ];
  hash.update(JSON.stringify(words));
  return hash.digest('base64');
}

function numberOf(certificates: readonly string[]): number {
  const known = trustNumbers.get(certificates);
  if (known !== undefined) return known;
  trustNumbers.set(certificates, ++lastTrustNumber);
  return lastTrustNumber;
}
