/** An engine.io server that echoes the messages of its own protocol, text and binary; it pings every 100 ms in that. */

import * as http from 'node:http';
import { Server } from 'engine.io';

const httpServer = http.createServer();
const server = new Server({
  transports: ['websocket'],
  perMessageDeflate: { threshold: 0 },
  pingInterval: 100,
  pingTimeout: 5_000,
});

server.attach(httpServer);
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    if (data === 'please close') socket.close();
    else socket.send(data);
  });
});

httpServer.listen(0, '127.0.0.1', () => console.log(`listening on ${httpServer.address().port}`));
