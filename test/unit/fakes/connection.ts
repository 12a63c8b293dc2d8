/** A Connection over a fake session, for tests that are the reader themselves. */

import { Connection } from '../../../lib/connection.js';
import { HeaderList } from '../../../lib/handshake/headers.js';
import { resolveOptions } from '../../../lib/options.js';
import { Session } from '../../../lib/session.js';
import { FakeSession } from './native.js';

export interface FakeConnection {
  readonly connection: Connection;
  readonly reader: FakeSession;
}

/** @param compressFrom messages of so many bytes are compressed. */
export function fakeConnection(compressFrom = Number.POSITIVE_INFINITY): FakeConnection {
  const reader = new FakeSession();
  const connection = new Connection({
    session: new Session(reader),
    url: 'ws://localhost/',
    request: { method: 'GET', target: '/', headers: new HeaderList() },
    response: { status: 101, statusText: '', headers: new HeaderList() },
    subprotocol: undefined,
    localAddress: { address: '127.0.0.1', port: 1, family: 'IPv4' },
    remoteAddress: { address: '127.0.0.1', port: 2, family: 'IPv4' },
    tls: undefined,
    options: resolveOptions({ writeLimit: [1000, 100] }),
    compressFrom,
  });
  return { connection, reader };
}

/** Resolves when the event loop has turned. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
