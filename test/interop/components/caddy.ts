/** caddy in front of a WebSocket server: the TLS of Go, 1.3 only, and no connection without a name that it knows. */

import { idnServer, server } from '../../support/certificates.js';
import type { Setup } from '../support/component.js';

export function caddy(backend: number): Setup<'tls'> {
  return {
    ports: ['tls'],
    command(site) {
      const { tls } = site.ports;
      const certificates = [server(), idnServer()].map((certificate, i) => {
        const [cert, key] = [site.file(`${i}.pem`, certificate.chain), site.file(`${i}.key`, certificate.key)];
        return `tls ${cert} ${key} {\n    protocols tls1.3\n  }`;
      });
      const sites = ['localhost', 'xn--bcher-kva.test'].map(
        (host, i) => `
https://${host}:${tls} {
  bind 127.0.0.1
  ${certificates[i]}
  reverse_proxy 127.0.0.1:${backend} {
    header_up X-Sni {http.request.tls.server_name}
  }
}`,
      );
      const settings = `{
  admin off
  auto_https disable_redirects
  storage file_system ${site.folder}
}
${sites.join('\n')}
`;
      const home = [
        'env',
        `HOME=${site.folder}`,
        `XDG_CONFIG_HOME=${site.folder}`,
        `XDG_DATA_HOME=${site.folder}`,
      ] as const;
      return [...home, 'caddy', 'run', '--adapter', 'caddyfile', '--config', site.file('Caddyfile', settings)];
    },
  };
}
