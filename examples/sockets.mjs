// Reaches a server at a Unix domain socket by its URL and by `socketPath`, and one at a port from a port of its own.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { connect } from 'hawser';
import { WebSocketServer } from 'ws';

/** A server that sends what it was asked for. */
async function listen(where) {
  const http = createServer();
  new WebSocketServer({ server: http }).on('connection', (socket, request) => {
    socket.send(`${request.headers.host} was asked for ${request.url}`);
  });
  http.listen(where);
  await once(http, 'listening');
  return http;
}

async function show(url, options) {
  const ws = await connect(url, options);
  console.log(await ws.recv(), ws.remoteAddress);
  await ws.close();
}

const folder = mkdtempSync(path.join(tmpdir(), 'hawser-'));
const socketPath = path.join(folder, 'feed.sock');
const local = await listen(socketPath);
await show(`ws+unix:${socketPath}:/updates?from=now`);
await show('ws://feed.internal/updates', { socketPath });
local.close();
rmSync(folder, { recursive: true });

const remote = await listen({ host: '127.0.0.1', port: 0 });
await show(`ws://127.0.0.1:${remote.address().port}/updates`, {
  localAddress: '127.0.0.1',
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
});
remote.close();
