import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { InvalidURL } from '../../../lib/errors.js';
import { parseUrl } from '../../../lib/handshake/url.js';

test('a URL says what to dial and what to ask for', () => {
  expect(parseUrl('ws://example.com:8080/a/b?c=d')).toEqual({
    href: 'ws://example.com:8080/a/b?c=d',
    secure: false,
    hostname: 'example.com',
    port: 8080,
    socketPath: undefined,
    endpoint: 'example.com:8080',
    host: 'example.com:8080',
    resource: '/a/b?c=d',
    credentials: undefined,
  });
});

test.each([
  ['ws://example.com', 80, 'example.com'],
  ['ws://example.com:80/', 80, 'example.com'],
  ['ws://example.com:443/', 443, 'example.com:443'],
  ['wss://example.com', 443, 'example.com'],
  ['wss://example.com:443', 443, 'example.com'],
  ['wss://example.com:80', 80, 'example.com:80'],
])('%s is port %i and its Host is %s', (url, port, host) => {
  expect(parseUrl(url)).toMatchObject({ port, host, secure: url.startsWith('wss') });
});

test('an IPv6 address keeps its brackets in Host and loses them for dialling', () => {
  expect(parseUrl('ws://[::1]:99/')).toMatchObject({ hostname: '::1', host: '[::1]:99', endpoint: '[::1]:99' });
});

test('a host is put in its canonical form', () => {
  expect(parseUrl('WS://EXAMPLE.com').hostname).toBe('example.com');
  expect(parseUrl('ws://münchen.example').hostname).toBe('xn--mnchen-3ya.example');
  expect(parseUrl('ws://0x7f.1').hostname).toBe('127.0.0.1');
});

test.each([
  ['ws://[fe80::1%25lo]:99/a', 'fe80::1%lo', '[fe80::1]:99', 'ws://[fe80::1%25lo]:99/a'],
  ['ws://u:p]@[FE80::1%25eth0.1]/', 'fe80::1%eth0.1', '[fe80::1]', 'ws://[fe80::1%25eth0.1]/'],
  ['ws://[fe80::1%25br_%30]', 'fe80::1%br_0', '[fe80::1]', 'ws://[fe80::1%25br_0]/'],
  ['ws://[fe80::1%25a%3F$&]/', 'fe80::1%a?$&', '[fe80::1]', 'ws://[fe80::1%25a%3F%24%26]/'],
  ['wss://[fe80::1%257]:443/?[x]', 'fe80::1%7', '[fe80::1]', 'wss://[fe80::1%257]/?[x]'],
])('the zone of %s is dialled, and not in Host', (url, hostname, host, href) => {
  const target = parseUrl(url);
  expect(target).toMatchObject({ hostname, host, href });
  expect(target.endpoint).toBe(`[${hostname}]:${target.port}`);
  expect(parseUrl(target.href)).toEqual({ ...target, credentials: undefined });
});

test.each(['ws://[fe80::1%25]/', 'ws://[fe80::1%25%2F]/', 'ws://[fe80::1%25a%20b]/', 'ws://[fe80::1%25%ff]/'])(
  'the zone of %s is refused',
  (url) => {
    expect(() => parseUrl(url)).toThrow(InvalidURL);
    expect(() => parseUrl(url)).toThrow('expected the name or number of an interface');
  },
);

test.each(['ws://[fe80::1%lo]/', 'ws://[::ffff:1.2.3.4%25lo/', 'ws://127.0.0.1%25lo/', 'ws://h/[fe80::1%25lo]'])(
  'what looks like a zone in %s is none',
  (url) => {
    if (url.startsWith('ws://h/')) expect(parseUrl(url)).toMatchObject({ hostname: 'h', resource: '/[fe80::1%25lo]' });
    else expect(() => parseUrl(url)).toThrow('expected an absolute URL');
  },
);

test('a trailing dot is part of the name, which then is no other name relative to it', () => {
  expect(parseUrl('ws://Example.com.:8080/')).toMatchObject({
    hostname: 'example.com.',
    host: 'example.com.:8080',
    endpoint: 'example.com.:8080',
  });
});

