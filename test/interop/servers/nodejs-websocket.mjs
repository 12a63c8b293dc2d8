/** An echo server on `nodejs-websocket`; what it does besides is in ../peers.ts. */

import websocket from 'nodejs-websocket';

websocket.setMaxBufferLength(4 * 1024 * 1024);

const server = websocket.createServer(
  { selectProtocol: (_connection, offered) => offered.find((name) => name === 'echo') },
  (connection) => {
    connection.on('error', () => {});
    // The end of a binary message is told later than the text behind it.
    let last = Promise.resolve();
    connection.on('text', (text) => {
      last = last.then(() => {
        if (text === 'please close') connection.close(4001, 'as you wish');
        else if (text === 'please ping') connection.sendPing('are you there?');
        else connection.sendText(text);
      });
    });
    connection.on('binary', (stream) => {
      last = last.then(async () => connection.sendBinary(Buffer.concat(await stream.toArray())));
    });
    connection.on('pong', (data) => connection.sendText(`pong: ${data}`));
  },
);

server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.socket.address().port}`));
