/**
 * Knows when bytes that a socket of this process has sent are with the other side's kernel, read or not: what was
 * acknowledged stays to be read whatever comes after it, a reset included. Asks the kernel, on Linux; IPv4.
 */

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { sleep } from './times.js';

/** Resolves when all that was written to the socket has been acknowledged; rejects when it breaks before. */
export async function delivered(socket: Socket): Promise<void> {
  const ports = [socket.localPort, socket.remotePort] as const;
  while (socket.writableLength > 0 || unacknowledged(...ports) > 0) await sleep(1);
  if (socket.destroyed) throw new Error('the connection ended before all was delivered');
}

/**
 * How many bytes of the connection from `local` to `remote` were written and not acknowledged; none where there is no
 * such connection. A line has the addresses as IP:PORT and the queues as TX:RX, in hexadecimal (proc_pid_net(5)).
 */
function unacknowledged(local: number | undefined, remote: number | undefined): number {
  if (local === undefined || remote === undefined) return 0;
  const ends = new RegExp(`^ *\\d+: \\w+:${port(local)} \\w+:${port(remote)} \\w\\w (\\w+):`, 'm');
  const [, queued = '0'] = ends.exec(readFileSync('/proc/net/tcp', 'latin1')) ?? [];
  return Number.parseInt(queued, 16);
}

function port(number: number): string {
  return number.toString(16).toUpperCase().padStart(4, '0');
}
