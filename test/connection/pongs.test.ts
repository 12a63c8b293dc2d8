/** A pong answers every ping before it, whoever sent that: the application's pings and keepalive's are of one line. */

import { expect, test } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK, Terminated } from '../../lib/errors.js';
import { open, rejection } from '../support/opened.js';
import { expectFrame, halfClose, sendClose, sendPong, waitForClose } from '../support/scripted-peer.js';
import { LONG, MEDIUM } from '../support/times.js';

const keepalivePing = /^[a-p]{8}$/;

test('the pong of a keepalive ping settles the pings of the application before it', async () => {
  const { connection, peer } = await open([], { pingInterval: MEDIUM, pingTimeout: 5 * LONG });
  const pings = [connection.ping('one'), connection.ping('two')];
  await peer.do(expectFrame('ping'), expectFrame('ping'));
  const { text, payload } = await peer.expectFrame('ping');
  expect(text).toMatch(keepalivePing);
  await peer.do(sendPong(payload));
  const [one, two] = await Promise.all(pings);
  expect(one).toBeGreaterThanOrEqual(two as number);
  // What keepalive's own ping took is the least of them.
  expect(connection.latency).toBeLessThanOrEqual(two as number);
});

test('the pong of a ping of the application makes up for those of keepalive before it', async () => {
  const { connection, peer } = await open([], { pingInterval: MEDIUM, pingTimeout: 6 * MEDIUM });
  // Half as long again as keepalive would wait; none of its own pings is answered.
  for (let i = 0; i < 10; i++) {
    const { text } = await peer.expectFrame('ping');
    expect(text).toMatch(keepalivePing);
    const pinged = connection.ping(`mine ${i}`);
    while ((await peer.expectFrame('ping')).text !== `mine ${i}`);
    await peer.do(sendPong(`mine ${i}`));
    await pinged;
  }
  expect(connection.state).toBe('OPEN');
});

test('a later ping may have the payload of one that a later pong has settled', async () => {
  const { connection, peer } = await open();
  const first = connection.ping('same');
  const second = connection.ping('other');
  await peer.do(expectFrame('ping'), expectFrame('ping'), sendPong('other'));
  await Promise.all([first, second]);
  const again = connection.ping('same');
  await peer.do(expectFrame('ping'), sendPong('same'));
  expect(await again).toBeGreaterThan(0);
});

test('pings and pongs are refused while the connection closes, and told why when it has', async () => {
  const { connection, peer } = await open();
  const closed = connection.close();
  const refused = [rejection(connection.ping()), rejection(connection.pong())];
  await peer.do(waitForClose(), sendClose(1000), halfClose());
  for (const error of await Promise.all(refused)) expect(error).toBeInstanceOf(ConnectionClosedOK);
  await closed;
  expect((await peer.frames()).map(({ type }) => type)).toEqual(['close']);
});

test('a hundred pings that wait are all rejected at the end, in the order in which they were sent', async () => {
  const { connection, peer } = await open();
  const order: number[] = [];
  const pings = Array.from({ length: 100 }, (_, i) =>
    rejection(connection.ping(`${i}`)).then((error) => {
      order.push(i);
      return error;
    }),
  );
  await peer.expectFrame('ping');
  const outcome = await connection.terminate();
  expect(outcome.cause).toBeInstanceOf(Terminated);
  for (const error of await Promise.all(pings)) {
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ outcome });
  }
  expect(order).toEqual(Array.from({ length: 100 }, (_, i) => i));
});
