/** Answers to the offer of compression that it does not allow: none opens a connection, and no reader is left of any. */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { CompressionOptions } from '../../lib/compression-options.js';
import { connect } from '../../lib/connect.js';
import { NegotiationError } from '../../lib/errors.js';
import { liveReaders } from '../support/live-readers.js';
import { open, openRaw, rejection } from '../support/opened.js';
import { accept, acceptDeflate, neverAnswer, ScriptedPeer } from '../support/scripted-peer.js';
import { LONG, now } from '../support/times.js';

/** What connecting rejects with where the peer answers with `extensions`; it has seen no frame and the stream's end. */
async function refused(extensions: string, compression: boolean | CompressionOptions): Promise<NegotiationError> {
  const headers = { 'Sec-WebSocket-Extensions': extensions };
  const peer = await ScriptedPeer.listen([accept({ headers }), neverAnswer()]);
  onTestFinished(() => peer.stop());
  const began = now();
  const error = await rejection<NegotiationError>(connect(peer.url, { compression }));
  expect(liveReaders()).toBe(0);
  await peer.ended();
  expect(now() - began).toBeLessThan(LONG);
  expect(await peer.frames()).toEqual([]);
  return error;
}

describe('an acceptance of compression', () => {
  const cases: [string, boolean | CompressionOptions, string, string][] = [
    ['of an extension that nobody knows', true, 'x-gzip', 'server chose extension "x-gzip"'],
    ['with another extension beside it', true, 'permessage-deflate, x-gzip', 'server chose extension "x-gzip"'],
    ['that comes twice', true, 'permessage-deflate, permessage-deflate', 'came 2 times, expected once'],
    ['with a parameter that nobody knows', true, 'permessage-deflate; foo', 'parameter "foo" is unknown'],
    [
      'with a parameter that comes twice',
      true,
      'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
      'server_no_context_takeover came twice',
    ],
    [
      'with a value where there is none',
      true,
      'permessage-deflate; server_no_context_takeover=1',
      'server_no_context_takeover has value "1", expected none',
    ],
    ...['0', '7', '16', '08', 'nine'].flatMap((bits) =>
      ['server_max_window_bits', 'client_max_window_bits'].map((name): [string, boolean, string, string] => [
        `with ${name} of ${bits}`,
        true,
        `permessage-deflate; ${name}=${bits}`,
        `${name} is "${bits}", expected 8 to 15`,
      ]),
    ),
    [
      'with a client’s window that was not offered',
      { clientMaxWindowBits: false },
      'permessage-deflate; client_max_window_bits=15',
      'client_max_window_bits was not offered',
    ],
    [
      'with a larger client’s window than was offered',
      { clientMaxWindowBits: 10 },
      'permessage-deflate; client_max_window_bits=11',
      'client_max_window_bits is 11, expected at most 10',
    ],
    [
      'with a larger server’s window than was asked for',
      { serverMaxWindowBits: 10 },
      'permessage-deflate; server_max_window_bits=11',
      'server_max_window_bits is 11, expected at most 10',
    ],
    [
      'without the server’s window that was asked for',
      { serverMaxWindowBits: 10 },
      'permessage-deflate',
      'server_max_window_bits is missing, expected at most 10',
    ],
    [
      'without the server’s forgetting that was asked for',
      { serverNoContextTakeover: true },
      'permessage-deflate',
      'server_no_context_takeover is missing',
    ],
    ['where none was offered', false, 'permessage-deflate', 'none was offered'],
  ];
  test.each(cases)('%s is a NegotiationError', async (_what, compression, extensions, message) => {
    const error = await refused(extensions, compression);
    expect(error).toBeInstanceOf(NegotiationError);
    expect(error).toMatchObject({ code: 'HAWSER_NEGOTIATION', message: expect.stringContaining(message) });
  });

  test('as much as was offered, or less, opens the connection', async () => {
    const compression = { serverMaxWindowBits: 10, clientMaxWindowBits: 12 };
    for (const [server, client] of [
      [10, 12],
      [8, 8],
    ]) {
      const parameters = [`server_max_window_bits=${server}`, `client_max_window_bits=${client}`];
      const { connection } = await openRaw([acceptDeflate(...parameters)], { compression });
      expect(connection.extensions).toBe(['permessage-deflate', ...parameters].join('; '));
    }
  });

  test('may be left out, and nothing is compressed', async () => {
    const { connection, peer } = await open();
    await connection.send('x'.repeat(10_000));
    expect(await peer.expectFrame()).toMatchObject({ type: 'text', rsv: 0 });
    expect(connection.extensions).toBe('');
  });
});
