/** `ssh -D`: a proxy that speaks SOCKS 4, 4a and 5, whose server runs as its child and listens nowhere. */

import { createPublicKey } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { server } from '../../support/certificates.js';
import { type Setup, user } from '../support/component.js';

export function ssh(): Setup<'socks'> {
  return {
    ports: ['socks'],
    command(site) {
      const key = site.file('key', server().key);
      chmodSync(key, 0o600);
      const publicKey = publicKeyOf(server().key);
      const settings = `
HostKey ${key}
AuthorizedKeysFile ${site.file('authorized', `${publicKey}\n`)}
StrictModes no
UsePAM no
PermitRootLogin yes
PidFile none
`;
      // Which Debian makes where it starts the service, and root's sshd does not do without.
      if (user === 'root') mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
      const options = [
        `ProxyCommand=/usr/sbin/sshd -i -e -f ${site.file('sshd_config', settings)}`,
        `UserKnownHostsFile=${site.file('known', `ssh.test ${publicKey}\n`)}`,
        'GlobalKnownHostsFile=none',
        'StrictHostKeyChecking=yes',
        'IdentitiesOnly=yes',
        'BatchMode=yes',
        'ExitOnForwardFailure=yes',
      ].flatMap((option) => ['-o', option]);
      const forward = ['-N', '-D', `127.0.0.1:${site.ports.socks}`];
      return ['ssh', '-F', 'none', ...options, '-i', key, ...forward, `${user}@ssh.test`];
    },
  };
}

/** As OpenSSH writes the public half of a P-256 key (RFC 5656 §3.1). */
function publicKeyOf(pem: string): string {
  const point = createPublicKey(pem).export({ format: 'der', type: 'spki' }).subarray(-65);
  const fields = [Buffer.from('ecdsa-sha2-nistp256'), Buffer.from('nistp256'), point].flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `ecdsa-sha2-nistp256 ${Buffer.concat(fields).toString('base64')}`;
}
