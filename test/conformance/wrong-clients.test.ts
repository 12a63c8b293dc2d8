/** Clients that do something wrong, and what the server says of them: the suite can fail. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame } from '../support/frames.js';
import { DEADLINE, SHORT } from '../support/times.js';
import { clientFrame, connectWrongly, type Faults } from './clients/wrong-client.js';
import { ConformanceServer } from './server/conformance-server.js';

let server: ConformanceServer;
beforeAll(async () => {
  server = await ConformanceServer.start('quick');
});
afterAll(() => server[Symbol.asyncDispose]());

const verdict = (id: string, faults: Faults = {}): Promise<string> =>
  server.judge(id, (url) => connectWrongly(url, faults));

describe.concurrent('a client without faults', () => {
  test.each([
    '1.1.6',
    '1.1.8',
    '1.2.7',
    '2.2',
    '2.11',
    '5.8',
    '5.20',
    '6.2.3',
    '7.1.1',
    '7.3.1',
    '7.7.2',
    '9.7.2',
    '9.5.6',
  ])('is OK in case %s, where nothing has to be refused', async (id) => {
    expect(await verdict(id)).toBe('OK');
  });
});

describe.concurrent('a client that echoes wrongly', () => {
  test('fails where it truncates text', async () => {
    const echo: Faults['echo'] = (frame) => [{ ...frame, payload: frame.payload.subarray(1) }];
    expect(await verdict('1.1.6', { echo })).toBe('FAILED: expected text of 65535 bytes, got text of 65534 bytes');
  });

  test('fails where it changes a byte', async () => {
    const echo: Faults['echo'] = (frame) => {
      frame.payload[1000] = 0;
      return [frame];
    };
    expect(await verdict('1.2.7', { echo })).toBe(
      'FAILED: expected binary of 65536 bytes, got binary of 65536 bytes that differs from byte 1000 on',
    );
  });

  test('fails where it echoes text as binary', async () => {
    const echo: Faults['echo'] = (frame) => [{ ...frame, opcode: 'binary' }];
    expect(await verdict('1.1.2', { echo })).toBe('FAILED: expected text of 125 bytes, got binary of 125 bytes');
  });

  test.each(['1.1.2', '9.7.4'])('fails where it echoes twice: %s', async (id) => {
    expect(await verdict(id, { echo: (frame) => [frame, frame] })).toMatch(
      /^FAILED: expected nothing more, got text of/,
    );
  });

  test('fails where it does not echo', async () => {
    expect(await verdict('5.3', { echo: () => [] })).toBe("FAILED: expected text 'fragment1fragment2', got nothing");
  });

  test('fails in a round trip where it does not echo', async () => {
    let count = 0;
    const echo: Faults['echo'] = (frame) => (++count === 500 ? [{ ...frame, payload: Buffer.alloc(16) }] : [frame]);
    expect(await verdict('9.8.2', { echo })).toMatch(/^FAILED: expected nothing more, got binary 00000/);
  });
});

describe.concurrent('a client that answers pings late', () => {
  test('fails where the pong comes after the echo of the message around the ping', async () => {
    expect(await verdict('5.6', { pongDelay: SHORT })).toBe(
      "FAILED: expected pong 'ping payload', got text 'fragment1fragment2'",
    );
  });

  test('fails where the pong does not come in time', async () => {
    expect(await verdict('2.2', { pongDelay: DEADLINE })).toBe("FAILED: expected pong 'Hello, world!', got nothing");
  });

  test('fails where the first pong has to come before the rest of the message is sent', async () => {
    expect(await verdict('5.19', { pongDelay: DEADLINE })).toBe(
      "FAILED: expected pong 'pongme 1!', got nothing in time",
    );
  });
});

describe.concurrent('a client that closes wrongly', () => {
  test('fails where its code is neither the one received nor 1000', async () => {
    expect(await verdict('7.7.2', { closeCode: 1008 })).toBe('FAILED: expected Close 1001, got Close 1008');
  });

  test('is not strict where its code is 1000 and not the one received', async () => {
    expect(await verdict('7.7.2', { closeCode: 1000 })).toBe('NON-STRICT: Close is 1000');
  });

  test('fails where it does not answer a Close', async () => {
    expect(await verdict('7.3.3', { neverCloses: true })).toBe('FAILED: expected Close 1000, got no Close');
  });

  test('fails where it answers a ping after its Close', async () => {
    expect(await verdict('7.1.3')).toBe('FAILED: client sent a pong frame after its Close');
  });

  test('fails where it leaves the TCP connection open', async () => {
    expect(await verdict('7.3.3', { neverEnds: true })).toBe('FAILED: the client did not end the TCP connection');
  });
});

describe.concurrent('a client that is to fail the connection', () => {
  test('fails where it takes the frame', async () => {
    expect(await verdict('3.1')).toBe("FAILED: expected nothing more, got text 'Hello, world!'");
  });

  test('fails where it ignores the frame', async () => {
    expect(await verdict('4.2.1')).toBe('FAILED: the client did not fail the connection');
  });

  test('is OK where its code is right', async () => {
    expect(await verdict('3.1', { onReservedBit: { close: 1002 } })).toBe('OK');
  });

  test.each([1000, 1007, 1011])('fails where its code is wrong: %i', async (code) => {
    expect(await verdict('3.1', { onReservedBit: { close: code } })).toBe(
      `FAILED: expected Close 1002, got Close ${code}`,
    );
  });

  test('is not strict where it drops the TCP connection', async () => {
    expect(await verdict('3.1', { onReservedBit: 'drop' })).toMatch(/^NON-STRICT: no Close/);
  });

  test('fails where it takes text that is not UTF-8', async () => {
    expect(await verdict('6.3.1')).toBe('FAILED: client sent a text message that is not UTF-8');
  });

  test('fails where it fails before there is a reason', async () => {
    expect(await verdict('6.4.1', { closesFirst: 1007 })).toBe('FAILED: expected no failure in pause A, got nothing');
  });
});

describe.concurrent('a client that sends what no client may send', () => {
  test('fails where a frame is not masked', async () => {
    const sendsFirst = encodeFrame({ opcode: 'text', payload: 'x' });
    expect(await verdict('2.7', { sendsFirst })).toBe('FAILED: client sent an unmasked text frame');
  });

  test('fails where a reserved bit is set', async () => {
    const sendsFirst = clientFrame({ opcode: 'pong', rsv: 4 });
    expect(await verdict('2.7', { sendsFirst })).toBe('FAILED: client set reserved bits 4 in a pong frame');
  });

  test('fails where a fragment is out of place', async () => {
    const sendsFirst = clientFrame({ opcode: 'continuation' });
    expect(await verdict('2.7', { sendsFirst })).toBe('FAILED: client sent a continuation of nothing');
  });
});

test('a case that is not in the list fails', async () => {
  expect(await verdict('8.1')).toBe("FAILED: there is no case '8.1'");
});

describe.concurrent('a client of a compression case', () => {
  test('fails where it offers no permessage-deflate', async () => {
    expect(await verdict('12.1.1')).toBe('FAILED: client offered no permessage-deflate');
  });

  test('fails where it does not offer to limit its window and has to', async () => {
    expect(await verdict('13.3.1', { extensions: 'permessage-deflate' })).toMatch(
      /^FAILED: client's offer does not allow client_max_window_bits/,
    );
  });

  test('fails where it echoes the compressed bytes as they came', async () => {
    expect(await verdict('12.2.3', { extensions: 'permessage-deflate' })).toMatch(
      /^FAILED: expected nothing more, got binary/,
    );
  });
});
