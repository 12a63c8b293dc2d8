import { constants } from 'node:buffer';
import { expect, onTestFinished, test, vi } from 'vitest';
import { invalidArgument, invalidRange, NotSupported } from '../../lib/errors.js';
import { type ConnectOptions, resolveOptions } from '../../lib/options.js';
import { checkTls } from '../../lib/tls/options.js';
import { version } from '../../lib/version.js';

/** Resolves what the types would not let through. */
function resolveAny(options: unknown) {
  return resolveOptions(options as ConnectOptions);
}

test('the defaults are those that are documented', () => {
  expect(resolveOptions()).toEqual({
    openTimeout: 10_000,
    closeTimeout: 10_000,
    pingInterval: 20_000,
    pingTimeout: 20_000,
    maxMessageSize: { message: 16 * 1024 * 1024, fragment: Infinity },
    maxFragments: 131_072,
    maxQueue: { messages: { high: 65_536, low: 16_384 }, bytes: { high: 4_194_304, low: 1_048_576 } },
    writeLimit: { high: 1_048_576, low: 262_144 },
    subprotocols: [],
    origin: undefined,
    headers: [],
    userAgent: `hawser/${version}`,
    auth: undefined,
    family: 0,
    lookup: undefined,
    localAddress: undefined,
    maxRedirects: 10,
    localPort: 0,
    socketPath: undefined,
    noDelay: true,
    keepAlive: false,
    keepAliveInitialDelay: 0,
    attemptDelay: 250,
    tls: checkTls('tls'),
    proxy: undefined,
    proxyHeaders: [],
    proxyTls: checkTls('proxyTls'),
    signal: undefined,
    compression: {
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: undefined,
      clientMaxWindowBits: true,
      level: -1,
      memLevel: 8,
      threshold: undefined,
    },
  });
});

test('an option that is undefined is left out', () => {
  const names = Object.keys(resolveOptions());
  const options = Object.fromEntries([...names, 'tls'].map((name) => [name, undefined]));
  expect(resolveAny(options)).toEqual(resolveOptions());
});

test.each(['openTimeout', 'closeTimeout', 'pingInterval', 'pingTimeout'] as const)(
  '%s is switched off by null',
  (name) => {
    expect(resolveOptions({ [name]: null })[name]).toBe(0);
  },
);

test.each(['openTimeout', 'closeTimeout', 'pingInterval', 'pingTimeout'])('%s says what it expects', (name) => {
  expect(() => resolveAny({ [name]: 'abc' })).toThrow(
    invalidArgument(`${name} is 'abc'; expected a number of milliseconds above 0, or null`),
  );
  expect(() => resolveAny({ [name]: 0 })).toThrow(RangeError);
});

test('wrong arguments have a code', () => {
  expect(() => resolveAny({ noDelay: 1 })).toThrow(expect.objectContaining({ code: 'HAWSER_INVALID_ARGUMENT' }));
  expect(() => resolveAny({ attemptDelay: 1 })).toThrow(expect.objectContaining({ code: 'HAWSER_INVALID_ARGUMENT' }));
});

test.each([null, 'ws', 5, [], true])('options that are %j are a TypeError', (options) => {
  expect(() => resolveAny(options)).toThrow(TypeError);
});

test.each([
  ['openTimout', 'openTimeout'],
  ['Headers', 'headers'],
  ['handshakeTimeout', 'openTimeout'],
  ['maxPayload', 'maxMessageSize'],
  ['perMessageDeflate', 'compression'],
  ['protocols', 'subprotocols'],
])('the unknown option %s leads to %s', (name, meant) => {
  expect(() => resolveAny({ [name]: 1 })).toThrow(invalidArgument(`unknown option ${name}; did you mean ${meant}?`));
});

test('an unknown option that is near to none is named', () => {
  expect(() => resolveAny({ colour: 'red' })).toThrow(invalidArgument('unknown option colour'));
});

test.each([['reader', {}]])('the option %s of a later version is not supported yet', (name, value) => {
  expect(() => resolveAny({ [name]: value })).toThrow(NotSupported);
  expect(() => resolveAny({ [name]: value })).toThrow(`option ${name} is not supported yet`);
});

test('what later versions can be told to leave out may be left out now', () => {
  expect(() => resolveOptions({ proxy: false, maxRedirects: 0 })).not.toThrow();
});

test.each(['http://user:pass@h:3128', new URL('http://user:pass@h:3128')])('proxy is a URL: %s', (proxy) => {
  const credentials = { username: 'user', password: 'pass' };
  expect(resolveOptions({ proxy }).proxy).toMatchObject({ scheme: 'http', hostname: 'h', port: 3128, credentials });
});

test('proxy is the environment’s where it is true, and none where it is false', () => {
  expect(resolveOptions({ proxy: true }).proxy).toBe('environment');
  expect(resolveOptions({ proxy: false }).proxy).toBeUndefined();
});

