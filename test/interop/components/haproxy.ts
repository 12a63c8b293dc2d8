/** haproxy in front of a WebSocket server: TLS with ALPN, and which certificate it shows depends on SNI. */

import { ca, server, wildcardServer } from '../../support/certificates.js';
import type { Setup } from '../support/component.js';

/** `mutual` asks for a client's certificate during the handshake, so that who has none gets an alert. */
export function haproxy(backend: number): Setup<'tls' | 'mutual'> {
  return {
    ports: ['tls', 'mutual'],
    command(site) {
      const certificate = site.file('localhost.pem', server().chain + server().key);
      const wildcard = site.file('wildcard.pem', wildcardServer().chain + wildcardServer().key);
      const { tls, mutual } = site.ports;
      const settings = `
global
  log stderr format raw local0 warning
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout tunnel 60s
frontend tls
  bind 127.0.0.1:${tls} ssl crt ${certificate} crt ${wildcard} alpn http/1.1
  http-request set-header X-Alpn "%[ssl_fc_alpn]"
  http-request set-header X-Sni "%[ssl_fc_sni]"
  default_backend echo
frontend mutual
  bind 127.0.0.1:${mutual} ssl crt ${certificate} ca-file ${site.file('ca.pem', ca().cert)} verify required
  http-request set-header X-Client-Name "%[ssl_c_s_dn(cn)]"
  default_backend echo
backend echo
  server echo 127.0.0.1:${backend}
`;
      return ['haproxy', '-db', '-f', site.file('haproxy.cfg', settings)];
    },
  };
}
