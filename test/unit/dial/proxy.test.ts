import { expect, test } from 'vitest';
import { describeProxy, type ProxyServer, parseProxy, resolvesLocally } from '../../../lib/dial/proxy.js';

const parse = (url: string) => parseProxy('proxy', url);

test.each<[string, Partial<ProxyServer>]>([
  ['http://h:3128', { scheme: 'http', hostname: 'h', port: 3128, href: 'http://h:3128' }],
  ['http://h', { scheme: 'http', port: 80, href: 'http://h:80' }],
  ['http://h/', { scheme: 'http', port: 80 }],
  ['HTTP://H', { scheme: 'http', hostname: 'h' }],
  ['https://h', { scheme: 'https', port: 443 }],
  ['https://h:80', { scheme: 'https', port: 80, href: 'https://h:80' }],
  ['socks4://h', { scheme: 'socks4', port: 1080 }],
  ['socks4a://h:80', { scheme: 'socks4a', port: 80, href: 'socks4a://h:80' }],
  ['socks5://h', { scheme: 'socks5', port: 1080 }],
  ['socks5h://h', { scheme: 'socks5h', port: 1080, href: 'socks5h://h:1080' }],
  ['socks://h', { scheme: 'socks5h', port: 1080 }],
  ['h:3128', { scheme: 'http', hostname: 'h', port: 3128 }],
  ['h', { scheme: 'http', hostname: 'h', port: 80 }],
  ['127.0.0.1:3128', { scheme: 'http', hostname: '127.0.0.1', port: 3128 }],
  ['[::1]:3128', { scheme: 'http', hostname: '::1', port: 3128, href: 'http://[::1]:3128' }],
  [' http://h ', { hostname: 'h' }],
  ['socks5://[::0001]', { hostname: '::1', href: 'socks5://[::1]:1080' }],
  ['socks5h://Bücher.example', { hostname: 'xn--bcher-kva.example' }],
])('%j is a proxy', (url, expected) => {
  expect(parse(url)).toMatchObject({ credentials: undefined, ...expected });
});

test.each([
  ['http://user:pass@h', 'user', 'pass'],
  ['user:pass@h:3128', 'user', 'pass'],
  ['https://us%40er:p%3Aa%2Fss@h', 'us@er', 'p:a/ss'],
  ['http://user@h', 'user', ''],
  ['http://:pass@h', '', 'pass'],
  ['socks5://us%3Aer:%E2%98%83@h', 'us:er', '☃'],
  ['socks5://user@h', 'user', ''],
  ['socks4://user@h', 'user', ''],
  [`socks5://${'u'.repeat(255)}:${'p'.repeat(255)}@h`, 'u'.repeat(255), 'p'.repeat(255)],
])('%j has credentials', (url, username, password) => {
  expect(parse(url).credentials).toEqual({ username, password });
});

test.each([
  ['ftp://h', "proxy has scheme 'ftp:'; expected http:, https:, socks4:, socks4a:, socks5:, socks5h: or socks:"],
  ['wss://h', "proxy has scheme 'wss:'; expected"],
  ['socks6://h', "proxy has scheme 'socks6:'; expected"],
  ['constructor://h', "proxy has scheme 'constructor:'; expected"],
  ['', "proxy is ''; expected a URL like http://host:port"],
  ['http://', "proxy is 'http://'; expected a URL like http://host:port"],
  ['h h', "proxy is 'h h'; expected"],
  ['http://h:65536', "proxy is 'http://h:65536'; expected"],
  ['ftp:h', "proxy is 'ftp:h'; expected"],
  ['http://h:0', 'proxy has port 0; expected 1 to 65535'],
  ['http://h/path', 'proxy has a path, query or fragment; expected none'],
  ['http://h?q', 'proxy has a path, query or fragment; expected none'],
  ['http://h/#f', 'proxy has a path, query or fragment; expected none'],
  ['http://%ff@h', 'proxy has credentials that are not percent-encoded UTF-8'],
  ['http://us%3Aer:p@h', 'the username in proxy has a colon; expected none'],
  ['http://user:p%0d%0a@h', 'proxy has a control character; expected none'],
  ['socks4://user:pass@h', "proxy has a password, which SOCKS4 can't carry"],
  ['socks4a://us%00er@h', 'the username in proxy has a NUL; expected none'],
  ['socks5://:pass@h', 'proxy has a password without a username; expected both'],
  [`socks5://${'u'.repeat(256)}:p@h`, 'the username in proxy has 256 bytes; the limit is 255'],
  [`socks5://u:${'%E2%98%83'.repeat(86)}@h`, 'the password in proxy has 258 bytes; the limit is 255'],
])('%j can’t be one', (url, message) => {
  expect(() => parse(url)).toThrow(message);
  expect(() => parse(url)).toThrow(TypeError);
});

test.each(['http://user:secret@h h', 'user:secret@h:99999', 'x://user:secret@h', 'http://user:secret%zz@h/path'])(
  'what is wrong with %j is said without its password',
  (url) => {
    expect(() => parse(url)).toThrow(expect.not.stringContaining('secret'));
  },
);

test('an error names a proxy without its credentials', () => {
  expect(describeProxy(parse('http://user:secret@h'))).toBe('HTTP proxy http://h:80');
  expect(describeProxy(parse('https://user:secret@h'))).toBe('HTTP proxy https://h:443');
  expect(describeProxy(parse('socks5h://user:secret@h'))).toBe('SOCKS proxy socks5h://h:1080');
});

test('names are resolved here for the schemes that say so', () => {
  const schemes = ['http', 'https', 'socks', 'socks4', 'socks4a', 'socks5', 'socks5h'];
  expect(schemes.filter((scheme) => resolvesLocally(parse(`${scheme}://h`)))).toEqual(['socks4', 'socks5']);
});
