/**
 * The certificates of the tests: who the authorities, servers and clients are. Each is made when it is first asked for,
 * in memory, and is the same for the rest of the file that asks (a file of tests is a process): a tenth of a millisecond
 * for an EC key, so that there is nothing to share, to store or to let expire.
 */

import { pkcs12 } from './certificates/pkcs12.js';
import { type Certificate, issue, revocationList, selfSigned } from './certificates/x509.js';

export type { Certificate };
export { issue, pkcs12, revocationList, selfSigned };

const DAY = 86_400_000;
const localNames = ['localhost', '127.0.0.1', '::1'];

/** The root that tests trust: `tls: { ca: ca().cert }`. */
export const ca = once(() => selfSigned({ name: 'hawser test root', role: 'authority' }));

/** Signs the servers' and clients' certificates. Servers send it, in their `chain`. */
export const intermediate = once(() => issue(ca(), { name: 'hawser test intermediate', role: 'authority' }));

/** A root that signs nothing else, for those that trust the wrong one. */
export const otherCa = once(() => selfSigned({ name: 'another test root', role: 'authority' }));

/** For localhost, 127.0.0.1 and ::1; by the intermediate. */
export const server = once(() => issue(intermediate(), { name: 'localhost', names: localNames }));

/** As `server`, by the root itself: `chain` is one certificate. */
export const directServer = once(() => issue(ca(), { name: 'localhost', names: localNames }));

export const rsaServer = once(() => issue(intermediate(), { name: 'localhost', names: localNames, keys: 'rsa-2048' }));

export const p384Server = once(() => issue(intermediate(), { name: 'localhost', names: localNames, keys: 'P-384' }));

export const ed25519Server = once(() =>
  issue(intermediate(), { name: 'localhost', names: localNames, keys: 'ed25519' }),
);

/** 1024 bits, which OpenSSL's security level 2 refuses and level 1 does not. */
export const weakServer = once(() => issue(ca(), { name: 'localhost', names: localNames, keys: 'rsa-1024' }));

/** For `*.hawser.test` and no other. */
export const wildcardServer = once(() => issue(intermediate(), { name: 'wildcard', names: ['*.hawser.test'] }));

/** For `other.test` only. */
export const otherNameServer = once(() => issue(intermediate(), { name: 'other.test', names: ['other.test'] }));

/** Its common name is localhost, but it has no alternative names. */
export const commonNameServer = once(() => issue(intermediate(), { name: 'localhost' }));

/** For `bücher.test`. */
export const idnServer = once(() => issue(intermediate(), { name: 'IDN', names: ['xn--bcher-kva.test'] }));

export const expiredServer = once(() =>
  issue(intermediate(), {
    name: 'localhost',
    names: localNames,
    from: new Date(Date.now() - 2 * DAY),
    until: new Date(Date.now() - DAY),
  }),
);

export const futureServer = once(() =>
  issue(intermediate(), {
    name: 'localhost',
    names: localNames,
    from: new Date(Date.now() + DAY),
    until: new Date(Date.now() + 2 * DAY),
  }),
);

export const selfSignedServer = once(() => selfSigned({ name: 'localhost', names: localNames }));

/** By a root that nobody trusts and the server does not send. */
export const strangeServer = once(() => issue(otherCa(), { name: 'localhost', names: localNames }));

/** For a client's purposes only, and yet a server's. */
export const misusedServer = once(() =>
  issue(intermediate(), { name: 'localhost', names: localNames, role: 'client' }),
);

/** Revoked by `crl()`. */
export const revokedServer = once(() => issue(intermediate(), { name: 'localhost', names: localNames }));

/** What the intermediate has revoked. OpenSSL asks for the root's list as well where it looks up the whole chain. */
export const crl = once(() => revocationList(intermediate(), [revokedServer()]));

/** The root's own list, which is empty. */
export const rootCrl = once(() => revocationList(ca(), []));

/** A client, by the intermediate: `tls: { cert: client().chain, key: client().key }`. */
export const client = once(() => issue(intermediate(), { name: 'test client', role: 'client' }));

/** A client whose authority no server trusts. */
export const strangeClient = once(() => issue(otherCa(), { name: 'strange client', role: 'client' }));

export const passphrase = 'correct horse';

/** The client's key, encrypted with `passphrase`. PEM. */
export const encryptedKey = once(() =>
  client().privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }).toString(),
);

/** The client's key, certificate and chain under `passphrase`. */
export const pfx = once(() => pkcs12(client(), [intermediate()], passphrase));

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
