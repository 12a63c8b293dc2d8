import { afterEach, expect, test, vi } from 'vitest';
import type { AddressSettings } from '../../../lib/dial/addresses.js';
import { parseProxy } from '../../../lib/dial/proxy.js';
import { findRoute, type RouteSettings } from '../../../lib/dial/route.js';

const target = { secure: false, hostname: 'h.example', port: 8080, endpoint: 'h.example:8080' };
const plain: RouteSettings = { family: 0, lookup: undefined, localAddress: '10.0.0.7', proxy: undefined };

/** A route, and what was resolved on the way. */
async function route(settings: Partial<RouteSettings>, to = target) {
  const resolved: [string, AddressSettings['family'], string | undefined][] = [];
  const found = await findRoute(to, { ...plain, ...settings }, async (hostname, { family, localAddress }) => {
    resolved.push([hostname, family, localAddress]);
    return [`10.0.0.${resolved.length}`, '10.0.0.9'];
  });
  return { ...found, resolved };
}

const through = (url: string) => ({ proxy: parseProxy('proxy', url) });

afterEach(() => {
  vi.unstubAllEnvs();
});

test('without a proxy the target itself is dialled', async () => {
  const { secure: _, ...where } = target;
  expect(await route({})).toEqual({
    ...where,
    targets: [
      { address: '10.0.0.1', port: 8080 },
      { address: '10.0.0.9', port: 8080 },
    ],
    addresses: ['10.0.0.1', '10.0.0.9'],
    tunnel: undefined,
    resolved: [['h.example', 0, '10.0.0.7']],
  });
});

test.each(['http', 'https', 'socks4a', 'socks5h'])(
  'a proxy of %s: resolves the target’s name itself',
  async (scheme) => {
    const { resolved, tunnel, ...where } = await route(through(`${scheme}://user@p:9`));
    const kind = scheme.startsWith('socks') ? 'SOCKS' : 'HTTP';
    const endpoint = `${kind} proxy ${scheme}://p:9`;
    const addresses = ['10.0.0.1', '10.0.0.9'];
    const targets = addresses.map((address) => ({ address, port: 9 }));
    expect(where).toEqual({ hostname: 'p', port: 9, endpoint, targets, addresses });
    expect(tunnel).toMatchObject({ proxy: { scheme }, destination: { hostname: 'h.example', port: 8080 } });
    expect(resolved).toEqual([['p', 0, '10.0.0.7']]);
  },
);

test.each<['socks4' | 'socks5', 0 | 4 | 6, 0 | 4 | 6]>([
  ['socks4', 0, 4],
  ['socks4', 6, 4],
  ['socks5', 0, 0],
  ['socks5', 6, 6],
])('for a proxy of %s: the name is resolved here: with family %i, to one of %i', async (scheme, family, wanted) => {
  const { resolved, tunnel } = await route({ ...through(`${scheme}://p`), family });
  expect(tunnel?.destination).toEqual({ hostname: '10.0.0.1', port: 8080 });
  expect(resolved).toEqual([
    ['h.example', wanted, undefined],
    ['p', family, '10.0.0.7'],
  ]);
});

test.each([
  ['/s', '/s'],
  // As an abstract socket's name is customarily shown.
  ['\0s', '@s'],
])('the path %j is dialled in place of the target, and no name is resolved', async (path, shown) => {
  const dialled = {
    hostname: undefined,
    port: undefined,
    endpoint: shown,
    targets: [{ path }],
    addresses: [shown],
    tunnel: undefined,
    resolved: [],
  };
  expect(await route({ socketPath: path })).toEqual(dialled);
  expect(await route({}, Object.assign({}, target, { socketPath: path }))).toEqual(dialled);
  vi.stubEnv('ws_proxy', 'http://p:1');
  expect(await route({ socketPath: path, proxy: 'environment' })).toEqual(dialled);
});

test('an address stands for itself', async () => {
  const { resolved, tunnel } = await route(through('socks4://p'), { ...target, hostname: '::1' });
  expect(tunnel?.destination.hostname).toBe('::1');
  expect(resolved).toHaveLength(1);
});

test('the environment is asked with each dial', async () => {
  vi.stubEnv('ws_proxy', 'http://p:1');
  expect((await route({ proxy: 'environment' })).endpoint).toBe('HTTP proxy http://p:1');
  vi.stubEnv('ws_proxy', 'http://p:2');
  expect((await route({ proxy: 'environment' })).endpoint).toBe('HTTP proxy http://p:2');
  vi.stubEnv('no_proxy', 'h.example:8080');
  expect((await route({ proxy: 'environment' })).tunnel).toBeUndefined();
  expect((await route({})).tunnel).toBeUndefined();
});
