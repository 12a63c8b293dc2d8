// Connects, sends, receives and closes. The server is there to have somebody to talk to.

import { once } from 'node:events';
import { connect } from 'hawser';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0 });
server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
await once(server, 'listening');

const connection = await connect(`ws://localhost:${server.address().port}`);

await connection.send('hello');
console.log(await connection.recv());

await connection.send(new Uint8Array([1, 2, 3]));
console.log(await connection.recv());

const { code, wasClean } = await connection.close();
console.log(`closed with ${code}, ${wasClean ? 'clean' : 'not clean'}`);

server.close();
