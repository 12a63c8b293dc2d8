// What the binaries of other platforms talk to, run by this machine's own Node.js: `ws` with and without TLS, which
// compresses where it is asked to. The request's path says what it does.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { WebSocketServer } from 'ws';
import { binaryAt, burst, textAt } from './payloads.mjs';

/** @type {Record<string, (socket: import('ws').WebSocket) => void>} */
const behaviours = {
  '/echo': (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })),
  '/burst': (socket) => {
    for (let i = 0; i < burst; i++) socket.send(i % 2 === 0 ? textAt(i) : binaryAt(i));
    socket.close(1000, 'that is all');
  },
  '/count-pings': (socket) => {
    let pings = 0;
    socket.on('ping', () => ++pings === 3 && socket.send('three pings'));
  },
  '/close': (socket) => socket.on('message', () => socket.close(4001, 'as you wish')),
  '/vanish': (socket) => {
    const { _socket: connection } = /** @type {any} */ (socket);
    socket.on('message', () => connection.resetAndDestroy());
  },
  '/hold': () => {},
};

const plain = createServer();
const secure = createSecureServer({ cert: process.env.SERVER_CERT, key: process.env.SERVER_KEY });
const ports = [];
for (const server of [plain, secure]) {
  const sockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {});
    behaviours[request.url ?? '']?.(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ports.push(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
}
process.send?.({ plain: ports[0], secure: ports[1] });
process.on('disconnect', () => process.exit());
