// Receives many small messages the fast way: `batches()` gives all that have arrived at once, as an array.

import { once } from 'node:events';
import { connect } from 'hawser';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0 });
server.on('connection', (socket) => {
  for (let i = 0; i < 100_000; i++) socket.send(JSON.stringify({ trade: i, price: 100 + (i % 7) }));
  socket.close();
});
await once(server, 'listening');

const connection = await connect(`ws://localhost:${server.address().port}`);

let messages = 0;
let batches = 0;
let highest = 0;
// The loop ends when the server closes in good order, and throws when the connection breaks.
for await (const batch of connection.batches()) {
  for (const message of batch) highest = Math.max(highest, JSON.parse(message).price);
  messages += batch.length;
  batches++;
}
console.log(`${messages} messages in ${batches} batches; the highest price was ${highest}`);
console.log(`the server closed with ${connection.closeCode}`);

server.close();
