/** tinyproxy: CONNECT to the ports that it is told, for those who say who they are. */

import type { Setup } from '../support/component.js';

export const credentials = { username: 'pilot', password: 'harbour' };

export function tinyproxy(...allowed: readonly number[]): Setup<'guarded'> {
  return {
    ports: ['guarded'],
    command(site) {
      const settings = `
Listen 127.0.0.1
Port ${site.ports.guarded}
Timeout 60
MaxClients 50
LogLevel Warning
Allow 127.0.0.1
BasicAuth ${credentials.username} ${credentials.password}
${allowed.map((port) => `ConnectPort ${port}`).join('\n')}
`;
      return ['tinyproxy', '-d', '-c', site.file('tinyproxy.conf', settings)];
    },
  };
}
