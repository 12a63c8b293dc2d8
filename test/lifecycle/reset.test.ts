import { afterEach, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import { liveReaders } from '../support/live-readers.js';
import { accept, reset, ScriptedPeer, sendText, together } from '../support/scripted-peer.js';

afterEach(() => expect(liveReaders()).toBe(0));

test('a reset that the reader finds behind unread messages is told as a reset', async () => {
  await using peer = await ScriptedPeer.listen([accept(), together(sendText('a'), sendText('b'))]);
  const connection = await connect(peer.url, { maxQueue: { messages: [1, 0] } });
  expect(await connection.recv()).toBe('a');
  // Two messages are too many, so the reader has paused and won't read the third before the second is received.
  await peer.do(sendText('c'), reset());
  expect([await connection.recv(), await connection.recv()]).toEqual(['b', 'c']);
  await expect(connection.recv()).rejects.toMatchObject({ closeCode: 1006, cause: { code: 'ECONNRESET' } });
});
