/** What `connection.tls` is: what TLS agreed upon, and whom the server has shown to be. Judges nothing. */

import type { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import type { CipherNameAndProtocol } from 'node:tls';
import type { NativeSession, SecuredNotice } from '../native.js';

export class TlsInfo {
  /** The version of TLS, such as `'TLSv1.3'`. */
  readonly protocol: string;
  /** The cipher suite: OpenSSL's name, the standard's, and the version of TLS that it came with. */
  readonly cipher: CipherNameAndProtocol;
  /** The protocol that the server chose of those offered (ALPN, RFC 7301); undefined where it chose none. */
  readonly alpnProtocol: string | undefined;
  /** The name that the server was asked for (SNI); undefined where none was. */
  readonly servername: string | undefined;
  /** Whether a session of an earlier connection was resumed. */
  readonly resumed: boolean;
  /** Whether the server's certificate was verified, and is for this host. */
  readonly authorized: boolean;
  /** Why it is not; undefined where it is. Only with `rejectUnauthorized: false` is there such a connection. */
  readonly authorizationError: Error | undefined;

  readonly #chain: readonly Buffer[];
  readonly #native: NativeSession;
  #certificates: readonly X509Certificate[] | undefined;

  /** For `connect()`. */
  constructor(
    secured: SecuredNotice,
    servername: string,
    authorizationError: Error | undefined,
    native: NativeSession,
  ) {
    this.protocol = secured.protocol;
    this.cipher = secured.cipher;
    this.alpnProtocol = secured.alpn === '' ? undefined : secured.alpn;
    this.servername = servername === '' ? undefined : servername;
    this.resumed = secured.reused;
    this.authorized = authorizationError === undefined;
    this.authorizationError = authorizationError;
    this.#chain = secured.chain;
    this.#native = native;
  }

  /** The server's certificate; undefined where it has shown none. */
  get peerCertificate(): X509Certificate | undefined {
    return this.peerCertificates[0];
  }

  /** The server's certificate, then those up to an authority, where it was verified; else as the server sent them. */
  get peerCertificates(): readonly X509Certificate[] {
    this.#certificates ??= this.#chain.map((der) => new X509Certificate(der));
    return this.#certificates;
  }

  /**
   * The newest session that the server has offered to resume, for the option `tls.session` of a later connection;
   * undefined where there is none. Connections with equal `tls` options resume sessions without asking.
   */
  session(): Buffer | undefined {
    return this.#native.resumable();
  }
}
