import { describe, expect, test } from 'vitest';
import {
  type Environment,
  isExempt,
  nodeUsesEnvironment,
  proxyFromEnvironment,
} from '../../../lib/dial/proxy-environment.js';

const plain = { secure: false, hostname: 'h.example', port: 80 };
const secure = { secure: true, hostname: 'h.example', port: 443 };

function chosen(target: typeof plain, env: Environment): string | undefined {
  return proxyFromEnvironment(target, env)?.hostname;
}

describe('the proxy of the environment', () => {
  test('is none where no variable is set', () => {
    expect(chosen(plain, {})).toBeUndefined();
    expect(chosen(secure, { PATH: '/bin' })).toBeUndefined();
  });

  test('for wss: is wss_proxy, https_proxy or all_proxy, in this order', () => {
    const env: Record<string, string> = { http_proxy: 'http', ws_proxy: 'ws' };
    expect(chosen(secure, env)).toBeUndefined();
    for (const name of ['all_proxy', 'https_proxy', 'wss_proxy']) {
      env[name] = name.replace('_', '-');
      expect(chosen(secure, env)).toBe(env[name]);
    }
  });

  test('for ws: is ws_proxy, https_proxy, http_proxy or all_proxy, in this order', () => {
    const env: Record<string, string> = { wss_proxy: 'wss' };
    expect(chosen(plain, env)).toBeUndefined();
    for (const name of ['all_proxy', 'http_proxy', 'https_proxy', 'ws_proxy']) {
      env[name] = name.replace('_', '-');
      expect(chosen(plain, env)).toBe(env[name]);
    }
  });

  test('may be of any scheme, and is of HTTP without one', () => {
    const env = { https_proxy: 'p:3128', all_proxy: 'socks5h://user:pass@s' };
    expect(proxyFromEnvironment(secure, env)).toMatchObject({ scheme: 'http', hostname: 'p', port: 3128 });
    expect(proxyFromEnvironment(secure, { ...env, https_proxy: '' })).toMatchObject({
      scheme: 'socks5h',
      credentials: { username: 'user', password: 'pass' },
    });
  });

  test('is read from variables in lower case, then in upper case', () => {
    expect(chosen(secure, { HTTPS_PROXY: 'upper' })).toBe('upper');
    expect(chosen(secure, { HTTPS_PROXY: 'upper', https_proxy: 'lower' })).toBe('lower');
    expect(chosen(secure, { HTTPS_PROXY: 'upper', https_proxy: ' ' })).toBe('upper');
    expect(chosen(secure, { HTTPS_PROXY: 'upper', all_proxy: 'lower' })).toBe('upper');
  });

  test('is not HTTP_PROXY in a CGI script, where that is a header of the request', () => {
    const env = { HTTP_PROXY: 'evil', REQUEST_METHOD: 'GET' };
    expect(chosen(plain, { HTTP_PROXY: 'good' })).toBe('good');
    expect(chosen(plain, env)).toBeUndefined();
    expect(chosen(plain, { ...env, http_proxy: 'good' })).toBe('good');
    expect(chosen(plain, { ...env, ALL_PROXY: 'good' })).toBe('good');
  });

  test('that can’t be used is an error that names the variable and shows no password', () => {
    const wrong = () => proxyFromEnvironment(secure, { HTTPS_PROXY: 'ftp://user:secret@h' });
    expect(wrong).toThrow("environment variable HTTPS_PROXY has scheme 'ftp:'; expected http:");
    expect(wrong).toThrow(expect.not.stringContaining('secret'));
  });

  test('is not asked for what no_proxy or NO_PROXY exempts', () => {
    expect(chosen(secure, { https_proxy: 'p', no_proxy: 'example' })).toBeUndefined();
    expect(chosen(secure, { https_proxy: 'p', NO_PROXY: 'h.example:443' })).toBeUndefined();
    expect(chosen(secure, { https_proxy: 'p', NO_PROXY: 'example', no_proxy: 'other' })).toBe('p');
    // Not even where it could not be used.
    expect(chosen(secure, { https_proxy: 'ftp://p', no_proxy: '*' })).toBeUndefined();
  });
});

