import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { blockLoop, keepBusy } from '../support/event-loop.js';
import { open } from '../support/opened.js';
import { runFile } from '../support/run-script.js';
import { answerPings, delay, expectFrame, flood, floodPayload, sendPing } from '../support/scripted-peer.js';
import { LONG, MEDIUM, now } from '../support/times.js';

/** Everything that keeps an event loop from turning. */
const blockades: Record<string, (milliseconds: number) => void> = {
  'a computation': keepBusy,
  'Atomics.wait': blockLoop,
  'a synchronous child process': (milliseconds) => {
    execFileSync('sleep', [`${milliseconds / 1000}`]);
  },
};

/** A blocked minute in short: several intervals and deadlines of keepalive pass in it. */
const BLOCKED = 2 * LONG;
const keepalive = { pingInterval: LONG / 4, pingTimeout: LONG / 2 };

describe.each(Object.entries(blockades))('while %s blocks the event loop', (_what, block) => {
  test('pings go to and fro, the latency is measured, and the connection lives', async () => {
    const { connection, peer } = await open([answerPings()], keepalive);
    const count = BLOCKED / MEDIUM - 5;
    const pings = Array.from({ length: count }, (_, i) => [
      sendPing(`${i}`),
      expectFrame('pong'),
      delay(MEDIUM),
    ]).flat();
    const script = peer.do(...pings);
    const began = now();
    block(BLOCKED);
    const ended = now();
    const { latency } = connection;

    const meanwhile = ({ at }: { readonly at: number }) => at > began && at < ended;
    const pongs = (await peer.frames('pong')).filter(meanwhile);
    expect(pongs.length).toBeGreaterThan(count / 2);
    const gaps = pongs.slice(1).map(({ at }, i) => at - pongs[i]!.at);
    // The patience of a server that closes who does not answer.
    expect(Math.max(...gaps)).toBeLessThan(LONG / 2);
    expect((await peer.frames('ping')).filter(meanwhile).length).toBeGreaterThanOrEqual(3);
    expect(latency).toBeGreaterThan(0);
    expect(latency).toBeLessThan(LONG);
    expect(connection.state).toBe('OPEN');
    await script;
  });

  test('messages that wait do not keep the connection from living', async () => {
    const count = 1000;
    const { connection, peer } = await open([answerPings(), flood(count)], keepalive);
    block(BLOCKED);
    expect(connection.state).toBe('OPEN');
    expect(await peer.frames('close')).toEqual([]);
    for (let i = 0; i < count; i++) expect(await connection.recv()).toBe(floodPayload(i, 16));
    expect(await connection.ping()).toBeGreaterThan(0);
  });
});

test('in the same process ws and the built-in client lose their connections, as the example shows', async () => {
  const flags = ['--experimental-websocket'];
  const { code, stdout, timedOut } = await runFile('examples/busy-loop.mjs', { flags, deadline: 10_000 });
  expect({ code, timedOut }).toEqual({ code: 0, timedOut: false });
  expect(stdout).toMatch(/^hawser +answered +1\d pings, lives$/m);
  expect(stdout).toMatch(/^ws +answered +\d pings, was closed with 4000 no pong/m);
  expect(stdout).toMatch(/^built-in +answered +\d pings, was closed with 4000 no pong/m);
});
