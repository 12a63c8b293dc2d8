import { expect, test } from 'vitest';
import { EndOfStream, InvalidHeader, InvalidMessage } from '../../../lib/errors.js';
import {
  judgeUnfinishedHead,
  maxHeaders,
  maxHeadSize,
  maxLineSize,
  parseResponseHead,
} from '../../../lib/handshake/response-head.js';

function parse(text: string) {
  return parseResponseHead(Buffer.from(text, 'latin1'));
}

function parseHeaders(...lines: string[]) {
  return parse(`HTTP/1.1 101 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`).headers;
}

test('a head has a status, a reason and headers', () => {
  const head = parse('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX: \r\n\r\n');
  expect(head).toMatchObject({ status: 101, statusText: 'Switching Protocols' });
  expect([...head.headers]).toEqual([
    ['Upgrade', 'websocket'],
    ['X', ''],
  ]);
});

test.each([
  ['HTTP/1.1 404 Not Found', 404, 'Not Found'],
  ['HTTP/1.1 200 ', 200, ''],
  ['HTTP/1.1 200', 200, ''],
  ['HTTP/1.1 599 \xe9\t!', 599, '\xe9\t!'],
])('the status line %j is accepted', (line, status, statusText) => {
  expect(parse(`${line}\r\n\r\n`)).toMatchObject({ status, statusText });
});

test.each([
  'HTTP/1.0 200 OK',
  'HTTP/2 200',
  'http/1.1 200 OK',
  'HTTP/1.10 200 OK',
  '220 smtp.example ESMTP',
  ' HTTP/1.1 200 OK',
  '\x01\x03\x01\x02',
  '',
])('%j is not HTTP/1.1', (line) => {
  expect(() => parse(`${line}\r\n\r\n`)).toThrow(InvalidMessage);
  expect(() => parse(`${line}\r\n\r\n`)).toThrow('unsupported protocol; expected HTTP/1.1: ');
});

test.each([
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 600 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 2x0 OK',
  'HTTP/1.1 -20 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 \x7f',
])('the status line %j is refused', (line) => {
  expect(() => parse(`${line}\r\n\r\n`)).toThrow(InvalidMessage);
  expect(() => parse(`${line}\r\n\r\n`)).toThrow('invalid status line');
});

test.each([
  ['\x15\x03\x01\0\x02\x02\x46', 'the server speaks TLS; expected HTTP/1.1, or a wss: URL for TLS'],
  ['\x16\x03\x03\0\x0a\r\n', 'the server speaks TLS; expected HTTP/1.1, or a wss: URL for TLS'],
  ['\0\0\x12\x04\0\0\0', 'the server speaks HTTP/2; expected HTTP/1.1'],
  ['\0\0\n\x04\0\0\0', 'the server speaks HTTP/2; expected HTTP/1.1'],
])('%j is told by its protocol', (bytes, problem) => {
  const message = `did not receive a valid HTTP response; ${problem}`;
  expect(() => parse(bytes)).toThrow(message);
  expect(judgeUnfinishedHead(Buffer.from(bytes, 'latin1')).message).toBe(message);
});

test('junk that is only a line is shown, short and on one line', () => {
  expect(() => parse('220 smtp.example ESMTP\r\n')).toThrow('expected HTTP/1.1: "220 smtp.example ESMTP"');
  try {
    parse('\x00\n'.repeat(1000));
    expect.unreachable();
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(200);
    expect((error as Error).message).not.toContain('\n');
  }
});

test('white space around a value is dropped, within it kept', () => {
  expect(parseHeaders('A: \t b  c \t').get('a')).toBe('b  c');
  expect(parseHeaders('A:b').get('a')).toBe('b');
});

test('a value is latin1', () => {
  expect(parseHeaders('A: \xe9\xff').get('a')).toBe('\xe9\xff');
});

test('a value may have colons', () => {
  expect(parseHeaders('Location: http://h:1/').get('location')).toBe('http://h:1/');
});

test('duplicates are kept', () => {
  expect(parseHeaders('A: 1', 'a: 2').getAll('A')).toEqual(['1', '2']);
});

test.each(['A : b', ': b', 'A B: c', 'A\x00: b', 'A\xe9: b', '(A): b', 'A\t: b'])(
  'the header %j is refused',
  (line) => {
    expect(() => parseHeaders(line)).toThrow(InvalidHeader);
  },
);

test.each(['A: \0', 'A: b\x01c', 'A: \x7f', 'A: \x1b[0m'])('the header %j is refused', (line) => {
  expect(() => parseHeaders(line)).toThrow(InvalidHeader);
});

test('a line without a colon is refused', () => {
  expect(() => parseHeaders('A')).toThrow('without a colon');
});

