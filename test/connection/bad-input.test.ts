/** Wrong arguments, end to end: an error of the right class that says what was expected and what came, and no harm. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { ConnectionClosedOK, HawserError, InvalidURL, NotSupported } from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { liveReaders } from '../support/live-readers.js';
import { open, rejection } from '../support/opened.js';
import { accept, answerClose, ScriptedPeer, sendText } from '../support/scripted-peer.js';

/** What connecting with wrong arguments rejects with; nothing was dialled. */
async function refusal(options: unknown, url?: (real: string) => unknown): Promise<HawserError> {
  const peer = await ScriptedPeer.listen([accept()]);
  onTestFinished(() => peer.stop());
  const error = await rejection(connect((url?.(peer.url) ?? peer.url) as string, options as never));
  expect(liveReaders()).toBe(0);
  expect(await peer.connectionCount()).toBe(0);
  return error;
}

function expectArgumentError(error: HawserError, type: new () => Error, message: string | RegExp): void {
  expect(error).toBeInstanceOf(type);
  expect(error.code).toBe('HAWSER_INVALID_ARGUMENT');
  if (typeof message === 'string') expect(error.message).toBe(message);
  else expect(error.message).toMatch(message);
}

/** After whatever was refused: the connection works, and the peer saw nothing of it. */
async function expectUsable(connection: Connection, peer: ScriptedPeer): Promise<void> {
  expect(connection.state).toBe('OPEN');
  await connection.send('still usable');
  expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: 'still usable' });
  await peer.do(sendText('indeed'));
  expect(await connection.recv()).toBe('indeed');
}

const gone = 'cannot send bytes whose ArrayBuffer is detached or was resized to end before them';

// Not in the types of the language version that is compiled for.
type Resizable = ArrayBuffer & { resize(size: number): void };
const resizable = (size: number) =>
  new (ArrayBuffer as unknown as new (size: number, options: object) => Resizable)(size, { maxByteLength: 200_000 });

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

