/**
 * From a host to the addresses to dial, in the order of the attempts (RFC 8305 §4). Asks `dns.lookup` or the caller's
 * `lookup`; knows no deadline and dials nothing.
 */

import * as dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { show } from '../check.js';
import { invalidArgument } from '../errors.js';
import { lookupFailure } from '../failures.js';

export interface AddressSettings {
  /** The only family wanted, or 0. */
  readonly family: 0 | 4 | 6;
  readonly lookup: LookupFunction | undefined;
  /** Leaves out the addresses that this one can't reach. */
  readonly localAddress: string | undefined;
}

/**
 * 4 or 6 for an IP address, else 0. An IPv6 address may have a zone (RFC 4007 §11), also one whose name `isIP` does not
 * take for one, as that of an interface with an underscore.
 */
export function familyOf(address: string): 0 | 4 | 6 {
  const percent = address.indexOf('%');
  if (percent === -1) return isIP(address) as 0 | 4 | 6;
  return isIP(address.slice(0, percent)) === 6 && /^[^\s/%\0]+$/.test(address.slice(percent + 1)) ? 6 : 0;
}

/**
 * The addresses of a host; an IP address stands for itself.
 *
 * @throws TransportError where the name has no address of the family wanted, or asking failed.
 * @throws TypeError where `lookup` gives something else than IP addresses.
 */
export async function resolveAddresses(hostname: string, settings: AddressSettings): Promise<readonly string[]> {
  const { localAddress } = settings;
  const localFamily = localAddress === undefined ? 0 : familyOf(localAddress);
  const family = settings.family === 0 ? localFamily : settings.family;
  const found = familyOf(hostname) === 0 ? await lookUp(hostname, family, settings.lookup) : [hostname];
  const usable = found.filter(
    (address) =>
      (family === 0 || familyOf(address) === family) && (localFamily === 0 || familyOf(address) === localFamily),
  );
  if (usable.length === 0) throw lookupFailure(hostname, noAddress(family));
  return interleaveFamilies([...new Set(usable)]);
}

function noAddress(family: number): Error {
  const wanted = family === 0 ? 'address' : `IPv${family} address`;
  return Object.assign(new Error(`the host has no ${wanted} to connect to`), { code: 'ENOTFOUND' });
}

function lookUp(hostname: string, family: number, lookup: LookupFunction = dns.lookup): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const options = { all: true, family, order: 'verbatim' } as const;
    const answered: Parameters<LookupFunction>[2] = (error, answer) => {
      if (error) return reject(lookupFailure(hostname, error));
      // A lookup that ignores `all` answers with one address.
      const addresses: unknown[] = Array.isArray(answer) ? answer.map((entry) => entry?.address) : [answer];
      for (const address of addresses) {
        if (typeof address === 'string' && familyOf(address) !== 0) continue;
        return reject(invalidArgument(`lookup gave ${show(address)}; expected an IP address`));
      }
      resolve(addresses as string[]);
    };
    try {
      lookup(hostname, options, answered);
    } catch (error) {
      reject(lookupFailure(hostname, error as Error));
    }
  });
}

/**
 * Alternates between the families, beginning with the first address's; each family keeps its order. One family that
 * is broken then costs one delay, not one per address (RFC 8305 §4).
 */
export function interleaveFamilies(addresses: readonly string[]): readonly string[] {
  const first = familyOf(addresses[0] ?? '');
  const preferred = addresses.filter((address) => familyOf(address) === first);
  const others = addresses.filter((address) => familyOf(address) !== first);
  const result: string[] = [];
  for (let i = 0; i < Math.max(preferred.length, others.length); i++) {
    result.push(...preferred.slice(i, i + 1), ...others.slice(i, i + 1));
  }
  return result;
}
