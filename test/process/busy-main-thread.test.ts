import { afterEach, expect, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import { keepBusy } from '../support/event-loop.js';
import { liveReaders } from '../support/live-readers.js';
import { accept, answerClose, flood, floodPayload, ScriptedPeer } from '../support/scripted-peer.js';
import { MEDIUM, UNIT } from '../support/times.js';

const count = 20_000;
const size = 125;

afterEach(() => expect(liveReaders()).toBe(0));

const styles: Record<string, (connection: Connection) => AsyncIterable<unknown>> = {
  async *recv(connection) {
    while (true) yield await connection.recv();
  },
  async *recvMany(connection) {
    while (true) yield* await connection.recvMany({ max: 100 });
  },
  async *tryRecv(connection) {
    while (true) yield connection.tryRecv() ?? (await connection.recv());
  },
  async *batches(connection) {
    for await (const messages of connection.batches()) yield* messages;
  },
  iteration: (connection) => connection,
};

test.each(Object.keys(styles))(
  'messages that come while the main thread is busy keep their order: %s',
  async (style) => {
    await using peer = await ScriptedPeer.listen([accept(), flood(count, { size }), answerClose()]);
    const connection = await connect(peer.url);
    keepBusy(MEDIUM);
    let next = 0;
    for await (const message of styles[style]!(connection)) {
      if (message !== floodPayload(next, size)) expect(message).toBe(floodPayload(next, size));
      next++;
      if (next % 5000 === 0) keepBusy(UNIT);
      if (next === count) break;
    }
    expect(connection.tryRecv()).toBeUndefined();
    await connection.close();
  },
);
