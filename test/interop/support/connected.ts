/** Connections to real servers, for one test each: they end with it, and a failure shows what the server said. */

import { expect, onTestFailed, onTestFinished } from 'vitest';
import { connect } from '../../../lib/connect.js';
import type { Connection } from '../../../lib/connection.js';
import type { ConnectOptions } from '../../../lib/options.js';
import type { Data } from '../../../lib/types.js';
import { liveReaders } from '../../support/live-readers.js';
import { DEADLINE } from '../../support/times.js';
import { type Server, Server as Servers, type Start } from './server.js';

/** Connections of the test that have not been ended by it. */
let openConnections = 0;

/** A connection that is terminated after the test, when no reader may be left. */
export async function opened(url: string, options: ConnectOptions = {}): Promise<Connection> {
  const connection = await connect(url, options);
  openConnections++;
  onTestFinished(async () => {
    await connection.terminate();
    expect(liveReaders()).toBeLessThanOrEqual(--openConnections);
  });
  return connection;
}

/** As `opened`, where the server runs for the tests. */
export function connected(server: Server, path: string, options?: ConnectOptions): Promise<Connection> {
  onTestFailed(() => console.error(server.log));
  return opened(`ws://127.0.0.1:${server.port}${path}`, options);
}

/** A server of the test's own, for tests that end it. */
export async function ownServer(start: Start): Promise<Server> {
  const server = await Servers.start(start);
  onTestFinished(() => server.kill());
  return server;
}

/** Sends a message and receives the next. */
export async function exchange(connection: Connection, message: Data): Promise<Data> {
  await connection.send(message);
  return next(connection);
}

/** Receives the next message, in good time. */
export function next(connection: Connection): Promise<Data> {
  return connection.recv({ timeout: DEADLINE });
}
