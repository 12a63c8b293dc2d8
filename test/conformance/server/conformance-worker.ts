/** The server's thread: listens on 127.0.0.1, runs a case on each connection, and posts the verdicts. */

import { type AddressInfo, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { DEADLINE } from '../../support/times.js';
import { allCases } from '../cases/index.js';
import type { Mode } from '../cases/scenario.js';
import { CaseConnection } from './case-connection.js';

export interface Started {
  readonly port: number;
}

const { mode } = workerData as { mode: Mode };

const server = createServer({ allowHalfOpen: true }, async (socket) => {
  const judged = await new CaseConnection(socket).run((id) => allCases[id], mode, DEADLINE);
  if (judged) parentPort!.postMessage(judged);
});
server.listen(0, '127.0.0.1', () => {
  const started: Started = { port: (server.address() as AddressInfo).port };
  parentPort!.postMessage(started);
});