test.each([
  ['ws+unix:/run/s.sock:/chat?x=a:b', '/run/s.sock', '/chat?x=a:b'],
  ['ws+unix:/run/s.sock', '/run/s.sock', '/'],
  ['ws+unix:/run/s.sock:', '/run/s.sock', '/'],
  ['ws+unix:/run/s.sock:?x', '/run/s.sock', '/?x'],
  ['ws+unix:///run/s.sock:/chat', '/run/s.sock', '/chat'],
  ['ws+unix:s.sock:/chat', 's.sock', '/chat'],
  ['ws+unix:./a/../s.sock:/a b', './a/../s.sock', '/a%20b'],
  ['ws+unix:/a%20b:/c%20d', '/a%20b', '/c%20d'],
  ['ws+unix:\\\\.\\pipe\\s:/chat', '\\\\.\\pipe\\s', '/chat'],
])('%s is a socket and a resource, as ws reads it', (url, socketPath, resource) => {
  expect(parseUrl(url)).toMatchObject({
    secure: false,
    hostname: 'localhost',
    host: 'localhost',
    port: 80,
    endpoint: socketPath,
    socketPath,
    resource,
    credentials: undefined,
  });
});

test('wss+unix: is the same with TLS', () => {
  expect(parseUrl('wss+unix:/s:/chat')).toMatchObject({ secure: true, host: 'localhost', port: 443, socketPath: '/s' });
});

test.each([
  ['ws+unix:', 'url has no path of a socket'],
  ['ws+unix::/chat', 'url has no path of a socket'],
  ['ws+unix://run/s.sock', "url has host 'run'; expected a path right behind the scheme"],
  ['ws+unix:/s:chat', "url has resource 'chat' behind the socket's path; expected one that begins with /"],
  ['ws+unix:/s:/chat#x', 'url has a fragment'],
])('%s is refused', (url, message) => {
  expect(() => parseUrl(url)).toThrow(InvalidURL);
  expect(() => parseUrl(url)).toThrow(message);
});

test('an empty path is a slash', () => {
  expect(parseUrl('ws://h').resource).toBe('/');
  expect(parseUrl('ws://h?x').resource).toBe('/?x');
});

test('characters that a request line can’t have are percent-encoded', () => {
  expect(parseUrl('ws://h/a b?c d\u00e9').resource).toBe('/a%20b?c%20d%C3%A9');
});

test('a URL object is as good as a string, and is not changed', () => {
  const url = new URL('ws://u:p@h/x');
  expect(parseUrl(url)).toMatchObject({ href: 'ws://h/x', resource: '/x' });
  expect(url.href).toBe('ws://u:p@h/x');
});

test('credentials are percent-decoded and not in the href', () => {
  expect(parseUrl('ws://us%C3%A9r:p%3Aw%40@h/')).toMatchObject({
    href: 'ws://h/',
    credentials: { username: 'usér', password: 'p:w@' },
  });
});

test('a user alone has an empty password', () => {
  expect(parseUrl('ws://u@h').credentials).toEqual({ username: 'u', password: '' });
});

test.each(['http:', 'https:', 'ftp:', 'wsss:'])('scheme %s is named', (scheme) => {
  expect(() => parseUrl(`${scheme}//h/`)).toThrow(
    new InvalidURL(`url has scheme '${scheme}'; expected 'ws:', 'wss:', 'ws+unix:' or 'wss+unix:'`),
  );
});

test.each(['ws://h/#x', 'ws://h/#', 'ws://h/?a#b'])('the fragment in %s is refused', (url) => {
  expect(() => parseUrl(url)).toThrow(InvalidURL);
  expect(() => parseUrl(url)).toThrow('url has a fragment');
});

test.each(['', 'example.com', '/path', 'ws://', 'ws://h:99999', 'ws://h:x', 'ws://[::1', 'ws://a b/'])(
  '%j is no absolute URL',
  (url) => {
    expect(() => parseUrl(url)).toThrow(InvalidURL);
    expect(() => parseUrl(url)).toThrow('expected an absolute URL');
  },
);

test('port 0 is refused', () => {
  expect(() => parseUrl('ws://h:0/')).toThrow(InvalidURL);
});

test.each(['ws://%ff:x@h', 'ws://a%3Ab:x@h', 'ws://a:%0a@h'])('the credentials in %s are refused', (url) => {
  expect(() => parseUrl(url)).toThrow(InvalidURL);
});

test.each([
  ['ws://user:secret@h:99999/', 'ws://…@h:99999/'],
  ['ws:user:secret@h:99999/', 'ws:…@h:99999/'],
  ['WSS:/user:secret@h:99999/', 'WSS:/…@h:99999/'],
  ['wss:\\\\user:secret@h:99999/', 'wss:\\\\…@h:99999/'],
  ['//user:secret@h', '//…@h'],
])('a URL that is refused does not show its password: %s', (url, shown) => {
  expect(() => parseUrl(url)).toThrow(`url is ${inspect(shown)}; expected`);
});

test.each([undefined, null, 5, {}, []])('a url of %j is a TypeError', (url) => {
  expect(() => parseUrl(url as unknown as string)).toThrow(TypeError);
});
