import { afterEach, expect, test, vi } from 'vitest';
import type { AddressSettings } from '../../../lib/dial/addresses.js';
import { parseProxy } from '../../../lib/dial/proxy.js';
import { findRoute, type RoutedTarget, type RouteSettings } from '../../../lib/dial/route.js';

const target: RoutedTarget = {
  secure: false,
  hostname: 'h.example',
  port: 8080,
  endpoint: 'h.example:8080',
  socketPath: undefined,
};
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
  const { hostname, port, endpoint } = target;
  expect(await route({})).toEqual({
    hostname,
    port,
    endpoint,
    addresses: ['10.0.0.1', '10.0.0.9'],
    targets: [
      { address: '10.0.0.1', port },
      { address: '10.0.0.9', port },
    ],
    tunnel: undefined,
    resolved: [['h.example', 0, '10.0.0.7']],
  });
});

test.each(['http', 'https', 'socks4a', 'socks5h'])(
  'a proxy of %s: resolves the target’s name itself',
  async (scheme) => {
    const { resolved, tunnel, targets, ...where } = await route(through(`${scheme}://user@p:9`));
    const kind = scheme.startsWith('socks') ? 'SOCKS' : 'HTTP';
    const endpoint = `${kind} proxy ${scheme}://p:9`;
    expect(where).toEqual({ hostname: 'p', port: 9, endpoint, addresses: ['10.0.0.1', '10.0.0.9'] });
    expect(tunnel).toMatchObject({ proxy: { scheme }, destination: { hostname: 'h.example', port: 8080 } });
    expect(resolved).toEqual([['p', 0, '10.0.0.7']]);
    expect(targets).toContainEqual({ address: '10.0.0.1', port: 9 });
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

test('a path is dialled in place of the host and past any proxy, and nobody is asked for addresses', async () => {
  vi.stubEnv('ws_proxy', 'http://p:1');
  for (const settings of [{}, through('http://p'), { proxy: 'environment' } as const]) {
    expect(await route(settings, { ...target, socketPath: '/s' })).toEqual({
      targets: [{ path: '/s' }],
      addresses: ['/s'],
      endpoint: '/s',
      hostname: undefined,
      port: undefined,
      tunnel: undefined,
      resolved: [],
    });
  }
});

test('an abstract socket’s name is dialled as it is and shown with an @', async () => {
  expect(await route({}, { ...target, socketPath: '\0s' })).toMatchObject({
    targets: [{ path: '\0s' }],
    endpoint: '@s',
  });
});
