/** An echo server on `websocket` (WebSocket-Node); what it does besides is in ../peers.ts. */

import * as http from 'node:http';
import websocket from 'websocket';

const server = http.createServer();
const maxReceivedMessageSize = 4 * 1024 * 1024;

new websocket.server({
  httpServer: server,
  maxReceivedFrameSize: maxReceivedMessageSize,
  maxReceivedMessageSize,
}).on('request', (request) => {
  const connection = request.accept(request.requestedProtocols.includes('echo') ? 'echo' : null, request.origin);
  connection.on('message', (message) => {
    if (message.type === 'binary') connection.sendBytes(message.binaryData);
    else if (message.utf8Data === 'please close') connection.close(4001, 'as you wish');
    else if (message.utf8Data === 'please ping') connection.ping('are you there?');
    else connection.sendUTF(message.utf8Data);
  });
  connection.on('pong', (data) => connection.sendUTF(`pong: ${data}`));
});

server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
