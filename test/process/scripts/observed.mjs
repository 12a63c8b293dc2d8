// Opens connections, of which the first closes in good order, the second is reset by its peer, and the third is refused;
// the peer says which is which by the path. With `throw` as second argument every subscriber of a channel throws.

import { subscribe } from 'node:diagnostics_channel';
import { connect } from 'hawser';

const [url, mode] = process.argv.slice(2);

if (mode === 'throw') {
  let thrown = 0;
  process.on('uncaughtException', () => thrown++);
  process.on('exit', () => console.log(`${thrown} subscribers have thrown`));
  for (const name of ['connecting', 'open', 'close', 'ping', 'pong', 'error']) {
    subscribe(`hawser:${name}`, () => {
      throw new Error(name);
    });
  }
}

const orderly = await connect(url, { pingInterval: 50 });
await orderly.send('hello');
await orderly.send(Buffer.from([0, 255]));
await orderly.send('long '.repeat(100));
await orderly.send(['one', 'two']);
console.log(await orderly.recv());
await orderly.ping('ours');
// The peer waits for a keepalive ping before it says so.
console.log(await orderly.recv());
const { code } = await orderly.close(1000, 'bye');
console.log('closed', code);

const broken = await connect(url);
const { cause } = await broken.closed;
console.log(cause.message);

await connect(url).catch((error) => console.log(error.message));
