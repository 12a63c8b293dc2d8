import { expect, test } from 'vitest';
import { type CompressionOptions, checkCompression } from '../../lib/compression-options.js';
import { invalidArgument, invalidRange } from '../../lib/errors.js';

const defaults = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: undefined,
  clientMaxWindowBits: true,
  level: -1,
  memLevel: 8,
  threshold: undefined,
};

test.each([
  [undefined],
  [true],
  [{}],
  [Object.create(null)],
  [{ level: undefined, serverMaxWindowBits: undefined, clientMaxWindowBits: undefined, threshold: undefined }],
])('%j means the defaults', (value) => {
  expect(checkCompression(value)).toEqual(defaults);
});

test('false means no compression', () => {
  expect(checkCompression(false)).toBeUndefined();
});

test('every option replaces its default', () => {
  const options: Required<CompressionOptions> = {
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 9,
    clientMaxWindowBits: 10,
    level: 3,
    memLevel: 4,
    threshold: 100,
  };
  expect(checkCompression(options)).toEqual(options);
});

test.each<CompressionOptions>([
  { serverMaxWindowBits: 8 },
  { serverMaxWindowBits: 15 },
  { clientMaxWindowBits: 8 },
  { clientMaxWindowBits: 15 },
  { clientMaxWindowBits: false },
  { level: -1 },
  { level: 0 },
  { level: 9 },
  { memLevel: 1 },
  { memLevel: 9 },
  { threshold: 0 },
  { threshold: 2 ** 32 - 1 },
])('%j is within the bounds', (options) => {
  expect(checkCompression(options)).toEqual({ ...defaults, ...options });
});

test.each([
  [null, 'null'],
  [0, '0'],
  ['deflate', "'deflate'"],
  [[], '[]'],
  [() => true, 'a function'],
])('compression %o is a TypeError that says what is expected', (value, shown) => {
  expect(() => checkCompression(value)).toThrow(
    invalidArgument(`compression is ${shown}; expected true, false or an object`),
  );
});

test.each([
  [{ serverNoContextTakeover: 1 }, 'compression.serverNoContextTakeover is 1; expected true or false'],
  [{ clientNoContextTakeover: null }, 'compression.clientNoContextTakeover is null; expected true or false'],
  [
    { serverMaxWindowBits: true },
    'compression.serverMaxWindowBits is true; expected an integer number of bits from 8 to 15',
  ],
  [
    { serverMaxWindowBits: null },
    'compression.serverMaxWindowBits is null; expected an integer number of bits from 8 to 15',
  ],
  [
    { clientMaxWindowBits: '10' },
    "compression.clientMaxWindowBits is '10'; expected true, false or an integer from 8 to 15",
  ],
  [
    { clientMaxWindowBits: null },
    'compression.clientMaxWindowBits is null; expected true, false or an integer from 8 to 15',
  ],
  [{ level: 'best' }, "compression.level is 'best'; expected an integer from -1 to 9"],
  [{ memLevel: null }, 'compression.memLevel is null; expected an integer from 1 to 9'],
  [{ threshold: '1k' }, "compression.threshold is '1k'; expected an integer number of bytes from 0 to 4294967295"],
])('%j is a TypeError', (options, message) => {
  expect(() => checkCompression(options)).toThrow(invalidArgument(message));
});

test.each([
  ['serverMaxWindowBits', 7, 'an integer number of bits from 8 to 15'],
  ['serverMaxWindowBits', 16, 'an integer number of bits from 8 to 15'],
  ['clientMaxWindowBits', 7, 'an integer number of bits from 8 to 15'],
  ['clientMaxWindowBits', 16, 'an integer number of bits from 8 to 15'],
  ['clientMaxWindowBits', Number.NaN, 'an integer number of bits from 8 to 15'],
  ['level', -2, 'an integer from -1 to 9'],
  ['level', 10, 'an integer from -1 to 9'],
  ['level', 1.5, 'an integer from -1 to 9'],
  ['memLevel', 0, 'an integer from 1 to 9'],
  ['memLevel', 10, 'an integer from 1 to 9'],
  ['threshold', -1, 'an integer number of bytes from 0 to 4294967295'],
  ['threshold', 2 ** 32, 'an integer number of bytes from 0 to 4294967295'],
])('%s of %d is a RangeError', (name, value, expected) => {
  expect(() => checkCompression({ [name]: value })).toThrow(
    invalidRange(`compression.${name} is ${value}; expected ${expected}`),
  );
});

test.each([
  [
    'serverNoContextTakover',
    'unknown option compression.serverNoContextTakover; did you mean compression.serverNoContextTakeover?',
  ],
  [
    'client_max_window_bits',
    'unknown option compression.client_max_window_bits; did you mean compression.clientMaxWindowBits?',
  ],
  ['colour', 'unknown option compression.colour'],
  [
    'zlibDeflateOptions',
    'unknown option compression.zlibDeflateOptions; expected level and memLevel in compression itself',
  ],
  ['zlibInflateOptions', 'unknown option compression.zlibInflateOptions; inflating has no options'],
  [
    'concurrencyLimit',
    "unknown option compression.concurrencyLimit; each connection compresses on its reader's thread, without a limit",
  ],
  ['maxPayload', 'unknown option compression.maxPayload; expected maxMessageSize among the options of connect()'],
])('the unknown option %s leads to what may be meant', (name, message) => {
  expect(() => checkCompression({ [name]: 1 })).toThrow(invalidArgument(message));
});
