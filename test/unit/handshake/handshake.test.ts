import { expect, test } from 'vitest';
import { checkCompression } from '../../../lib/compression-options.js';
import { InvalidHeader, InvalidUpgrade, NegotiationError } from '../../../lib/errors.js';
import {
  acceptFor,
  buildRequest,
  encodeRequest,
  judgeResponse,
  newKey,
  type RequestSettings,
} from '../../../lib/handshake/handshake.js';
import { type HeaderEntry, HeaderList } from '../../../lib/handshake/headers.js';
import { parseUrl } from '../../../lib/handshake/url.js';

// The example of RFC 6455 §1.3.
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const plain: RequestSettings = {
  subprotocols: [],
  origin: undefined,
  headers: [],
  userAgent: undefined,
  auth: undefined,
  compression: undefined,
};

function request(url: string, settings: Partial<RequestSettings> = {}) {
  return buildRequest(parseUrl(url), { ...plain, ...settings }, key);
}

/** What is agreed upon where the server chooses nothing. */
const nothing = { subprotocol: undefined, deflate: undefined };

const good: readonly HeaderEntry[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', accept],
];

/** Judges a response whose headers are the good ones, some of them replaced by name, or left out. */
function judge(
  changes: Record<string, string | string[] | undefined>,
  subprotocols: readonly string[] = [],
  compression = checkCompression(false),
) {
  const kept = good.filter(([name]) => !(name in changes));
  const changed = Object.entries(changes).flatMap(([name, values]) =>
    (values === undefined ? [] : [values].flat()).map((value): HeaderEntry => [name, value]),
  );
  const headers = new HeaderList([...kept, ...changed]);
  return judgeResponse({ status: 101, statusText: '', headers }, { key, subprotocols, compression });
}

test('the accept of the RFC’s example is the RFC’s', () => {
  expect(acceptFor(key)).toBe(accept);
});

test('a key is sixteen random bytes', () => {
  const keys = new Set(Array.from({ length: 100 }, newKey));
  expect(keys.size).toBe(100);
  for (const one of keys) expect(Buffer.from(one, 'base64')).toHaveLength(16);
});

test('cookies are written into one header, as RFC 6265 §5.4 wants it', () => {
  const headers: HeaderEntry[] = [
    ['cookie', 'a=b'],
    ['X-A', 'c'],
    ['Cookie', 'd=e; f=g'],
  ];
  const { headers: written } = request('ws://h/', { headers });
  expect(written.getAll('Cookie')).toEqual(['a=b; d=e; f=g']);
  expect(written.getAll('X-A')).toEqual(['c']);
});

test('the request is written with its headers in order', () => {
  const settings = {
    subprotocols: ['chat', 'v2'],
    origin: 'https://o.example',
    headers: [['X-A', 'é']] as const,
    userAgent: 'hawser/0',
    auth: { username: 'user', password: 'pass' },
    compression: checkCompression(true),
  };
  expect(encodeRequest(request('ws://h:81/p?q', settings)).toString('latin1')).toBe(
    [
      'GET /p?q HTTP/1.1',
      'Host: h:81',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Version: 13',
      'Origin: https://o.example',
      'Sec-WebSocket-Protocol: chat, v2',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
      'Authorization: Basic dXNlcjpwYXNz',
      'User-Agent: hawser/0',
      'X-A: é',
      '',
      '',
    ].join('\r\n'),
  );
});

test('nothing optional is sent unless asked for', () => {
  expect([...request('ws://h/').headers].map(([name]) => name)).toEqual([
    'Host',
    'Upgrade',
    'Connection',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Version',
  ]);
});

test('the URL’s credentials are sent as UTF-8', () => {
  const { headers } = request('ws://us%C3%A9r:p@h/');
  expect(headers.get('Authorization')).toBe(`Basic ${Buffer.from('usér:p').toString('base64')}`);
});

test('the option’s credentials win over the URL’s', () => {
  const { headers } = request('ws://a:b@h/', { auth: { username: 'c', password: 'd' } });
  expect(headers.getAll('Authorization')).toEqual([`Basic ${Buffer.from('c:d').toString('base64')}`]);
});

