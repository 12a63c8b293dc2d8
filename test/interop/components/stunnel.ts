/** stunnel in front of anything: one version of TLS at each of its ports. */

import { server } from '../../support/certificates.js';
import type { Setup } from '../support/component.js';

export function stunnel(backend: number): Setup<'tls13' | 'tls12'> {
  return {
    ports: ['tls13', 'tls12'],
    command(site) {
      const certificate = `cert = ${site.file('server.pem', server().chain)}
key = ${site.file('server.key', server().key)}
connect = 127.0.0.1:${backend}`;
      const settings = `
foreground = yes
pid =
syslog = no
debug = warning
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1

[tls13]
accept = 127.0.0.1:${site.ports.tls13}
sslVersion = TLSv1.3
${certificate}

[tls12]
accept = 127.0.0.1:${site.ports.tls12}
sslVersion = TLSv1.2
${certificate}
`;
      return ['stunnel', site.file('stunnel.conf', settings)];
    },
  };
}
