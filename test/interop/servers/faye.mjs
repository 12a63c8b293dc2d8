/** An echo server on `faye-websocket` for Node, with its own permessage-deflate; what it does besides is in ../peers.ts. */

import * as http from 'node:http';
import WebSocket from 'faye-websocket';
import deflate from 'permessage-deflate';

const server = http.createServer();

server.on('upgrade', (request, socket, body) => {
  const connection = new WebSocket(request, socket, body, ['echo'], { extensions: [deflate] });
  connection.on('message', ({ data }) => {
    if (data === 'please close') connection.close(4001, 'as you wish');
    else if (data === 'please ping') connection.ping('are you there?', () => connection.send('pong: are you there?'));
    else connection.send(data);
  });
});

server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