test('proxy is the environment’s by default where it is Node’s', () => {
  vi.stubEnv('NODE_USE_ENV_PROXY', '1');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(resolveOptions().proxy).toBe('environment');
  expect(resolveOptions({ proxy: undefined }).proxy).toBe('environment');
  expect(resolveOptions({ proxy: false }).proxy).toBeUndefined();
});

test.each([null, 3128, {}, []])('a proxy of %j is a TypeError', (proxy) => {
  expect(() => resolveAny({ proxy })).toThrow('expected a URL, true or false');
  expect(() => resolveAny({ proxy })).toThrow(TypeError);
});

test('a proxy of an unknown scheme is a TypeError', () => {
  expect(() => resolveOptions({ proxy: 'ftp://user:secret@h' })).toThrow(
    invalidArgument("proxy has scheme 'ftp:'; expected http:, https:, socks4:, socks4a:, socks5:, socks5h: or socks:"),
  );
});

test.each(['http', 'socks4', 'socks4a', 'socks5', 'socks5h'])('proxyTls is not for a proxy of %s:', (scheme) => {
  expect(() => resolveOptions({ proxy: `${scheme}://h`, proxyTls: {} })).toThrow(
    invalidArgument(`proxyTls is given and proxy has scheme '${scheme}:'; expected 'https:', or no proxyTls`),
  );
});

test('proxyTls may be given with a proxy of https:, and with one that the environment may name', () => {
  const proxyTls = { servername: 'p.example' };
  for (const proxy of ['https://h', true, false, undefined]) {
    expect(resolveOptions({ proxy, proxyTls }).proxyTls.servername).toBe('p.example');
  }
  expect(() => resolveAny({ proxyTls: { servername: 5 } })).toThrow('proxyTls.servername');
});

test('proxyHeaders are checked as headers are', () => {
  expect(resolveOptions({ proxyHeaders: { 'X-A': ['1', '2'] } }).proxyHeaders).toEqual([
    ['X-A', '1'],
    ['X-A', '2'],
  ]);
  expect(() => resolveAny({ proxyHeaders: 'x' })).toThrow(
    'proxyHeaders is of type string; expected an object or pairs',
  );
  expect(() => resolveOptions({ proxyHeaders: { Upgrade: 'x' } })).toThrow('proxyHeaders has Upgrade; expected');
});

test('ten redirects are followed unless told otherwise', () => {
  expect(resolveOptions().maxRedirects).toBe(10);
  expect(resolveOptions({ maxRedirects: 0 }).maxRedirects).toBe(0);
  expect(() => resolveOptions({ maxRedirects: 101 })).toThrow(RangeError);
  expect(() => resolveOptions({ maxRedirects: 1.5 })).toThrow(RangeError);
  expect(() => resolveAny({ maxRedirects: null })).toThrow(TypeError);
});

test('compression is told by an object or switched off', () => {
  expect(resolveOptions({ compression: { level: 9 } }).compression).toMatchObject({ level: 9, memLevel: 8 });
  expect(resolveOptions({ compression: false }).compression).toBeUndefined();
  expect(() => resolveAny({ compression: null })).toThrow(TypeError);
});

test('maxMessageSize is a number of bytes, or null for the most there can be', () => {
  const most = constants.MAX_STRING_LENGTH;
  expect(resolveOptions({ maxMessageSize: 1 }).maxMessageSize).toEqual({ message: 1, fragment: Infinity });
  expect(resolveOptions({ maxMessageSize: null }).maxMessageSize).toEqual({ message: most, fragment: Infinity });
  for (const value of [0, 1.5, Infinity]) expect(() => resolveOptions({ maxMessageSize: value })).toThrow(RangeError);
});

test('maxMessageSize may have a limit for fragments beside the one for messages', () => {
  const sizes = (maxMessageSize: object) => resolveOptions({ maxMessageSize }).maxMessageSize;
  expect(sizes({ message: 9, fragment: 3 })).toEqual({ message: 9, fragment: 3 });
  expect(sizes({ fragment: 3 })).toEqual({ message: 16 * 1024 * 1024, fragment: 3 });
  expect(sizes({ message: 9, fragment: null })).toEqual({ message: 9, fragment: Infinity });
  expect(() => sizes({ fragment: 0 })).toThrow(RangeError);
  expect(() => sizes({ fragments: 1 })).toThrow(/did you mean maxMessageSize.fragment/);
  expect(() => sizes([1, 2])).toThrow(TypeError);
});

test('maxFragments is a number, or null for the most there can be', () => {
  expect(resolveOptions({ maxFragments: 7 }).maxFragments).toBe(7);
  expect(resolveOptions({ maxFragments: null }).maxFragments).toBe(2 ** 32 - 1);
});

const off = { high: Infinity, low: Infinity };

