// Throws in the user's code that the arrival of something has called, and shows where the error comes out, and that
// the connection goes on. Arguments: the peer's URL, and the place.

import { connect } from 'hawser';

const [url, place] = process.argv.slice(2);

function fail() {
  throw Object.assign(new Error(`thrown in ${place}`), { mark: 'the real one' });
}

const places = {
  'a recv continuation': (connection) => {
    connection.recv().then(fail);
  },
  'a loop': async (connection) => {
    for await (const _message of connection) fail();
  },
  'a closed continuation': async (connection) => {
    await connection.recv();
    connection.closed.then(fail);
    connection.terminate();
  },
  'a ping continuation': async (connection) => {
    await connection.recv();
    connection.ping().then(fail);
  },
  'a microtask': async (connection) => {
    await connection.recv();
    queueMicrotask(fail);
  },
  'a tick': async (connection) => {
    await connection.recv();
    process.nextTick(fail);
  },
  'an abort listener': async (connection) => {
    await connection.recv();
    const abort = new AbortController();
    abort.signal.addEventListener('abort', fail);
    abort.abort();
  },
};

if (place === 'nowhere to be caught') {
  (await connect(url)).recv().then(fail);
} else {
  const seen = new Promise((resolve) => {
    process.on('uncaughtException', (error, origin) => resolve(`${origin}: ${error.message}, ${error.mark}`));
  });
  const connection = await connect(url);
  places[place](connection);
  console.log(await seen);
  // The wake has survived.
  const other = await connect(url);
  console.log(await other.recv());
  await Promise.all([connection.terminate(), other.terminate()]);
}
