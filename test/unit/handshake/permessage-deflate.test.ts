import { describe, expect, test } from 'vitest';
import { type CompressionOptions, checkCompression } from '../../../lib/compression-options.js';
import { InvalidHandshake, NegotiationError } from '../../../lib/errors.js';
import { HeaderList } from '../../../lib/handshake/headers.js';
import { type AgreedDeflate, judgeExtensions, offerDeflate } from '../../../lib/handshake/permessage-deflate.js';

function settings(options: CompressionOptions = {}) {
  return checkCompression(options)!;
}

/** Judges a response with these values of the header, to an offer made of these options; false made none. */
function judge(values: string | string[], options: CompressionOptions | false = {}): AgreedDeflate | undefined {
  const headers = new HeaderList([values].flat().map((value) => ['sec-websocket-extensions', value] as const));
  return judgeExtensions(headers, checkCompression(options));
}

/** What both sides do where nobody says anything. */
const unlimited: AgreedDeflate = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

const offers: [CompressionOptions, string][] = [
  [{}, 'permessage-deflate; client_max_window_bits'],
  [{ clientMaxWindowBits: false }, 'permessage-deflate'],
  [{ clientMaxWindowBits: 10 }, 'permessage-deflate; client_max_window_bits=10'],
  [{ serverNoContextTakeover: true }, 'permessage-deflate; server_no_context_takeover; client_max_window_bits'],
  [{ clientNoContextTakeover: true }, 'permessage-deflate; client_no_context_takeover; client_max_window_bits'],
  [{ serverMaxWindowBits: 8 }, 'permessage-deflate; server_max_window_bits=8; client_max_window_bits'],
  [
    { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 15 },
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=15',
  ],
  [{ level: 1, memLevel: 1, threshold: 1 }, 'permessage-deflate; client_max_window_bits'],
];
test.each(offers)('%j is offered as %s', (options, offer) => {
  expect(offerDeflate(settings(options))).toBe(offer);
});

describe('no compression is agreed upon', () => {
  test('without the header', () => {
    expect(judge([])).toBeUndefined();
    expect(judge([], false)).toBeUndefined();
  });

  test.each([[''], [' '], [','], [' , ,\t'], [['', ',']]])('by a list without members: %j', (values) => {
    expect(judge(values)).toBeUndefined();
    expect(judge(values, false)).toBeUndefined();
  });

  test('by leaving an offer that demands much unanswered', () => {
    const demanding = { serverNoContextTakeover: true, serverMaxWindowBits: 8, clientMaxWindowBits: 8 };
    expect(judge([], demanding)).toBeUndefined();
  });
});

