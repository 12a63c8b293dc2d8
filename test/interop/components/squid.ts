/** squid: CONNECT to all ports but one, for anybody and for those who say who they are. */

import { type Setup, user } from '../support/component.js';

export const credentials = { username: 'pilot', password: 'p@ss:word' };

export function squid(refused: number): Setup<'open' | 'guarded'> {
  return {
    ports: ['open', 'guarded'],
    command(site) {
      const { open, guarded } = site.ports;
      // Squid changes from root to its own user, by which the kernel forgets to end it with the tests.
      const itsUser = ['setpriv', '--reuid=proxy', '--regid=proxy', '--clear-groups', '--pdeathsig=KILL'] as const;
      // It is asked once for each pair of words that squid does not know yet, a line each.
      const known = `${credentials.username} ${credentials.password}`;
      const judge = site.file(
        'judge',
        `while read -r words; do [ "$words" = '${known}' ] && echo OK || echo ERR; done\n`,
      );
      const settings = `
http_port 127.0.0.1:${open} name=open
http_port 127.0.0.1:${guarded} name=guarded
auth_param basic program /bin/sh ${judge}
auth_param basic children 1 startup=1 idle=1
auth_param basic realm the lock
acl refused port ${refused}
acl at-guarded myportname guarded
acl known proxy_auth REQUIRED
http_access deny refused
http_access deny at-guarded !known
http_access allow all
visible_hostname squid.test
dns_nameservers 127.0.0.1
pid_filename none
access_log none
cache_log /dev/null
cache deny all
cache_mem 1 MB
coredump_dir ${site.folder}
shutdown_lifetime 0 seconds
pinger_enable off
netdb_filename none
max_filedescriptors 1024
`;
      const command = ['squid', '-N', '-d', '0', '-f', site.file('squid.conf', settings)] as const;
      return user === 'root' ? [...itsUser, ...command] : command;
    },
  };
}
