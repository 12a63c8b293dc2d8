import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { blockLoop } from '../../support/event-loop.js';
import {
  accept,
  answerClose,
  answerPings,
  delay,
  destroy,
  echoMessages,
  expectFrame,
  flood,
  floodPayload,
  halfClose,
  inPieces,
  mark,
  reset,
  respond,
  resumeReading,
  ScriptedPeer,
  type Step,
  sendBinary,
  sendClose,
  sendFragments,
  sendFrame,
  sendRaw,
  sendText,
  stopReading,
  together,
  waitForClose,
  waitForEnd,
} from '../../support/scripted-peer.js';
import { DEADLINE, MEDIUM, now, SHORT, sleep, until, withDeadline } from '../../support/times.js';

/** A client that keeps what it sees. */
function open(peer: ScriptedPeer) {
  const client = new WebSocket(peer.url, { perMessageDeflate: false });
  const messages: string[] = [];
  const errors: Error[] = [];
  client.on('message', (data) => messages.push(data.toString()));
  client.on('error', (error) => errors.push(error));
  const opened = new Promise((resolve) => client.on('open', resolve));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    client.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  return { client, messages, errors, opened, closed: withDeadline(closed, DEADLINE, 'close') };
}

describe('a scripted peer', () => {
  test('accepts, sends, records and answers Close', async () => {
    await using peer = await ScriptedPeer.listen([
      accept({ headers: { 'X-Test': 'yes' } }),
      sendText('héllo'),
      sendBinary(Buffer.from('bytes')),
      answerClose(),
    ]);
    const { client, messages, closed, opened } = open(peer);
    const upgrade = once(client, 'upgrade');
    await opened;
    const [response] = await upgrade;
    expect(response.headers['x-test']).toBe('yes');
    client.send('one');
    client.send(Buffer.from([1, 2]));
    client.close(4000, 'bye');
    expect(await closed).toEqual({ code: 4000, reason: 'bye' });
    expect(messages).toEqual(['héllo', 'bytes']);
    expect((await peer.request()).headers['sec-websocket-version']).toBe('13');
    expect(await peer.frames()).toMatchObject([
      { type: 'text', text: 'one', fin: true },
      { type: 'binary', payload: Buffer.from([1, 2]) },
      { type: 'close', code: 4000, text: 'bye' },
    ]);
    expect(await peer.ended()).toMatchObject({ how: 'fin', incomplete: 0 });
    await peer.finished();
  });

  test('goes on while the test thread is blocked', async () => {
    await using peer = await ScriptedPeer.listen([
      accept(),
      expectFrame('text'),
      mark('asked'),
      delay(SHORT),
      sendText('a'),
      reset(),
    ]);
    const { client, opened, closed, messages } = open(peer);
    await opened;
    client.send('go');
    await peer.reached('asked');
    blockLoop(MEDIUM);
    const blockedUntil = now();
    expect((await peer.ended()).at).toBeLessThan(blockedUntil);
    expect((await closed).code).toBe(1006);
    expect(messages.length).toBeLessThanOrEqual(1);
  });

  test('sends head, frames and Close in one segment', async () => {
    await using peer = await ScriptedPeer.listen([together(accept(), sendText('first'), sendClose(1001)), halfClose()]);
    const { messages, closed } = open(peer);
    expect((await closed).code).toBe(1001);
    expect(messages).toEqual(['first']);
  });

  test('sends in pieces of one byte', async () => {
    const steps: Step[] = [sendText('cut'), sendFrame({ opcode: 'binary', payload: 'x'.repeat(300) })];
    await using peer = await ScriptedPeer.listen([inPieces(1, accept(), ...steps), answerClose()]);
    const { client, messages, closed } = open(peer);
    await until(() => messages.length === 2, DEADLINE, 'two messages');
    client.close();
    await closed;
    expect(messages).toEqual(['cut', 'x'.repeat(300)]);
  });

  test('floods with numbered messages and respects the socket', async () => {
    const count = 20_000;
    await using peer = await ScriptedPeer.listen([accept(), flood(count, { size: 100 }), sendClose(1000), halfClose()]);
    const { messages, closed } = open(peer);
    expect((await closed).code).toBe(1000);
    expect(messages).toHaveLength(count);
    expect(messages[0]).toBe(floodPayload(0, 100));
    expect(messages.at(-1)).toBe(floodPayload(count - 1, 100));
    await peer.finished();
  });

  test('floods with the fragments of one message, and sends some', async () => {
    const few = sendFragments('binary', 'a', '', 'b');
    const end = [sendClose(1000), halfClose()];
    await using peer = await ScriptedPeer.listen([accept(), flood(300, { fragmented: true }), ...few, ...end]);
    const { messages, closed } = open(peer);
    await closed;
    expect(messages).toEqual([Array.from({ length: 300 }, (_, i) => floodPayload(i, 16)).join(''), 'ab']);
  });

  test('answers pings and echoes beside the script', async () => {
    await using peer = await ScriptedPeer.listen([accept(), answerPings(), echoMessages(), waitForClose()]);
    const { client, messages, opened } = open(peer);
    await opened;
    const pong = once(client, 'pong');
    client.ping('p');
    expect(String((await pong)[0])).toBe('p');
    const message = once(client, 'message');
    client.send('again');
    await message;
    expect(messages).toEqual(['again']);
    client.terminate();
    await expect(peer.finished()).rejects.toThrow('while waiting for a close');
  });

  test.each([
    ['reset', reset(), 'ECONNRESET'],
    ['destroy', destroy(), 'end'],
    ['halfClose', halfClose(), 'end'],
  ])('ends by %s', async (_name, step, expected) => {
    await using peer = await ScriptedPeer.listen([step]);
    const socket = connect({ host: peer.host, port: peer.port });
    const ending = await new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('end', () => resolve('end'));
      socket.resume();
    });
    expect(ending).toBe(expected);
  });

  test('stops reading, so that the client fills up', async () => {
    await using peer = await ScriptedPeer.listen([accept(), stopReading(), mark('deaf')]);
    const { client, opened } = open(peer);
    await opened;
    await peer.reached('deaf');
    client.send(Buffer.alloc(16 << 20));
    await sleep(MEDIUM);
    expect(client.bufferedAmount).toBeGreaterThan(0);
    expect(await peer.frames()).toEqual([]);
    await peer.do(resumeReading());
    expect((await peer.expectFrame('binary')).payload).toHaveLength(16 << 20);
    client.terminate();
    await peer.ended();
  });

  test('answers with another status, a wrong accept or no HTTP at all', async () => {
    const scripts: Step[][] = [
      [respond({ status: 503, body: 'later' }), halfClose()],
      [accept({ accept: 'wrong' })],
      [accept({ head: 'nonsense\r\n\r\n' }), destroy()],
      [sendRaw('HTTP/1.1 101\r\n'), waitForEnd()],
    ];
    await using peer = await ScriptedPeer.listen(scripts[0]!, { laterScripts: scripts.slice(1) });
    const texts: string[] = [];
    for (let i = 0; i < scripts.length; i++) {
      const { client, errors, closed } = open(peer);
      if (i === scripts.length - 1) setTimeout(() => client.terminate(), SHORT);
      await closed;
      texts.push(errors[0]!.message);
    }
    expect(texts[0]).toContain('503');
    expect(texts[1]).toContain('Sec-WebSocket-Accept');
    expect(texts[2]).toContain('HTTP');
    expect(await peer.connectionCount()).toBe(4);
    await expect((await peer.connection(3)).finished()).resolves.toBeUndefined();
  });

  test('tells what the client broke', async () => {
    const peer = await ScriptedPeer.listen([accept()]);
    const { client, opened } = open(peer);
    await opened;
    (client as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(Buffer.from([0x81, 0x00]));
    await expect(peer.expectFrame()).rejects.toThrow('unmasked text frame');
    await expect(peer.stop()).rejects.toThrow('unmasked text frame');
  });
});