describe('send', () => {
  const expected = 'expected a string, a Buffer, an ArrayBuffer or a view of one';
  class Quote {}
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [5n, 'a bigint'],
    [true, 'a boolean'],
    [Symbol('s'), 'a symbol'],
    [() => {}, 'a function'],
    [{ a: 1 }, 'a plain object'],
    [Object.create(null), 'a plain object'],
    [new Quote(), 'an instance of Quote'],
    [new Date(), 'an instance of Date'],
    [Promise.resolve('x'), 'an instance of Promise'],
  ])('of %s is a TypeError that names its type', async (data, name) => {
    const { connection, peer } = await open();
    const error = await rejection(connection.send(data as never));
    expectArgumentError(error, TypeError, `cannot send ${name}; ${expected}`);
    await expectUsable(connection, peer);
  });

  test.each([
    [7, 'options is 7; expected an object'],
    [null, 'options is null; expected an object'],
    [{ text: 'yes' }, "text is 'yes'; expected true or false"],
    [{ transfer: 1 }, 'transfer is 1; expected true or false'],
    [{ texts: true }, 'unknown option texts; did you mean text?'],
    [{ compress: 1 }, 'compress is 1; expected true or false'],
    [{ compres: true }, 'unknown option compres; did you mean compress?'],
  ])('with the options %o is a TypeError', async (options, message) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection.send('x', options as never)), TypeError, message);
    await expectUsable(connection, peer);
  });

  test.each([10, 100_000])('of %i bytes as text that are not UTF-8 is a TypeError', async (size) => {
    const { connection, peer } = await open();
    const error = await rejection(connection.send(Buffer.alloc(size, 0xff), { text: true }));
    expectArgumentError(error, TypeError, `cannot send ${size} bytes as text; they are not UTF-8`);
    await expectUsable(connection, peer);
  });

  function detached(): ArrayBuffer {
    const memory = new ArrayBuffer(16);
    structuredClone(memory, { transfer: [memory] });
    return memory;
  }
  test.each([
    ['an ArrayBuffer', () => detached()],
    [
      'a Uint8Array',
      () => {
        const bytes = new Uint8Array(16);
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
        return bytes;
      },
    ],
    [
      'a DataView',
      () => {
        const view = new DataView(new ArrayBuffer(16));
        structuredClone(view.buffer, { transfer: [view.buffer] });
        return view;
      },
    ],
  ])('of %s that is detached is a TypeError', async (_what, make) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection.send(make())), TypeError, gone);
    await expectUsable(connection, peer);
  });

  test('of a view that its buffer was resized away from is a TypeError', async () => {
    const { connection, peer } = await open();
    const memory = resizable(16);
    const view = new Uint8Array(memory, 8, 8);
    memory.resize(10);
    expectArgumentError(await rejection(connection.send(view)), TypeError, gone);
    await expectUsable(connection, peer);
  });

  test.each([16, 100_000])('of a buffer that is resized after the call sends its %i bytes', async (size) => {
    const { connection, peer } = await open();
    const memory = resizable(size);
    new Uint8Array(memory).fill(7);
    const sent = connection.send(memory);
    memory.resize(0);
    await sent;
    expect((await peer.expectFrame()).payload.equals(Buffer.alloc(size, 7))).toBe(true);
  });

  test.each([16, 100_000])(
    'of a view that grows with its buffer sends what it shows at the call: %i bytes',
    async (size) => {
      const { connection, peer } = await open();
      const memory = resizable(8);
      const view = new Uint8Array(memory);
      memory.resize(size);
      view.fill(7);
      await connection.send(view);
      expect((await peer.expectFrame()).payload.equals(Buffer.alloc(size, 7))).toBe(true);
    },
  );

  test.each([16, 100_000])('of %i bytes that are detached after the call sends them', async (size) => {
    const { connection, peer } = await open();
    const bytes = new Uint8Array(size).fill(7);
    const sent = connection.send(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await sent;
    expect((await peer.expectFrame()).payload.equals(Buffer.alloc(size, 7))).toBe(true);
  });

  test('of a Uint8Array whose class misstates its length sends the bytes that it has', async () => {
    class Liar extends Uint8Array<ArrayBuffer> {
      override get byteLength() {
        return 1000;
      }
    }
    const { connection, peer } = await open();
    await connection.send(new Liar(Uint8Array.from([1, 2, 3]).buffer));
    expect((await peer.expectFrame()).payload).toEqual(Buffer.from([1, 2, 3]));
    await expectUsable(connection, peer);
  });

  test('of a Proxy of a Uint8Array is refused, since its traps could run at any time', async () => {
    const { connection, peer } = await open();
    const error = await rejection(connection.send(new Proxy(new Uint8Array(3), {})));
    expectArgumentError(error, TypeError, `cannot send a Proxy; ${expected}`);
    await expectUsable(connection, peer);
  });

  test('between refused ones is sent, and nothing of the refused', async () => {
    const { connection, peer } = await open([answerClose()]);
    const sends = [];
    for (let i = 0; i < 50; i++) {
      sends.push(connection.send(`${i}`));
      sends.push(rejection(connection.send(Buffer.from([0xff]), { text: true })));
      sends.push(rejection(connection.send({} as never)));
    }
    await Promise.all(sends);
    await connection.close();
    expect((await peer.frames('text')).map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });
});

describe('ping and pong', () => {
  test.each([
    ['ping', [1, 2], /^ping payload is \[ 1, 2 \]; expected a string, an ArrayBuffer or a view of one$/],
    ['ping', 5, /^ping payload is 5; expected a string/],
    ['ping', null, /^ping payload is null; expected a string/],
    ['pong', ['a'], /^pong payload is \[ 'a' \]; expected a string/],
    ['pong', {}, /^pong payload is \{\}; expected a string/],
  ] as const)('%s(%o) is a TypeError', async (name, payload, message) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection[name](payload as never)), TypeError, message);
    await expectUsable(connection, peer);
  });

  test.each(['ping', 'pong'] as const)('%s with more than 125 bytes is a RangeError', async (name) => {
    const { connection, peer } = await open();
    for (const payload of ['x'.repeat(126), 'é'.repeat(63), Buffer.alloc(126)]) {
      const error = await rejection(connection[name](payload));
      expectArgumentError(error, RangeError, `${name} payload is 126 bytes; the limit is 125`);
    }
    await expectUsable(connection, peer);
  });

  test.each(['ping', 'pong'] as const)('%s with bytes that are gone is a TypeError', async (name) => {
    const { connection, peer } = await open();
    const detached = new Uint8Array(8);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const memory = resizable(16);
    const outside = new Uint8Array(memory, 8, 8);
    memory.resize(10);
    for (const payload of [detached, detached.buffer, outside]) {
      expectArgumentError(await rejection(connection[name](payload)), TypeError, gone);
    }
    await expectUsable(connection, peer);
  });
});

