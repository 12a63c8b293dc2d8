import { afterEach, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { liveReaders } from '../support/live-readers.js';
import { accept, flood, mark, reset, ScriptedPeer } from '../support/scripted-peer.js';

afterEach(() => expect(liveReaders()).toBe(0));

test('a reset that the reader finds behind unread messages is told as a reset', async () => {
  await using peer = await ScriptedPeer.listen([accept(), flood(100, { size: 1000 }), reset(), mark('reset')]);
  const connection = await connect(peer.url, { maxQueue: { messages: [8, 2] } });
  await peer.reached('reset');
  for (let i = 0; i < 100; i++) await connection.recv();
  await expect(connection.recv()).rejects.toMatchObject({ closeCode: 1006, cause: { code: 'ECONNRESET' } });
});
