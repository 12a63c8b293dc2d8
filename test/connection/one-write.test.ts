/** What leaves in one write, and whose memory it is: `sendMany()` and iterables, as the peer's socket sees them. */

import { describe, expect, test } from 'vitest';
import { open } from '../support/opened.js';
import { answerClose } from '../support/scripted-peer.js';
import { repeat } from '../support/times.js';

const texts = Array.from({ length: 100 }, (_, i) => `message ${i}`);

describe('one write', () => {
  test.each([
    ['sendMany()', (messages: string[]) => messages, 'sendMany'],
    ['sendMany() of a generator', (messages: string[]) => messages.values(), 'sendMany'],
    ['send() of an iterable', (messages: string[]) => messages, 'send'],
  ] as const)('is all that %s needs: a hundred frames come with one read', async (_what, make, name) => {
    const { connection, peer } = await open();
    await repeat(20, async (round) => {
      await connection[name](make(texts));
      const count = (round + 1) * (name === 'send' ? texts.length + 1 : texts.length);
      let frames = await peer.frames();
      while (frames.length < count) {
        await peer.expectFrame();
        frames = await peer.frames();
      }
      const ofThisRound = frames.slice(round * (count / (round + 1)));
      // All frames of a read have its time.
      expect(new Set(ofThisRound.map(({ at }) => at)).size).toBe(1);
    });
  });
});

describe('memory that a generator fills again for each item', () => {
  // Copied to the stage; sent by itself.
  const sizes = [100, 100_000];

  function* filled(size: number): Generator<Uint8Array> {
    const memory = new Uint8Array(size);
    for (let i = 0; i < 20; i++) yield memory.fill(i);
    memory.fill(0xff);
  }

  test.each(sizes)('is sent by sendMany() as it was each time: %i bytes', async (size) => {
    const { connection, peer } = await open([answerClose()]);
    await connection.sendMany(filled(size));
    await connection.close();
    const frames = await peer.frames('binary');
    expect(frames).toHaveLength(20);
    for (const [i, { payload }] of frames.entries()) expect(payload.equals(Buffer.alloc(size, i))).toBe(true);
  });

  test.each(sizes)('is sent in fragments as it was each time: %i bytes', async (size) => {
    const { connection, peer } = await open([answerClose()]);
    await connection.send(filled(size));
    await connection.close();
    const frames = (await peer.frames()).slice(0, 20);
    expect(frames.map(({ type }) => type)).toEqual(['binary', ...Array(19).fill('continuation')]);
    for (const [i, { payload }] of frames.entries()) expect(payload.equals(Buffer.alloc(size, i))).toBe(true);
  });
});