describe('close', () => {
  test.each([
    ...[999, 0, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, -1, 1000.5, Number.NaN, Infinity].map(
      (code) =>
        [[code], RangeError, `close code is ${code}; expected 1000 to 1003, 1007 to 1014, or 3000 to 4999`] as const,
    ),
    [['1000'], TypeError, "close code is '1000'; expected a number"],
    [[null], TypeError, 'close code is null; expected a number'],
    [[1000, 5], TypeError, 'close reason is 5; expected a string'],
    [[1000, null], TypeError, 'close reason is null; expected a string'],
    [[1000, 'x'.repeat(124)], RangeError, 'close reason is 124 bytes; the limit is 123'],
    [[1000, 'é'.repeat(62)], RangeError, 'close reason is 124 bytes; the limit is 123'],
    [[1000, '\ud800'.repeat(42)], RangeError, 'close reason is 126 bytes; the limit is 123'],
  ] as const)('with %j is refused, and the connection stays open', async (args, type, message) => {
    const { connection, peer } = await open();
    expectArgumentError(await rejection(connection.close(...(args as unknown as [number]))), type, message);
    await expectUsable(connection, peer);
    expect(await peer.frames('close')).toEqual([]);
  });

  test('with wrong arguments is refused after the end too', async () => {
    const { connection } = await open([answerClose()]);
    await connection.close();
    expect(await rejection(connection.close(5))).toBeInstanceOf(RangeError);
  });
});

describe('recv', () => {
  test.each([
    ['recv', { timeout: '5' }, TypeError, /^timeout is '5'; expected a number of milliseconds from 0 to/],
    ['recv', { timeout: -1 }, RangeError, /^timeout is -1; expected a number of milliseconds from 0 to/],
    ['recv', { timeout: Number.NaN }, RangeError, /^timeout is NaN; expected/],
    ['recv', { timeout: 2 ** 31 }, RangeError, /^timeout is 2147483648; expected/],
    ['recv', { signal: {} }, TypeError, /^signal is \{\}; expected an AbortSignal$/],
    ['recv', { decode: 'utf8' }, TypeError, /^decode is 'utf8'; expected true or false$/],
    ['recv', { max: 5 }, TypeError, /^unknown option max/],
    ['recv', 5, TypeError, /^options is 5; expected an object$/],
    ['recvMany', { max: 0 }, RangeError, /^max is 0; expected a whole number of messages, 1 at least$/],
    ['recvMany', { max: 1.5 }, RangeError, /^max is 1.5; expected a whole number/],
    ['recvMany', { max: '5' }, TypeError, /^max is '5'; expected a whole number/],
  ] as const)('%s(%o) is refused', async (name, options, type, message) => {
    const { connection, peer } = await open([sendText('kept')]);
    expectArgumentError(await rejection(connection[name](options as never)), type, message);
    expect(await connection.recv()).toBe('kept');
    await expectUsable(connection, peer);
  });

  test('tryRecv with a timeout is refused', async () => {
    const { connection } = await open();
    expect(() => connection.tryRecv({ timeout: 5 } as never)).toThrow(/^unknown option timeout/);
  });
});

test('using a connection after it was closed tells that it was closed, before it looks at the arguments', async () => {
  const { connection } = await open([answerClose()]);
  await connection.close();
  for (const call of [
    connection.send('x'),
    connection.send({} as never),
    connection.ping('x'.repeat(126)),
    connection.pong(),
  ]) {
    expect(await rejection(call)).toBeInstanceOf(ConnectionClosedOK);
  }
});
