/** Compressed messages that come in one read and inflate to far more than the queue may hold: they wait, and none is lost. */

import { describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import { BacklogError, ConnectionClosedOK, EndOfStream } from '../../lib/errors.js';
import { Compressor, compressed } from '../support/deflate.js';
import { encodeFrame } from '../support/frames.js';
import { ending, openRaw } from '../support/opened.js';
import {
  acceptDeflate,
  answerClose,
  answerPings,
  halfClose,
  mark,
  type Step,
  sendClose,
  sendPong,
  sendRaw,
  sendText,
  together,
  waitForClose,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, sleep, until } from '../support/times.js';

const mebi = 1024 * 1024;
const size = 3 * mebi;
/** All of them are more than a closing connection keeps. */
const count = 30;
const accepted = acceptDeflate('server_no_context_takeover');
/** A few messages let the reader go on, and one of these stops it. */
const maxQueue = { bytes: [2 * mebi, mebi] } as const;

/** A message that begins with its number, in some 3 KiB. */
function frame(i: number): Buffer {
  const data = Buffer.alloc(size, 'x');
  data.write(`${i} `);
  return encodeFrame(compressed('text', new Compressor({ takeover: false }).message(data)));
}
const frames = Array.from({ length: count }, (_, i) => frame(i));

const send = (few = count): Step => sendRaw(Buffer.concat(frames.slice(0, few)));

async function expectMessages(connection: Connection, few = count): Promise<void> {
  for (let i = 0; i < few; i++) {
    const message = (await connection.recv()) as string;
    expect([message.length, message.slice(0, 4)]).toEqual([size, `${i} xx`.slice(0, 4)]);
  }
}

describe.each<[string, (...steps: Step[]) => Step[]]>([
  ['behind the handshake', (...steps) => [accepted, together(...steps)]],
  ['with the handshake', (...steps) => [together(accepted, ...steps)]],
])('%s', (_when, script) => {
  test('they come in order, and what is behind them does', async () => {
    const { connection } = await openRaw(script(send(), sendText('last')), { maxQueue });
    await expectMessages(connection);
    expect(await connection.recv()).toBe('last');
  });

  test('they come before the Close behind them', async () => {
    const steps = script(send(), sendClose(1000, 'done'));
    const { connection } = await openRaw([...steps, halfClose()], { maxQueue });
    await expectMessages(connection);
    const error = await ending(connection);
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error).toMatchObject({ closeCode: 1000, closeReason: 'done', receivedFirst: true });
  });

  test('they come before the end of the stream behind them', async () => {
    const { connection } = await openRaw([...script(send()), halfClose()], { maxQueue });
    await expectMessages(connection);
    expect((await ending(connection)).cause).toBeInstanceOf(EndOfStream);
  });

  test('they come where the client closes while they wait', async () => {
    const { connection, peer } = await openRaw([...script(send(20)), mark('sent'), answerClose()], { maxQueue });
    await peer.reached('sent');
    const outcome = await connection.close();
    expect(outcome).toMatchObject({ wasClean: true, code: 1000 });
    await expectMessages(connection, 20);
    expect(await ending(connection)).toBeInstanceOf(ConnectionClosedOK);
  });
});

test('more than a closing connection keeps ends it, with the backlog as the cause', async () => {
  const { connection } = await openRaw([accepted, waitForClose(), send(), sendClose(1000), halfClose()], {
    maxQueue,
  });
  const outcome = await connection.close();
  expect(outcome.cause).toBeInstanceOf(BacklogError);
  expect(outcome).toMatchObject({ code: 1006, wasClean: false });
  // Twice its bytes, as a text may take.
  await expectMessages(connection, Math.floor((64 * mebi) / size));
});

test('a pong that waits behind them is not missed', async () => {
  const patience = { pingInterval: MEDIUM, pingTimeout: MEDIUM };
  const { connection, peer } = await openRaw([accepted], { maxQueue, ...patience });
  const ping = await peer.expectFrame('ping');
  // One read lets in all of it.
  await peer.do(together(send(15), sendPong(ping.payload)));
  await sleep(5 * MEDIUM);
  expect(connection.state).toBe('OPEN');
  expect(connection.latency).toBe(0);
  await peer.do(answerPings());
  await expectMessages(connection, 15);
  await until(() => connection.latency > 0, LONG, 'a latency');
});
