/**
 * nginx in front of a WebSocket server: TLS, reverse proxy, redirects, and what it refuses by itself.
 *
 * `/` is the server's; `/guarded` too, for those who say who they are. The rest is nginx's own answers.
 */

import { createHash } from 'node:crypto';
import { ca, crl, rootCrl, server } from '../../support/certificates.js';
import type { Setup } from '../support/component.js';

export const credentials = { username: 'pilot', password: 'p@ss:wörd' };

/** `plain` speaks no TLS, `tls` does, and `mutual` asks for a client's certificate. */
export function nginx(backend: number): Setup<'plain' | 'tls' | 'mutual'> {
  return {
    ports: ['plain', 'tls', 'mutual'],
    command(site) {
      const { plain, tls, mutual } = site.ports;
      const certificate = `
        ssl_certificate ${site.file('server.pem', server().chain)};
        ssl_certificate_key ${site.file('server.key', server().key)};`;
      // As {PLAIN} a password ends at its first colon.
      const hash = createHash('sha1').update(credentials.password).digest('base64');
      const routes = routesOf(site.file('users', `${credentials.username}:{SHA}${hash}\n`), backend);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
      const settings = `
daemon off;
master_process off;
pid ${site.folder}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  default_type text/plain;
  absolute_redirect off;
  ${temporary.map((what) => `${what}_temp_path ${site.folder}/${what};`).join('\n  ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }

  server {
    listen 127.0.0.1:${plain};
    location = /to-tls { return 301 https://localhost:${tls}/; }
    location = /to-tls-by-wss { return 308 wss://localhost:${tls}/; }
    ${routes}
  }
  server {
    listen 127.0.0.1:${tls} ssl;
    ${certificate}
    ssl_protocols TLSv1.2 TLSv1.3;
    location = /to-plain { return 302 http://localhost:${plain}/; }
    location = /other-host { return 307 https://127.0.0.1:${tls}/elsewhere; }
    
    ${routes}
  }
  server {
    listen 127.0.0.1:${mutual} ssl;
    ${certificate}
    ssl_client_certificate ${site.file('ca.pem', ca().cert)};
    ssl_crl ${site.file('crl.pem', crl() + rootCrl())};
    ssl_verify_client on;
    ssl_verify_depth 2;
    ${routes}
  }
}`;
      return ['nginx', '-e', 'stderr', '-p', site.folder, '-c', site.file('nginx.conf', settings)];
    },
  };
}

function routesOf(users: string, backend: number): string {
  const proxied = `
      proxy_pass http://127.0.0.1:${backend};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Client-Name $ssl_client_s_dn;
      proxy_read_timeout 60s;`;
  return `
    location / { ${proxied} }
    location /guarded { auth_basic "the bridge"; auth_basic_user_file ${users}; ${proxied} }
    location = /moved { return 301 /; }
    location = /found { return 302 /elsewhere?by=302; }
    location = /relative { return 303 elsewhere/; }
    location = /temporary { return 307 /; }
    location = /permanent { return 308 /; }
    location = /loop { return 302 /loop; }
    location = /forbidden { return 403 "not you\\n"; }
    location = /missing { return 404; }
    location = /upgrade-needed { add_header Upgrade "h2c" always; return 426; }
    location = /too-many { add_header Retry-After "Fri, 31 Dec 2199 23:59:59 GMT" always; return 429 "too many of you\\n"; }
    location = /busy { add_header Retry-After 7 always; return 503 "try again in a while\\n"; }
    location = /page { return 200 "no WebSocket here\\n"; }
    location = /zipped { gzip on; gzip_min_length 1; gzip_types text/plain; gzip_proxied any; return 200 "${'zipped '.repeat(40).trim()}"; }`;
}
