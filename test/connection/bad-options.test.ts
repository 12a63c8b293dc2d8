/** Wrong arguments of connect(), end to end: an error of the right class that says what was expected and what came. */

import { describe, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { HawserError, InvalidURL, NotSupported } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { expectArgumentError, expectUsable } from '../support/arguments.js';
import { open, rejection } from '../support/opened.js';
import { listen, refusedBy } from '../support/refused.js';
import { accept } from '../support/scripted-peer.js';

/** What connecting with wrong arguments rejects with; nothing was dialled. */
async function refusal(options: unknown, url?: (real: string) => unknown): Promise<HawserError> {
  const peer = await listen([accept()]);
  const error = await refusedBy((url?.(peer.url) ?? peer.url) as string, options as never);
  expect(await peer.connectionCount()).toBe(0);
  return error;
}

describe('a URL', () => {
  const urls: [unknown, string][] = [
    ['http://127.0.0.1/', "url has scheme 'http:'; expected 'ws:', 'wss:', 'ws+unix:' or 'wss+unix:'"],
    ['127.0.0.1:80', "url is '127.0.0.1:80'; expected an absolute URL like ws://host/path"],
    ['/path', "url is '/path'; expected an absolute URL like ws://host/path"],
    ['', "url is ''; expected an absolute URL like ws://host/path"],
    ['ws://', "url is 'ws://'; expected an absolute URL like ws://host/path"],
    ['ws://h:99999/', "url is 'ws://h:99999/'; expected an absolute URL like ws://host/path"],
    ['ws://h:0/', 'url has port 0; expected 1 to 65535'],
    ['ws://h/#fragment', 'url has a fragment; expected none (RFC 6455 section 3)'],
    ['ws://h/#', 'url has a fragment; expected none (RFC 6455 section 3)'],
    [new URL('ftp://h/'), "url has scheme 'ftp:'; expected 'ws:', 'wss:', 'ws+unix:' or 'wss+unix:'"],
    ['ws://user:secret@h h/', "url is 'ws://…@h h/'; expected an absolute URL like ws://host/path"],
    ['ws://us%3Aer:p@h/', 'the username in url has a colon; expected none'],
    ['ws://user:p%0d%0a@h/', 'url has a control character; expected none'],
    ['ws://%ff@h/', 'url has credentials that are not percent-encoded UTF-8'],
  ];
  test.each(urls)('%s is an InvalidURL', async (url, message) => {
    const error = await refusal(undefined, () => url);
    expect(error).toBeInstanceOf(InvalidURL);
    expect(error.message).toBe(message);
    expect(error.code).toBe('HAWSER_INVALID_URL');
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [80, '80'],
    [{ host: 'h' }, "{ host: 'h' }"],
  ])('%s is a TypeError', async (url, shown) => {
    const error = await rejection(connect(url as never));
    expectArgumentError(error, TypeError, `url is ${shown}; expected a string or a URL`);
  });
});

describe('the options of connect', () => {
  const milliseconds = 'expected a number of milliseconds above 0, or null';
  const wrong: [unknown, string][] = [
    ['text', "options is 'text'; expected an object"],
    [null, 'options is null; expected an object'],
    [[], 'options is []; expected an object'],
    [{ openTimeout: '5' }, `openTimeout is '5'; ${milliseconds}`],
    [{ closeTimeout: false }, `closeTimeout is false; ${milliseconds}`],
    [{ pingInterval: {} }, `pingInterval is {}; ${milliseconds}`],
    [{ pingTimeout: 5n }, `pingTimeout is 5n; ${milliseconds}`],
    [{ maxMessageSize: '1' }, expect.stringContaining("maxMessageSize is '1'; expected an integer number of bytes")],
    [{ maxFragments: true }, expect.stringContaining('maxFragments is true; expected an integer number of fragments')],
    [{ maxQueue: '9' }, expect.stringContaining("maxQueue is '9'; expected a number of messages above 0")],
    [{ maxQueue: [1, 2, 3] }, expect.stringContaining('maxQueue is [ 1, 2, 3 ]; expected')],
    [{ maxQueue: { depth: 1 } }, 'maxQueue is { depth: 1 }; expected an object with messages, bytes or both'],
    [{ maxQueue: { bytes: '1' } }, expect.stringContaining("maxQueue.bytes is '1'; expected")],
    [{ writeLimit: null }, expect.stringContaining('writeLimit is null; expected a number of bytes above 0')],
    [{ subprotocols: 'chat' }, "subprotocols is 'chat'; expected an array of tokens"],
    [{ subprotocols: ['a b'] }, "subprotocols[0] is 'a b'; expected a token (RFC 9110 section 5.6.2)"],
    [{ subprotocols: ['a', ''] }, "subprotocols[1] is ''; expected a token (RFC 9110 section 5.6.2)"],
    [{ subprotocols: ['a', 7] }, 'subprotocols[1] is 7; expected a token (RFC 9110 section 5.6.2)'],
    [{ subprotocols: ['é'] }, "subprotocols[0] is 'é'; expected a token (RFC 9110 section 5.6.2)"],
    [{ subprotocols: ['a', 'a'] }, "subprotocols has 'a' twice; expected it once"],
    [{ origin: 5 }, 'origin is of type number; expected a string'],
    [{ origin: 'a\r\nX: y' }, 'origin has a control character or one beyond latin1; expected a header value'],
    [{ userAgent: 'a\nb' }, 'userAgent has a control character or one beyond latin1; expected a header value'],
    [{ proxy: { host: 'h', password: 'p' } }, 'proxy is of type object; expected a URL, true or false'],
    [{ proxy: 'h h' }, "proxy is 'h h'; expected a URL like http://host:port"],
    [
      { proxy: 'ftp://user:secret@p' },
      expect.stringMatching(/^proxy has scheme 'ftp:'; expected http:, https:, [^@]* or socks:$/),
    ],
    [{ proxyHeaders: 'X: y' }, 'proxyHeaders is of type string; expected an object or pairs'],
    [
      { proxy: 'http://p', proxyTls: {} },
      "proxyTls is given and proxy has scheme 'http:'; expected 'https:', or no proxyTls",
    ],
    [{ headers: 'X: y' }, 'headers is of type string; expected an object or pairs'],
    [{ headers: { 'X Y': 'z' } }, "header name is 'X Y'; expected a token (RFC 9110 section 5.6.2)"],
    [{ headers: { 'X\r\nY': 'z' } }, "header name is 'X\\r\\nY'; expected a token (RFC 9110 section 5.6.2)"],
    [
      { headers: { X: 'y\r\nZ: evil' } },
      'header X has a control character or one beyond latin1; expected a header value',
    ],
    [{ headers: { X: 'y\0' } }, 'header X has a control character or one beyond latin1; expected a header value'],
    [{ headers: { X: '→' } }, 'header X has a control character or one beyond latin1; expected a header value'],
    [{ headers: { X: 5 } }, 'header X is of type number; expected a string'],
    [{ headers: [['X', 'y', 'z']] }, 'an entry of headers is of type array; expected a pair [name, value]'],
    [{ headers: { Upgrade: 'x' } }, 'headers has Upgrade; expected a header that the handshake does not set itself'],
    [
      { headers: { 'Sec-WebSocket-Key': 'x' } },
      'headers has Sec-WebSocket-Key; expected a header that the handshake does not set itself',
    ],
    [{ headers: { Host: ['a', 'b'] } }, 'headers has Host twice'],
    [{ auth: 'secret' }, "auth has no colon; expected 'user:password' or { username, password }"],
    [{ auth: { username: 'a' } }, "auth is of type object; expected 'user:password' or { username, password }"],
    [{ auth: { username: 'a:b', password: 'c' } }, 'the username in auth has a colon; expected none'],
    [{ auth: 'a:b\n' }, 'auth has a control character; expected none'],
    [{ family: 5 }, 'family is 5; expected 0, 4 or 6'],
    [{ lookup: 'dns' }, "lookup is 'dns'; expected a function with the signature of dns.lookup"],
    [{ localAddress: 'localhost' }, "localAddress is 'localhost'; expected an IP address"],
    [{ noDelay: 1 }, 'noDelay is 1; expected true or false'],
    [{ attemptDelay: '9' }, expect.stringContaining("attemptDelay is '9'; expected an integer number of milliseconds")],
    [{ signal: new EventTarget() }, expect.stringMatching(/^signal is .*; expected an AbortSignal$/)],
    [{ opentimeout: 5 }, 'unknown option opentimeout; did you mean openTimeout?'],
    [{ handshakeTimeout: 5 }, 'unknown option handshakeTimeout; did you mean openTimeout?'],
    [{ perMessageDeflate: false }, 'unknown option perMessageDeflate; did you mean compression?'],
    [{ compression: null }, 'compression is null; expected true, false or an object'],
    [{ compression: { lvl: 5 } }, 'unknown option compression.lvl'],
    [{ compression: { level: '5' } }, "compression.level is '5'; expected an integer from -1 to 9"],
    [{ quite: 'unknown' }, 'unknown option quite'],
  ];
  test.each(wrong)('%o are a TypeError', async (options, message) => {
    const error = await refusal(options);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.code).toBe('HAWSER_INVALID_ARGUMENT');
    expect(error.message).toEqual(message);
  });

  const conflicts: [url: string, options: ConnectOptions, message: string][] = [
    ['ws://h/', { tls: {} }, "tls is given and url has scheme 'ws:'; expected 'wss:', or no tls"],
    ['ws+unix:/s', { tls: {} }, "tls is given and url has scheme 'ws+unix:'; expected 'wss+unix:', or no tls"],
    ['wss+unix:/s', { socketPath: '/t' }, 'url and option socketPath both name a socket; expected one of them'],
    ['ws+unix:/s', { proxy: 'http://p' }, 'proxy is given and url names a socket; expected no proxy'],
    [
      'ws://h/',
      { socketPath: '/s', proxy: 'http://p' },
      'proxy is given and socketPath names a socket; expected no proxy',
    ],
    [
      'ws://h/',
      { socketPath: '' },
      "socketPath is ''; expected a socket's path that is not empty and has no NUL but a leading one",
    ],
    [
      'wss://h/',
      { tls: { servername: '::1' } },
      "tls.servername is '::1'; expected a host name: an IP address is none (RFC 6066 section 3)",
    ],
    [
      'wss://h/',
      { tls: { ca: 5 as never } },
      'tls.ca is of type number; expected PEM as a string or a Buffer, or an array of these',
    ],
    [
      'wss://h/',
      { tls: { secureContext: {} } as never },
      'unknown option tls.secureContext; a context of Node can not be read from outside; give what it was made of, which is parsed once',
    ],
  ];
  test.each(conflicts)('with %s %o are a TypeError', async (url, options, message) => {
    expectArgumentError(await rejection(connect(url, options)), TypeError, message);
  });

  const outOfRange: [object, string][] = [
    [{ openTimeout: 0 }, `openTimeout is 0; ${milliseconds}`],
    [{ closeTimeout: -1 }, `closeTimeout is -1; ${milliseconds}`],
    [{ pingTimeout: Number.NaN }, `pingTimeout is NaN; ${milliseconds}`],
    [{ pingInterval: Infinity }, 'pingInterval is Infinity; expected at most 2147483647 ms, or null'],
    [{ openTimeout: 2 ** 31 }, 'openTimeout is 2147483648; expected at most 2147483647 ms, or null'],
    [
      { maxMessageSize: 0 },
      expect.stringMatching(/^maxMessageSize is 0; expected an integer number of bytes from 1 to /),
    ],
    [{ maxMessageSize: 1.5 }, expect.stringContaining('maxMessageSize is 1.5; expected an integer')],
    [{ maxFragments: 2 ** 32 }, expect.stringContaining('maxFragments is 4294967296; expected an integer')],
    [{ maxQueue: 0 }, expect.stringContaining('maxQueue is 0; expected a number of messages above 0')],
    [{ maxQueue: [4, 4] }, 'maxQueue is [4, 4]; expected a low mark below the high mark'],
    [{ maxQueue: { bytes: [1, -1] } }, expect.stringContaining('maxQueue.bytes is [1, -1]; expected')],
    [{ writeLimit: [10, 20] }, 'writeLimit is [10, 20]; expected a low mark below the high mark'],
    [{ compression: { memLevel: 0 } }, 'compression.memLevel is 0; expected an integer from 1 to 9'],
    [{ maxRedirects: -1 }, 'maxRedirects is -1; expected an integer number of redirects from 0 to 100'],
    [{ attemptDelay: 9 }, 'attemptDelay is 9; expected an integer number of milliseconds from 10 to 60000'],
  ];
  test.each(outOfRange)('%o are a RangeError', async (options, message) => {
    const error = await refusal(options);
    expect(error).toBeInstanceOf(RangeError);
    expect(error.code).toBe('HAWSER_INVALID_ARGUMENT');
    expect(error.message).toEqual(message);
  });

  test.each([[{ reader: {} }, 'option reader is not supported yet']])(
    '%o are told to come later',
    async (options, message) => {
      const error = await refusal(options);
      expect(error).toBeInstanceOf(NotSupported);
      expect(error).toBeInstanceOf(HawserError);
      expect(error.message).toBe(message);
    },
  );

  test('that are undefined mean their defaults, and those to come may be switched off', async () => {
    const { connection, peer } = await open([], {
      openTimeout: undefined,
      subprotocols: undefined,
      headers: undefined,
      maxQueue: undefined,
      compression: undefined,
      proxy: false,
      maxRedirects: undefined,
    });
    await expectUsable(connection, peer);
  });

  test('show no secrets where they are refused', async () => {
    for (const options of [
      { auth: 'secret' },
      { headers: { Authorization: 'secret\n' } },
      { auth: { password: 'secret' } },
    ]) {
      expect((await refusal(options)).message).not.toContain('secret');
    }
  });
});