describe('an acceptance that fits', () => {
  const accepted: [string, CompressionOptions, Partial<AgreedDeflate>][] = [
    ['permessage-deflate', {}, {}],
    ['permessage-deflate', { clientMaxWindowBits: false }, {}],
    // Unasked.
    ['permessage-deflate; server_no_context_takeover', {}, { serverNoContextTakeover: true }],
    ['permessage-deflate; client_no_context_takeover', {}, { clientNoContextTakeover: true }],
    ['permessage-deflate; server_max_window_bits=8', {}, { serverMaxWindowBits: 8 }],
    ['permessage-deflate; server_max_window_bits=15', {}, { serverMaxWindowBits: 15 }],
    // Asked for.
    [
      'permessage-deflate; server_no_context_takeover',
      { serverNoContextTakeover: true },
      { serverNoContextTakeover: true },
    ],
    ['permessage-deflate', { clientNoContextTakeover: true }, { clientNoContextTakeover: true }],
    [
      'permessage-deflate; client_no_context_takeover',
      { clientNoContextTakeover: true },
      { clientNoContextTakeover: true },
    ],
    ['permessage-deflate; server_max_window_bits=10', { serverMaxWindowBits: 10 }, { serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=9', { serverMaxWindowBits: 10 }, { serverMaxWindowBits: 9 }],
    ['permessage-deflate; server_max_window_bits=15', { serverMaxWindowBits: 15 }, { serverMaxWindowBits: 15 }],
    ...[8, 9, 10, 11, 12, 13, 14, 15].map((bits): [string, CompressionOptions, Partial<AgreedDeflate>] => [
      `permessage-deflate; client_max_window_bits=${bits}`,
      {},
      { clientMaxWindowBits: bits },
    ]),
    ['permessage-deflate; client_max_window_bits=9', { clientMaxWindowBits: 10 }, { clientMaxWindowBits: 9 }],
    ['permessage-deflate; client_max_window_bits=10', { clientMaxWindowBits: 10 }, { clientMaxWindowBits: 10 }],
    // The bound that we set ourselves holds without an answer to it.
    ['permessage-deflate', { clientMaxWindowBits: 10 }, { clientMaxWindowBits: 10 }],
    // Everything, in any order.
    [
      'permessage-deflate; client_max_window_bits=11; server_max_window_bits=12; client_no_context_takeover; server_no_context_takeover',
      {},
      {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 12,
        clientMaxWindowBits: 11,
      },
    ],
  ];
  test.each(accepted)('%s to the offer of %j', (response, options, agreed) => {
    expect(judge(response, options)).toEqual({ ...unlimited, ...agreed });
  });

  const bits9 = { ...unlimited, serverMaxWindowBits: 9 };
  test.each([
    ['permessage-deflate;server_max_window_bits=9'],
    ['\tpermessage-deflate ;\tserver_max_window_bits = 9 '],
    ['permessage-deflate; server_max_window_bits="9"'],
    ['permessage-deflate; server_max_window_bits = "9" '],
    ['permessage-deflate; server_max_window_bits="\\9"'],
    [', permessage-deflate; server_max_window_bits=9, ,'],
    [['', 'permessage-deflate; server_max_window_bits=9']],
  ])('written as %j', (values) => {
    expect(judge(values)).toEqual(bits9);
  });
});

describe('an acceptance that does not fit', () => {
  const plain = 'offered was "permessage-deflate; client_max_window_bits"';

  const refused: [string, CompressionOptions, string][] = [
    // Parameters that are unknown, doubled, or have a value too many or too few.
    ['permessage-deflate; foo', {}, `parameter "foo" is unknown; ${plain}`],
    ['permessage-deflate; foo=1', {}, `parameter "foo" is unknown; ${plain}`],
    [
      'permessage-deflate; Server_No_Context_Takeover',
      {},
      `parameter "Server_No_Context_Takeover" is unknown; ${plain}`,
    ],
    ['permessage-deflate; constructor', {}, `parameter "constructor" is unknown; ${plain}`],
    [
      'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
      {},
      `server_no_context_takeover came twice; ${plain}`,
    ],
    [
      'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
      {},
      `client_no_context_takeover came twice; ${plain}`,
    ],
    [
      'permessage-deflate; server_max_window_bits=9; server_max_window_bits=9',
      {},
      `server_max_window_bits came twice; ${plain}`,
    ],
    [
      'permessage-deflate; client_max_window_bits=9; client_max_window_bits=10',
      {},
      `client_max_window_bits came twice; ${plain}`,
    ],
    [
      'permessage-deflate; server_no_context_takeover=1',
      {},
      `server_no_context_takeover has value "1", expected none; ${plain}`,
    ],
    [
      'permessage-deflate; client_no_context_takeover="true"',
      {},
      `client_no_context_takeover has value "true", expected none; ${plain}`,
    ],
    [
      'permessage-deflate; server_max_window_bits',
      {},
      `server_max_window_bits has no value, expected 8 to 15; ${plain}`,
    ],
    [
      'permessage-deflate; client_max_window_bits',
      {},
      `client_max_window_bits has no value, expected 8 to 15; ${plain}`,
    ],
    ...['server_max_window_bits', 'client_max_window_bits'].flatMap((name) =>
      ['0', '7', '16', '08', '010', '1', '100', '+9', '-9', '9.0', '1e1', '0x9', 'nine', '9x'].map(
        (value): [string, CompressionOptions, string] => [
          `permessage-deflate; ${name}=${value}`,
          {},
          `${name} is "${value}", expected 8 to 15; ${plain}`,
        ],
      ),
    ),
    [
      'permessage-deflate; server_max_window_bits="08"',
      {},
      `server_max_window_bits is "08", expected 8 to 15; ${plain}`,
    ],
    // Answers that the offer does not allow.
    [
      'permessage-deflate',
      { serverNoContextTakeover: true },
      'server_no_context_takeover is missing; offered was "permessage-deflate; server_no_context_takeover; client_max_window_bits"',
    ],
    [
      'permessage-deflate; client_no_context_takeover',
      { serverNoContextTakeover: true, clientMaxWindowBits: false },
      'server_no_context_takeover is missing; offered was "permessage-deflate; server_no_context_takeover"',
    ],
    [
      'permessage-deflate',
      { serverMaxWindowBits: 10, clientMaxWindowBits: false },
      'server_max_window_bits is missing, expected at most 10; offered was "permessage-deflate; server_max_window_bits=10"',
    ],
    [
      'permessage-deflate',
      { serverMaxWindowBits: 15, clientMaxWindowBits: false },
      'server_max_window_bits is missing, expected at most 15; offered was "permessage-deflate; server_max_window_bits=15"',
    ],
    [
      'permessage-deflate; server_max_window_bits=11',
      { serverMaxWindowBits: 10, clientMaxWindowBits: false },
      'server_max_window_bits is 11, expected at most 10; offered was "permessage-deflate; server_max_window_bits=10"',
    ],
    [
      'permessage-deflate; client_max_window_bits=15',
      { clientMaxWindowBits: false },
      'client_max_window_bits was not offered; offered was "permessage-deflate"',
    ],
    [
      'permessage-deflate; client_max_window_bits=11',
      { clientMaxWindowBits: 10 },
      'client_max_window_bits is 11, expected at most 10; offered was "permessage-deflate; client_max_window_bits=10"',
    ],
  ];
  test.each(refused)('%s to the offer of %j', (response, options, why) => {
    expect(() => judge(response, options)).toThrow(
      new NegotiationError(`server accepted ${JSON.stringify(response)}; ${why}`),
    );
  });

  test.each([
    ['permessage-deflate, permessage-deflate', 2],
    ['permessage-deflate; server_max_window_bits=9, permessage-deflate; server_max_window_bits=10', 2],
    [['permessage-deflate', 'permessage-deflate'], 2],
    ['permessage-deflate, permessage-deflate,, permessage-deflate', 3],
  ])('permessage-deflate more than once: %j', (values, times) => {
    expect(() => judge(values)).toThrow(NegotiationError);
    expect(() => judge(values)).toThrow(`permessage-deflate came ${times} times, expected once; ${plain}`);
  });

  test.each([
    ['x-webkit-deflate-frame', 'x-webkit-deflate-frame'],
    ['Permessage-Deflate', 'Permessage-Deflate'],
    ['permessage-deflate, foo; a="b"', 'foo; a="b"'],
    ['foo ;a , permessage-deflate', 'foo ;a'],
    [['permessage-deflate', 'foo'], 'foo'],
    ['permessage-bzip2; a="x\\y"', 'permessage-bzip2; a="x\\y"'],
  ])('an extension that was not offered: %j', (values, extension) => {
    expect(() => judge(values)).toThrow(
      new NegotiationError(`server chose extension ${JSON.stringify(extension)}; ${plain}`),
    );
  });

  test.each(['permessage-deflate', 'foo', ', permessage-deflate'])('%s where none was offered', (value) => {
    expect(() => judge(value, false)).toThrow(NegotiationError);
    expect(() => judge(value, false)).toThrow(/^server chose extension "[a-z-]+"; none was offered$/);
  });

  const malformed: [string, string][] = [
    [';', 'an extension at character 0'],
    ['; server_no_context_takeover', 'an extension at character 0'],
    ['"permessage-deflate"', 'an extension at character 0'],
    ['=', 'an extension at character 0'],
    ['permessage-deflate;', 'a parameter at character 19'],
    ['permessage-deflate; ', 'a parameter at character 20'],
    ['permessage-deflate;, foo', 'a parameter at character 19'],
    ['permessage-deflate;; server_no_context_takeover', 'a parameter at character 19'],
    ['permessage-deflate; =9', 'a parameter at character 20'],
    ['permessage-deflate; "server_no_context_takeover"', 'a parameter at character 20'],
    ['permessage-deflate foo', 'a comma or a semicolon at character 19'],
    ['permessage-deflate=9', 'a comma or a semicolon at character 18'],
    ['permessage-deflate; a b', 'a comma or a semicolon at character 22'],
    ['permessage-deflate; a=b=c', 'a comma or a semicolon at character 23'],
    ['permessage-deflate; a="9"9', 'a comma or a semicolon at character 25'],
    ['permessage-deflate/1', 'a comma or a semicolon at character 18'],
    ['perméssage', 'a comma or a semicolon at character 4'],
    ['permessage-deflate; a=', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a=;b', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a=,', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a=""', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a="9', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a="9\\"', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a=" 9"', 'a token, quoted or not, at character 22'],
    // A comma or semicolon that is quoted splits nothing, and is in no token.
    ['permessage-deflate; a="8,9"', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a="8;b"', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a="\\""', 'a token, quoted or not, at character 22'],
    ['permessage-deflate; a=(9)', 'a token, quoted or not, at character 22'],
  ];
  test.each(malformed)('the malformed list %j', (value, expected) => {
    const words = `server chose extensions ${JSON.stringify(value)}; expected ${expected}`;
    expect(() => judge(value)).toThrow(new NegotiationError(`${words}; ${plain}`));
    expect(() => judge(value, false)).toThrow(new NegotiationError(`${words}; none was offered`));
  });

  test('a quoted string that two headers share', () => {
    expect(() => judge(['permessage-deflate; a="8', '9"'])).toThrow('expected a token, quoted or not, at character 22');
  });

  test('an endless list, of which the message shows the beginning', () => {
    for (const value of ['x'.repeat(1e5), `permessage-deflate; ${'y'.repeat(1e5)}`, `a="${'\\"'.repeat(1e5)}`]) {
      expect(() => judge(value)).toThrow(NegotiationError);
      expect(() => judge(value)).toThrow(/^.{1,350}$/);
    }
  });

  test('as an error of the opening handshake', () => {
    expect(() => judge('foo')).toThrow(InvalidHandshake);
    expect(() => judge('foo')).toThrow(expect.objectContaining({ code: 'HAWSER_NEGOTIATION' }));
  });
});
