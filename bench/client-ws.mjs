import { once } from 'node:events';
// @ts-expect-error it has no types
import { mask } from 'bufferutil';
import { WebSocket } from 'ws';
import { ca, run } from './client.mjs';

/** What `ws` may hold back before a turn waits; hawser's own default. */
const WRITE_LIMIT = 1024 * 1024;

// ws takes bufferutil by itself where it is installed; its JavaScript fallback would not be the promised baseline.
if (!/\[native code\]/.test(String(mask)) || process.env['WS_NO_BUFFER_UTIL']) throw new Error('bufferutil is missing');

/**
 * @typedef {import('./client.mjs').Client} Client
 * @typedef {import('./client.mjs').Message} Message
 */

await run(async (url, { compressed = false, tls = false }) => {
  const options = { perMessageDeflate: compressed, ...(tls ? { ca } : {}) };
  const socket = new WebSocket(url, options);
  await once(socket, 'open');

  /** @type {Client['receive']} */
  function receive(_order, measurement) {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error('the connection closed during the measurement'));
      socket.on('close', fail);
      socket.on('message', function listen(data, isBinary) {
        const message = isBinary ? /** @type {Buffer} */ (data) : data.toString();
        if (!measurement.count(1, message.length)) return;
        socket.off('message', listen);
        socket.off('close', fail);
        resolve();
      });
    });
  }

  /** @type {(result: unknown) => void} */
  let answered = () => {};

  return {
    receive,
    sender: () => ({
      send(message, last) {
        if (!last || socket.bufferedAmount < WRITE_LIMIT) {
          socket.send(message);
          return undefined;
        }
        return new Promise((resolve) => socket.send(message, resolve));
      },
      buffered: () => socket.bufferedAmount,
    }),
    echo(message) {
      if (socket.listenerCount('message') === 0) socket.on('message', (data) => answered(data.toString()));
      socket.send(message);
      return new Promise((resolve) => {
        answered = resolve;
      });
    },
    async open() {
      const another = new WebSocket(url, options);
      await once(another, 'open');
      return () => end(another);
    },
    close: () => end(socket),
  };
});

/** @param {WebSocket} socket */
async function end(socket) {
  const closed = once(socket, 'close');
  socket.terminate();
  await closed;
}
