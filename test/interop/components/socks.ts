/** Proxies that speak SOCKS: dante, versions 4 and 5 for anybody to all ports but one, and microsocks with a password. */

import { type Setup, user } from '../support/component.js';

export const credentials = { username: 'pilot', password: 'p@ss:wörd' };

export function dante(refused: number): Setup<'open'> {
  return {
    ports: ['open'],
    command(site) {
      const settings = `
logoutput: stderr
internal: 127.0.0.1 port = ${site.ports.open}
external: lo
clientmethod: none
socksmethod: none
user.privileged: ${user}
user.unprivileged: ${user}
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 port = ${refused} }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 protocol: tcp }
`;
      return ['danted', '-N', '1', '-p', `${site.folder}/pid`, '-f', site.file('danted.conf', settings)];
    },
  };
}

export function microsocks(): Setup<'guarded'> {
  return {
    ports: ['guarded'],
    command({ ports }) {
      const { username, password } = credentials;
      return ['microsocks', '-i', '127.0.0.1', '-p', `${ports.guarded}`, '-u', username, '-P', password];
    },
  };
}
