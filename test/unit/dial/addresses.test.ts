import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { expect, test } from 'vitest';
import { type AddressSettings, familyOf, interleaveFamilies, resolveAddresses } from '../../../lib/dial/addresses.js';
import { TransportError } from '../../../lib/errors.js';

const plain: AddressSettings = { family: 0, lookup: undefined, localAddress: undefined };

/** A lookup that answers with these addresses and records what it was asked. */
function lookupOf(addresses: string[]) {
  const asked: { hostname: string; options: unknown }[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push({ hostname, options });
    const answer: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    callback(null, answer);
  };
  return { asked, lookup };
}

function answering(...answer: unknown[]): LookupFunction {
  return (_hostname, _options, callback) => (callback as (...args: unknown[]) => void)(...answer);
}

test.each([
  [[], []],
  [['1.1.1.1'], ['1.1.1.1']],
  [
    ['::1', '::2', '::3', '1.1.1.1', '2.2.2.2'],
    ['::1', '1.1.1.1', '::2', '2.2.2.2', '::3'],
  ],
  [
    ['1.1.1.1', '2.2.2.2', '::1'],
    ['1.1.1.1', '::1', '2.2.2.2'],
  ],
  [
    ['::1', '1.1.1.1', '2.2.2.2', '3.3.3.3'],
    ['::1', '1.1.1.1', '2.2.2.2', '3.3.3.3'],
  ],
])('families of %j alternate, the first address first', (addresses, interleaved) => {
  expect(interleaveFamilies(addresses)).toEqual(interleaved);
});

test.each(['127.0.0.1', '::1'])('%s stands for itself, and nobody is asked', async (address) => {
  const { asked, lookup } = lookupOf(['9.9.9.9']);
  expect(await resolveAddresses(address, { ...plain, lookup })).toEqual([address]);
  expect(asked).toEqual([]);
});

test.each([
  ['127.0.0.1', 4],
  ['::1', 6],
  ['fe80::1%eth0', 6],
  ['fe80::1%br_0', 6],
  ['fe80::1%', 0],
  ['fe80::1%a b', 0],
  ['127.0.0.1%eth0', 0],
  ['h.example', 0],
  ['', 0],
])('the family of %j is %i', (address, family) => {
  expect(familyOf(address)).toBe(family);
});

test('an address keeps its zone, also one that a lookup gives', async () => {
  const { lookup } = lookupOf(['fe80::1%br_0', '1.1.1.1']);
  expect(await resolveAddresses('fe80::1%br_0', { ...plain, lookup })).toEqual(['fe80::1%br_0']);
  expect(await resolveAddresses('h.', { ...plain, lookup })).toEqual(['fe80::1%br_0', '1.1.1.1']);
});

test('a lookup is asked for all addresses, in the resolver’s order', async () => {
  const { asked, lookup } = lookupOf(['1.1.1.1']);
  await resolveAddresses('h.example', { ...plain, family: 4, lookup });
  expect(asked).toEqual([{ hostname: 'h.example', options: { all: true, family: 4, order: 'verbatim' } }]);
});

test('localhost is known to dns.lookup', async () => {
  const addresses = await resolveAddresses('localhost', plain);
  expect(['127.0.0.1', '::1']).toContain(addresses[0]);
});

test('addresses are interleaved, and each is tried once', async () => {
  const { lookup } = lookupOf(['::1', '::1', '::2', '1.1.1.1', '1.1.1.1']);
  expect(await resolveAddresses('h', { ...plain, lookup })).toEqual(['::1', '1.1.1.1', '::2']);
});

test('only the family wanted is tried', async () => {
  const { lookup } = lookupOf(['::1', '1.1.1.1']);
  expect(await resolveAddresses('h', { ...plain, lookup, family: 4 })).toEqual(['1.1.1.1']);
});

test('only what the local address can reach is tried', async () => {
  const { asked, lookup } = lookupOf(['::1', '1.1.1.1']);
  expect(await resolveAddresses('h', { ...plain, lookup, localAddress: '::' })).toEqual(['::1']);
  expect(asked[0]?.options).toMatchObject({ family: 6 });
});

test('a lookup that answers with one address is understood', async () => {
  expect(await resolveAddresses('h', { ...plain, lookup: answering(null, '1.1.1.1', 4) })).toEqual(['1.1.1.1']);
});

test('a lookup’s error is a TransportError that keeps it as its cause', async () => {
  const cause = Object.assign(new Error('getaddrinfo ENOTFOUND h'), { code: 'ENOTFOUND', errno: -3008 });
  const failed = resolveAddresses('h', { ...plain, lookup: answering(cause) });
  await expect(failed).rejects.toBeInstanceOf(TransportError);
  await expect(failed).rejects.toMatchObject({ code: 'ENOTFOUND', hostname: 'h', cause });
});

test('no address is ENOTFOUND, and the cause says what was wanted', async () => {
  const failed = resolveAddresses('h', { ...plain, family: 6, lookup: answering(null, []) });
  await expect(failed).rejects.toMatchObject({
    code: 'ENOTFOUND',
    cause: { message: 'the host has no IPv6 address to connect to' },
  });
  await expect(resolveAddresses('1.1.1.1', { ...plain, family: 6 })).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test.each([['example.com'], [undefined], [[{ address: 'nonsense' }]], [[null]], [['1.1.1.1']]])(
  'a lookup that answers %j is a TypeError',
  async (answer) => {
    await expect(resolveAddresses('h', { ...plain, lookup: answering(null, answer) })).rejects.toBeInstanceOf(
      TypeError,
    );
  },
);

test('a lookup that throws has failed, with what it threw as the cause', async () => {
  const lookup: LookupFunction = () => {
    throw new Error('mine');
  };
  await expect(resolveAddresses('h', { ...plain, lookup })).rejects.toMatchObject({ cause: { message: 'mine' } });
});
