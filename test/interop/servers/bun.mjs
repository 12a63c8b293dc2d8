/** An echo server on Bun's own WebSocket server, which is uWebSockets; what it does besides is in ../peers.ts. */

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    const offered = request.headers.get('sec-websocket-protocol')?.split(/\s*,\s*/) ?? [];
    const headers = offered.includes('echo') ? { 'Sec-WebSocket-Protocol': 'echo' } : {};
    return server.upgrade(request, { headers }) ? undefined : new Response('expected WebSocket', { status: 426 });
  },
  websocket: {
    perMessageDeflate: { compress: 'dedicated', decompress: 'dedicated' },
    maxPayloadLength: 4 * 1024 * 1024,
    message(socket, data) {
      if (data === 'please close') socket.close(4001, 'as you wish');
      else if (data === 'please ping') socket.ping('are you there?');
      else socket.send(data, true);
    },
    pong(socket, data) {
      socket.send(`pong: ${data}`, true);
    },
  },
});

console.log(`listening on ${server.port}`);
