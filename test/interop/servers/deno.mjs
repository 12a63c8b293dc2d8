/** An echo server on Deno's WebSocket server, which is fastwebsockets; what it does besides is in ../peers.ts. */

Deno.serve(
  { hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(`listening on ${port}`) },
  (request) => {
    const offered = request.headers.get('sec-websocket-protocol')?.split(/\s*,\s*/) ?? [];
    const options = offered.includes('echo') ? { protocol: 'echo' } : {};
    const { socket, response } = Deno.upgradeWebSocket(request, options);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (data === 'please close') socket.close(4001, 'as you wish');
      else socket.send(data);
    };
    return response;
  },
);