test.each([' folded', '\tfolded', ' A: b'])('the folded line %j is refused', (line) => {
  expect(() => parseHeaders('A: b', line)).toThrow('folded');
  expect(() => parseHeaders(line)).toThrow('folded');
});

test.each([
  'HTTP/1.1 200 OK\n\n',
  'HTTP/1.1 200 OK\nA: b\n\n',
  'HTTP/1.1 200 OK\nA: b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\r\n\n',
  'HTTP/1.1 200 OK\r\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n',
])('the bare CR or LF in %j is refused', (text) => {
  expect(() => parse(text)).toThrow('has a bare CR or LF');
});

test.each([
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200 OK\r\nA: b\r\n',
  'HTTP/1.1 200 OK\r\n\r\nA: b\r\n\r\n',
])('a head without its empty line at the end is refused: %j', (text) =>
  expect(() => parse(text)).toThrow(InvalidMessage),
);

test('a line may have 8 KiB and not one byte more', () => {
  const value = 'x'.repeat(maxLineSize - 'A: '.length);
  expect(parseHeaders(`A: ${value}`).get('A')).toBe(value);
  expect(() => parseHeaders(`A: ${value}x`)).toThrow(
    'header line of the response has at least 8193 bytes; the limit is 8192',
  );
  const reason = 'x'.repeat(maxLineSize - 'HTTP/1.1 200 '.length);
  expect(parse(`HTTP/1.1 200 ${reason}\r\n\r\n`).statusText).toBe(reason);
  expect(() => parse(`HTTP/1.1 200 ${reason}x\r\n\r\n`)).toThrow('status line of the response has at least 8193 bytes');
});

test('a head may have 128 headers and not one more', () => {
  expect(parseHeaders(...Array(maxHeaders).fill('A: b')).size).toBe(128);
  expect(() => parseHeaders(...Array(maxHeaders + 1).fill('A: b'))).toThrow(
    'response has 129 headers; the limit is 128',
  );
});

test('the largest head within the limits fits the bound', () => {
  const line = 'x'.repeat(maxLineSize - 'A: '.length);
  const reason = 'x'.repeat(maxLineSize - 'HTTP/1.1 200 '.length);
  const text = `HTTP/1.1 200 ${reason}\r\n${`A: ${line}\r\n`.repeat(maxHeaders)}\r\n`;
  expect(text.length).toBe(maxHeadSize);
  expect(parse(text).headers.size).toBe(maxHeaders);
});

test.each([
  ['', 'did not receive a valid HTTP response; connection closed while reading HTTP status line'],
  ['HTTP/1.1 20', 'connection closed while reading HTTP status line'],
  ['HTTP/1.1 200 OK\r\nA: b\r\n', 'connection closed while reading HTTP headers'],
  ['220 smtp\r\n', 'unsupported protocol; expected HTTP/1.1: "220 smtp"'],
  ['SSH-2.0', 'unsupported protocol; expected HTTP/1.1: "SSH-2.0"'],
  [`HTTP/1.1 200 ${'x'.repeat(maxHeadSize)}`, 'status line of the response has at least'],
  [`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(maxHeadSize / 6)}`, `the limit is ${maxHeadSize}`],
])('an unfinished head is explained', (text, words) => {
  const error = judgeUnfinishedHead(Buffer.from(text, 'latin1'));
  expect(error).toBeInstanceOf(InvalidMessage);
  expect(error.message).toContain(words);
});

test.each(['', 'HTTP/1.1 20', 'HTTP/1.1 200 OK\r\nA: b\r\n'])(
  'a head that the end of the stream cut short has that as its cause: %j',
  (text) => {
    const { cause } = judgeUnfinishedHead(Buffer.from(text, 'latin1'));
    expect(cause).toBeInstanceOf(EndOfStream);
    expect(cause).toMatchObject({ message: 'the peer ended the stream within its response' });
  },
);

test.each(['220 smtp\r\n', `HTTP/1.1 200 ${'x'.repeat(maxHeadSize)}`])(
  'a head that is wrong already has no such cause',
  (text) => {
    expect(judgeUnfinishedHead(Buffer.from(text, 'latin1'))).not.toHaveProperty('cause');
  },
);

test('any bytes at all give a head or one of two errors', () => {
  let state = 1;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const alphabet = ['HTTP/1.1 ', '200', ' ', '\r\n', '\r', '\n', ':', 'A', '\0', '\xff', '\t', '101 x\r\n', '\r\n\r\n'];
  for (let round = 0; round < 5_000; round++) {
    const parts = Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]);
    try {
      const head = parse(`${random(4) === 0 ? '' : 'HTTP/1.1 200 '}${parts.join('')}\r\n\r\n`);
      expect(head.status).toBeGreaterThanOrEqual(100);
    } catch (error) {
      expect([InvalidMessage, InvalidHeader]).toContain((error as Error).constructor);
    }
  }
});