test('a header that is given replaces the one that would be sent', () => {
  const { headers } = request('ws://a:b@h/', {
    origin: 'o',
    userAgent: 'u',
    headers: [
      ['host', 'other'],
      ['authorization', 'Bearer x'],
      ['USER-AGENT', 'mine'],
      ['origin', 'here'],
    ],
  });
  expect(headers.getAll('Host')).toEqual(['other']);
  expect(headers.getAll('Authorization')).toEqual(['Bearer x']);
  expect(headers.getAll('User-Agent')).toEqual(['mine']);
  expect(headers.getAll('Origin')).toEqual(['here']);
  expect([...headers][0]).toEqual(['Host', 'other']);
});

test('a response that fits opens the connection', () => {
  expect(judge({})).toEqual(nothing);
});

test.each([['WebSocket'], ['WEBSOCKET'], [['websocket', 'websocket']], ['websocket, websocket'], [',websocket,']])(
  'Upgrade %j is accepted',
  (value) => expect(judge({ Upgrade: value })).toEqual(nothing),
);

test.each([[undefined], [''], ['h2c'], ['websocket, h2c'], ['web socket'], [['websocket', 'h2c']]])(
  'Upgrade %j is refused',
  (value) => expect(() => judge({ Upgrade: value })).toThrow(InvalidUpgrade),
);

test.each([['upgrade'], ['UPGRADE'], ['keep-alive, Upgrade'], [['keep-alive', 'upgrade']], ['a,,upgrade']])(
  'Connection %j is accepted',
  (value) => expect(judge({ Connection: value })).toEqual(nothing),
);

test.each([[undefined], [''], ['keep-alive'], ['upgraded'], ['close'], ['"upgrade"']])(
  'Connection %j is refused',
  (value) => expect(() => judge({ Connection: value })).toThrow(InvalidUpgrade),
);

test('a missing accept is named', () => {
  expect(() => judge({ 'Sec-WebSocket-Accept': undefined })).toThrow('missing Sec-WebSocket-Accept header');
});

test.each([
  '',
  accept.toLowerCase(),
  `${accept}=`,
  `"${accept}"`,
  `${accept}, ${accept}`,
  acceptFor('AAAAAAAAAAAAAAAAAAAAAA=='),
])('the accept %j is refused', (value) => {
  expect(() => judge({ 'Sec-WebSocket-Accept': value })).toThrow(InvalidHeader);
});

test('two accepts are refused even where both are right', () => {
  expect(() => judge({ 'Sec-WebSocket-Accept': [accept, accept] })).toThrow(
    'response has 2 Sec-WebSocket-Accept headers; expected one',
  );
});

test('the server may choose one of the subprotocols offered', () => {
  expect(judge({ 'Sec-WebSocket-Protocol': 'b' }, ['a', 'b']).subprotocol).toBe('b');
});

test('the server may choose none', () => {
  expect(judge({}, ['a', 'b']).subprotocol).toBeUndefined();
});

test.each([['c'], ['A'], ['a, b'], [''], [['a', 'a']], ['a b']])('the subprotocol %j is refused', (value) => {
  expect(() => judge({ 'Sec-WebSocket-Protocol': value }, ['a', 'b'])).toThrow(/Sec-WebSocket-Protocol|subprotocol/);
});

test('a subprotocol is refused where none was offered', () => {
  expect(() => judge({ 'Sec-WebSocket-Protocol': 'a' })).toThrow(
    new NegotiationError("server chose subprotocol 'a'; none was offered"),
  );
});

test('the server may accept the compression that was offered', () => {
  const value = 'permessage-deflate; server_max_window_bits=10';
  expect(judge({ 'Sec-WebSocket-Extensions': value }, [], checkCompression(true)).deflate).toEqual({
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 10,
    clientMaxWindowBits: 15,
  });
});

test('the server may decline the compression that was offered', () => {
  expect(judge({}, [], checkCompression(true))).toEqual(nothing);
});

test('an extension is refused where none was offered', () => {
  expect(() => judge({ 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=10' })).toThrow(
    NegotiationError,
  );
});

test('an empty list of extensions has none', () => {
  expect(judge({ 'Sec-WebSocket-Extensions': '' })).toEqual(nothing);
});