test.each([
  [10, { messages: { high: 10, low: 2 } }],
  [1, { messages: { high: 1, low: 0 } }],
  [[10, 9], { messages: { high: 10, low: 9 } }],
  [null, { messages: off, bytes: off }],
  [{ messages: null }, { messages: off }],
  [
    { messages: 8, bytes: null },
    { messages: { high: 8, low: 2 }, bytes: off },
  ],
  [{ bytes: [4096, 0] }, { messages: { high: 65_536 }, bytes: { high: 4096, low: 0 } }],
] as const)('maxQueue %j makes the marks %j', (maxQueue, marks) => {
  expect(resolveOptions({ maxQueue }).maxQueue).toMatchObject(marks);
});

test.each([
  ['4', TypeError],
  [0, RangeError],
  [-1, RangeError],
  [1.5, RangeError],
  [[4], TypeError],
  [[4, 4], RangeError],
  [[4, 5], RangeError],
  [[0, 0], RangeError],
  [[4, '1'], TypeError],
  [{ messages: 'x' }, TypeError],
  [{ message: 5 }, TypeError],
])('maxQueue %j is refused', (maxQueue, type) => {
  expect(() => resolveAny({ maxQueue })).toThrow(type);
});

test('a low mark that is not below the high one is told apart', () => {
  expect(() => resolveOptions({ maxQueue: { bytes: [4, 8] } })).toThrow(
    invalidRange('maxQueue.bytes is [4, 8]; expected a low mark below the high mark'),
  );
});

test('writeLimit makes marks and can’t be switched off', () => {
  expect(resolveOptions({ writeLimit: 100 }).writeLimit).toEqual({ high: 100, low: 25 });
  expect(resolveOptions({ writeLimit: [100, 99] }).writeLimit).toEqual({ high: 100, low: 99 });
  expect(() => resolveAny({ writeLimit: null })).toThrow(
    invalidArgument('writeLimit is null; expected a number of bytes above 0, or a pair [high, low]'),
  );
});

test('subprotocols are distinct tokens', () => {
  expect(resolveOptions({ subprotocols: ['chat', 'v2.json'] }).subprotocols).toEqual(['chat', 'v2.json']);
  expect(() => resolveAny({ subprotocols: 'chat' })).toThrow("subprotocols is 'chat'; expected an array of tokens");
  for (const bad of ['', 'a b', 'a,b', 'é', 'a\r\nb', 5, null]) {
    expect(() => resolveAny({ subprotocols: ['ok', bad] })).toThrow(/^subprotocols\[1\] is .*expected a token/);
  }
  expect(() => resolveOptions({ subprotocols: ['a', 'a'] })).toThrow("subprotocols has 'a' twice");
});

test.each([
  ['family', 5, '0, 4 or 6'],
  ['family', '4', '0, 4 or 6'],
  ['lookup', 'dns', 'a function'],
  ['localAddress', 'localhost', 'an IP address'],
  ['localPort', 65_536, 'localPort is 65536; expected an integer from 0 to 65535'],
  ['localPort', '80', 'an integer from 0 to 65535'],
  ['socketPath', '', "socketPath is ''; expected a socket's path"],
  ['socketPath', '\0', "a socket's path"],
  ['socketPath', '/a\0b', "a socket's path"],
  ['socketPath', null, "a socket's path"],
  ['noDelay', 'yes', 'true or false'],
  ['keepAlive', 60_000, 'keepAlive is 60000; expected true or false'],
  ['keepAliveInitialDelay', '1', 'a number of milliseconds'],
  ['keepAliveInitialDelay', -1, 'milliseconds from 0 to 32767000'],
  ['keepAliveInitialDelay', Number.NaN, 'milliseconds from 0 to 32767000'],
  ['keepAliveInitialDelay', 32_767_001, 'milliseconds from 0 to 32767000'],
  ['attemptDelay', 9, 'an integer number of milliseconds from 10'],
  ['signal', {}, 'an AbortSignal'],
  ['userAgent', 5, 'a string'],
  ['userAgent', 'a\nb', 'a header value'],
  ['origin', 'a\r\nb', 'a header value'],
])('%s of %j is refused, and told what is expected', (name, value, expected) => {
  expect(() => resolveAny({ [name]: value })).toThrow(expected);
});

test.each([
  ['localAddress', 'fe80::1%eth0'],
  ['localAddress', 'fe80::1%br_0'],
  ['localPort', 65_535],
  ['socketPath', 's.sock'],
  ['socketPath', '\0abstract'],
  ['keepAliveInitialDelay', 0.5],
])('%s may be %j', (name, value) => {
  expect(resolveAny({ [name]: value })).toMatchObject({ [name]: value });
});

test('the user agent can be left out', () => {
  expect(resolveOptions({ userAgent: null }).userAgent).toBeUndefined();
});
