/** IP addresses as SOCKS carries them: their bytes in network order. Pure. */

import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';

/** The four or sixteen bytes of a valid IP address. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // A URL writes an address in one way only: hexadecimal, with one gap at most.
  const { hostname } = new URL(`http://[${address}]`);
  const [before = '', after] = hostname.slice(1, -1).split('::');
  const head = groups(before);
  const tail = groups(after ?? '');
  const gap = new Array<number>(8 - head.length - tail.length).fill(0);
  return Buffer.from([...head, ...gap, ...tail].flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
