// Comes to its end with a connection in some state, and leaves it to that whether the process lives on.
// Arguments: the peer's URL, the state, and closeTimeout in milliseconds.

import { connect } from 'hawser';

const [url, state, closeTimeout] = process.argv.slice(2);

const states = {
  open: () => connect(url),
  'open and unref()ed': async () => (await connect(url)).unref(),
  'open, unref()ed and ref()ed': async () => (await connect(url)).unref().ref(),
  closing: async () => {
    const connection = await connect(url, { closeTimeout: Number(closeTimeout) });
    connection.close();
    return connection;
  },
  'closing and unref()ed': async () => {
    const connection = await connect(url, { closeTimeout: null });
    connection.close();
    return connection.unref();
  },
  closed: async () => {
    const connection = await connect(url);
    await connection.close();
    return connection;
  },
  'closed and ref()ed': async () => {
    const connection = await connect(url);
    await connection.close();
    return connection.ref();
  },
  failed: async () => {
    await connect(url).catch((error) => console.log(error.name));
  },
};

const connection = await states[state]();

process.on('exit', () => console.log(connection?.state, connection?.closeCode));
// The peer hears that the script has come to its end.
if (connection?.state === 'OPEN') setImmediate(() => connection.send('at its end'));
