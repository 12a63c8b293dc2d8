// A connection as streams: a file goes out through a Duplex of node:stream, and messages go both ways through web streams.

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { connect } from 'hawser';
import { createDuplex, createWebStreams } from 'hawser/streams';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0 });
server.on('connection', (socket, { url }) => {
  let bytes = 0;
  socket.on('message', (data, isBinary) => {
    bytes += data.length;
    if (url === '/echo') socket.send(data, { binary: isBinary });
  });
  socket.on('close', () => console.log(`the server has received ${bytes} bytes at ${url}`));
});
await once(server, 'listening');
const url = `ws://localhost:${server.address().port}`;

// Reads no more of the file than the peer takes, and closes the connection behind it.
const file = import.meta.filename;
await pipeline(createReadStream(file), createDuplex(await connect(`${url}/upload`)));
console.log(`sent a file of ${(await stat(file)).size} bytes`);

const { readable, writable } = createWebStreams(await connect(`${url}/echo`));
const upperCase = new TransformStream({
  transform: (message, controller) => controller.enqueue(message.toUpperCase()),
});
const log = new WritableStream({ write: (message) => console.log(message) });
const logging = readable.pipeThrough(upperCase).pipeTo(log);
await ReadableStream.from(['one', 'two', 'three']).pipeTo(writable);
await logging;

server.close();
