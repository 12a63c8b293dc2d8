import { connect } from 'hawser';
import { ca, run } from './client.mjs';

/**
 * @typedef {import('./client.mjs').Client} Client
 */

await run(async (url, { compressed = false, tls = false }) => {
  const options = { compression: compressed, ...(tls ? { tls: { ca } } : {}) };
  const connection = await connect(url, options);

  /** @type {Client['receive']} */
  async function receive({ style }, measurement) {
    if (style === 'for-await') {
      for await (const message of connection) {
        if (measurement.count(1, message.length)) return;
      }
    }
    if (style === 'recv') {
      while (!measurement.count(1, (await connection.recv()).length));
      return;
    }
    for await (const messages of connection.batches()) {
      let length = 0;
      for (const message of messages) length += message.length;
      if (measurement.count(messages.length, length)) return;
    }
    throw new Error('the connection closed during the measurement');
  }

  return {
    receive,
    sender: ({ fresh }) => ({
      send: fresh ? (message) => connection.send(message, { transfer: true }) : (message) => connection.send(message),
      buffered: () => connection.bufferedAmount,
    }),
    echo(message) {
      connection.send(message);
      return connection.recv();
    },
    async open() {
      const another = await connect(url, options);
      return () => another.terminate();
    },
    close: () => connection.terminate(),
  };
});
