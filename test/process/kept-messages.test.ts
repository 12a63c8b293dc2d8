import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accept, flood, ScriptedPeer } from '../support/scripted-peer.js';
import { DEADLINE, rounds } from '../support/times.js';
import { runClean } from './run-clean.js';

const warmUp = 20_000;
const every = 1000;
/** A million, fewer where HAWSER_ROUNDS is below 1. */
const count = every * Math.min(1000, Math.max(300, rounds(1000)));
const KiB = 1024;

/** How much a kept message may hold, itself included: small ones share memory, blocks or strings. */
const most = { binary: 9 * KiB, text: 3 * KiB };

describe.each([16, 125])('of many messages of %d bytes', (size) => {
  describe.each(['text', 'binary'] as const)('in %s', (type) => {
    let peers: ScriptedPeer[];
    beforeAll(async () => {
      const options = { size, binary: type === 'binary' };
      const listen = (messages: number) => ScriptedPeer.listen([accept(), flood(messages, options)]);
      peers = await Promise.all([listen(warmUp), listen(count)]);
    });
    afterAll(() => Promise.all(peers.map((peer) => peer.stop())));

    test.each(['recv', 'recvMany', 'batches'])(
      'every thousandth, kept from %s, pins a few KiB at most',
      async (style) => {
        const [warmUpUrl, url] = peers.map((peer) => peer.url);
        const args = [JSON.stringify({ style, warmUpUrl, warmUp, url, count, every })];
        const stdout = await runClean('keep-messages.mjs', { args, flags: ['--expose-gc'], deadline: 3 * DEADLINE });
        const { kept, bytesEach } = JSON.parse(stdout);
        expect(kept).toBe(count / every);
        expect(bytesEach).toBeLessThan(most[type]);
      },
    );
  });
});
