// Looks on at a short exchange from outside: events by the channels of node:diagnostics_channel, times of arrival, and the
// figures that the connection has counted. `NODE_DEBUG=hawser node examples/observe.mjs` shows each frame as well.

import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect } from 'hawser';
import { WebSocketServer } from 'ws';

const MESSAGES = 10_000;

// Pings and pongs are told of connections that are opened after somebody has subscribed.
subscribe('hawser:connecting', ({ url }) => console.log(`connecting to ${url}`));
subscribe('hawser:open', ({ connection }) => console.log(`open: ${connection.remoteAddress.address}`));
subscribe('hawser:ping', ({ direction }) => console.log(`ping ${direction}`));
subscribe('hawser:pong', ({ direction }) => console.log(`pong ${direction}`));
subscribe('hawser:close', ({ outcome }) => console.log(`closed: ${outcome.code} ${outcome.reason}`));
subscribe('hawser:error', ({ error }) => console.log(`error: ${error.message}`));

const server = new WebSocketServer({ port: 0, perMessageDeflate: true });
server.on('connection', (socket) => {
  socket.ping();
  for (let i = 0; i < MESSAGES; i++) socket.send(JSON.stringify({ i, at: Date.now() }));
});
await once(server, 'listening');
const url = `ws://localhost:${server.address().port}`;

const connection = await connect(url);
let received = 0;
let longestWait = 0;
for await (const messages of connection.batches({ timestamps: true })) {
  for (const { receivedAt } of messages) longestWait = Math.max(longestWait, Date.now() - receivedAt);
  received += messages.length;
  if (received === MESSAGES) break;
}
console.log(`a message waited for its consumer for ${longestWait.toFixed(1)} ms at most`);
console.log(`a ping took ${(await connection.ping()).toFixed(3)} ms`);
await connection.close(1000, 'done');
console.log(connection.stats());

server.close();
// Nobody listens there any more: an error that subscribers see, whoever handles it.
await connect(url).catch(() => {});
