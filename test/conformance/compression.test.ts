import { deflateRawSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compressionOffer } from './cases/compression.js';
import { json } from './cases/documents.js';
import type { WantedCompression } from './cases/scenario.js';
import { Compression } from './server/deflate.js';
import { type Agreement, negotiate } from './server/negotiation.js';

const want = (parts: Partial<WantedCompression> = {}): WantedCompression => ({
  noContextTakeover: false,
  windowBits: 0,
  of: 'both',
  ...parts,
});

describe('negotiating', () => {
  test.each([
    ['permessage-deflate', want(), 'permessage-deflate'],
    ['permessage-deflate; server_no_context_takeover', want(), 'permessage-deflate; server_no_context_takeover'],
    ['permessage-deflate; server_max_window_bits=10', want(), 'permessage-deflate; server_max_window_bits=10'],
    [
      'permessage-deflate; client_max_window_bits',
      want({ noContextTakeover: true }),
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    [
      'permessage-deflate; client_max_window_bits; server_max_window_bits=9',
      want({ windowBits: 15 }),
      'permessage-deflate; server_max_window_bits=9; client_max_window_bits=15',
    ],
    [
      'permessage-deflate; client_max_window_bits=10',
      want({ noContextTakeover: true, windowBits: 9, of: 'client' }),
      'permessage-deflate; client_no_context_takeover; client_max_window_bits=9',
    ],
  ])('the offer %s is answered as wanted', (offer, wanted, answer) => {
    expect(negotiate(offer, [wanted]).header).toBe(answer);
  });

  test('takes the first of a list that the offer allows', () => {
    const list = [want({ windowBits: 9, of: 'client' }), want({ noContextTakeover: true, of: 'client' })];
    expect(negotiate('permessage-deflate', list).header).toBe('permessage-deflate; client_no_context_takeover');
    expect(negotiate('x-other, permessage-deflate; client_max_window_bits', list).header).toBe(
      'permessage-deflate; client_max_window_bits=9',
    );
  });

  test('fails where the offer allows nothing that is wanted', () => {
    expect(() => negotiate(undefined, [want()])).toThrow('client offered no permessage-deflate');
    expect(() => negotiate('x-other', [want()])).toThrow('client offered no permessage-deflate');
    expect(() => negotiate('permessage-deflate', [want({ windowBits: 9 })])).toThrow('does not allow');
  });
});

describe('what a client offers', () => {
  test('has the parameters of its case', () => {
    expect(compressionOffer('1.1.1')).toBeUndefined();
    expect(compressionOffer('12.3.4')).toEqual({ clientMaxWindowBits: true, threshold: 0 });
    expect(compressionOffer('13.2.1')).toMatchObject({ serverNoContextTakeover: true });
    expect(compressionOffer('13.5.18')).toMatchObject({ serverNoContextTakeover: true, serverMaxWindowBits: 9 });
    expect(compressionOffer('13.7.1')).toEqual({ clientMaxWindowBits: true, threshold: 0 });
  });
});

describe('compression', () => {
  const agreement: Agreement = {
    header: '',
    serverNoContextTakeover: false,
    serverWindowBits: 15,
    clientNoContextTakeover: false,
    clientWindowBits: 15,
  };
  const message = json().subarray(0, 8192);

  function compression(parts: Partial<Agreement> = {}): Compression {
    const made = new Compression({ ...agreement, ...parts });
    onTestFinished(() => made.close());
    return made;
  }

  test('keeps its windows from message to message', async () => {
    const [server, client] = [compression(), compression()];
    const first = await server.deflate(message);
    const second = await server.deflate(message);
    expect(second.length).toBeLessThan(first.length / 10);
    expect(await client.inflate(first)).toEqual(message);
    expect(await client.inflate(second)).toEqual(message);
  });

  test('forgets its window where that was agreed', async () => {
    const server = compression({ serverNoContextTakeover: true });
    expect(await server.deflate(message)).toEqual(await server.deflate(message));
  });

  test('refuses a message that refers to an earlier one where that was given up', async () => {
    const [forgetful, client] = [compression({ clientNoContextTakeover: true }), compression()];
    expect(await forgetful.inflate(await client.deflate(message))).toEqual(message);
    await expect(forgetful.inflate(await client.deflate(message))).rejects.toThrow('invalid distance too far back');
  });

  test('refuses a message that refers further back than the window agreed on', async () => {
    const server = compression({ clientWindowBits: 9 });
    await expect(server.inflate(deflateRawSync(message, { windowBits: 15 }))).rejects.toThrow('distance too far back');
  });
});