describe('no_proxy', () => {
  const exempts = (list: string, host: string, port = 443) => isExempt({ hostname: host, port }, list);

  test.each([
    ['*', 'h.example'],
    ['*', '10.0.0.1'],
    ['h.example', 'h.example'],
    ['H.Example', 'h.example'],
    ['h.example', 'H.EXAMPLE'],
    ['h.example.', 'h.example'],
    ['h.example', 'h.example.'],
    ['example', 'h.example'],
    ['example', 'a.b.example'],
    ['.example', 'h.example'],
    ['.h.example', 'h.example'],
    ['*.example', 'h.example'],
    ['*.example', 'a.b.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['h.example:443', 'h.example'],
    ['.example:443', 'h.example'],
    ['*:443', 'h.example'],
    ['localhost', 'localhost'],
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1:443', '10.0.0.1'],
    ['10.0.0.0/8', '10.200.3.4'],
    ['10.0.0.1/32', '10.0.0.1'],
    ['0.0.0.0/0', '1.2.3.4'],
    ['10.0.0.0/8', '::ffff:10.0.0.1'],
    ['10.0.0.1-10.0.0.9', '10.0.0.5'],
    ['::1', '::1'],
    ['0:0::1', '::1'],
    ['[::1]', '::1'],
    ['[::1]:443', '::1'],
    ['fe80::/10', 'fe80::1'],
    ['fe80::/10', 'fe80::1%eth0'],
    ['fe80::/10', 'fe80::1%my_if'],
    ['fd00::/8', 'fd12:3456::1'],
    ['a, b,h.example', 'h.example'],
    ['a b\th.example', 'h.example'],
    [',, h.example ,', 'h.example'],
  ])('%j exempts %s', (list, host) => {
    expect(exempts(list, host)).toBe(true);
  });

  test.each([
    ['', 'h.example'],
    [' , ', 'h.example'],
    ['other', 'h.example'],
    ['ample', 'h.example'],
    ['.ample', 'h.example'],
    ['*.h.example', 'h.example'],
    ['*ample', 'h.example'],
    ['a.h.example', 'h.example'],
    ['h.example:80', 'h.example'],
    ['*:80', 'h.example'],
    ['.', 'h.example'],
    ['*.', 'h.example'],
    ['http://h.example', 'h.example'],
    ['1', '10.0.0.1'],
    ['0.0.1', '10.0.0.1'],
    ['10.0.0.2', '10.0.0.1'],
    ['10.0.0.1:80', '10.0.0.1'],
    ['10.0.0.0/8', '11.0.0.1'],
    ['10.0.0.0/33', '10.0.0.1'],
    ['10.0.0.0/', '10.0.0.1'],
    ['10.0.0.0/x', '10.0.0.1'],
    ['10.0.0.9-10.0.0.1', '10.0.0.5'],
    ['10.0.0.1-10.0.0.9', '10.0.0.10'],
    ['10.0.0.0/8', 'h.example'],
    ['[::1]:80', '::1'],
    ['::2', '::1'],
    ['fe80::/10', 'fd00::1'],
    ['fe80::/129', 'fe80::1'],
  ])('%j does not exempt %s', (list, host) => {
    expect(exempts(list, host)).toBe(false);
  });
});

test.each<[Environment, string[], boolean]>([
  [{}, [], false],
  [{ NODE_USE_ENV_PROXY: '1' }, [], true],
  [{ NODE_USE_ENV_PROXY: '0' }, [], false],
  [{ NODE_USE_ENV_PROXY: '' }, [], false],
  [{}, ['--use-env-proxy'], true],
  [{ NODE_OPTIONS: '--max-http-header-size=1 --use-env-proxy' }, [], true],
  [{ NODE_OPTIONS: '--use-env-proxy' }, ['--no-use-env-proxy'], false],
  [{ NODE_USE_ENV_PROXY: '1' }, ['--no-use-env-proxy'], false],
])('of %j and %j, the environment is used: %s', (env, execArgv, used) => {
  expect(nodeUsesEnvironment(env, execArgv)).toBe(used);
});
