/** An echo server on `ws`; what it does besides is in ../peers.ts. */

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => (offered.has('echo') ? 'echo' : false),
});

server.on('listening', () => console.log(`listening on ${server.address().port}`));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? undefined : data.toString();
    if (text === 'please close') socket.close(4001, 'as you wish');
    else if (text === 'please ping') socket.ping('are you there?');
    else socket.send(data, { binary: isBinary });
  });
  socket.on('pong', (data) => socket.send(`pong: ${data}`));
});
