import { expect, onTestFinished, test } from 'vitest';
import { runFile } from '../support/run-script.js';
import {
  accept,
  answerClose,
  answerPings,
  expectFrame,
  halfClose,
  reset,
  respond,
  ScriptedPeer,
  sendFrame,
  sendPing,
  sendText,
  together,
} from '../support/scripted-peer.js';
import { runClean } from './run-clean.js';

const said = 'héllo\nkept alive\nclosed 1000\nread ECONNRESET\nserver rejected WebSocket connection: HTTP 403\n';

/** Does what the script expects of its three connections. */
async function listen(): Promise<ScriptedPeer> {
  const orderly = [
    answerPings(),
    ...(['text', 'binary', 'text', 'text', 'continuation', 'continuation'] as const).map((type) => expectFrame(type)),
    together(sendPing('theirs'), sendText('héllo')),
    // The application's ping, and one of keepalive, in whichever order.
    expectFrame('ping'),
    expectFrame('ping'),
    sendFrame({ opcode: 'text', fin: false, payload: 'kept ' }),
    sendFrame({ opcode: 'continuation', payload: 'alive' }),
    answerClose(),
  ];
  const laterScripts = [[accept(), reset()], [respond({ status: 403 })]];
  const peer = await ScriptedPeer.listen([accept(), ...orderly], { laterScripts });
  onTestFinished(() => peer.stop());
  return peer;
}

test('NODE_DEBUG=hawser prints a line for each frame, change of state, error and sign of keepalive', async () => {
  const peer = await listen();
  const args = [peer.url];
  const { stdout, stderr, code } = await runFile('test/process/scripts/observed.mjs', {
    args,
    env: { NODE_DEBUG: 'hawser' },
  });
  expect([code, stdout]).toEqual([0, said]);
  const lines = stderr.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^HAWSER \d+: (#\d+ [<>=!%]|[=!] connecting to) /);
  const words = lines.map((line) => line.replace(/^HAWSER \d+: /, ''));

  const isKeepalive = (line: string): boolean => / (%|> PING|< PONG) /.test(line) && !line.includes('"theirs"');
  expect(words.filter((line) => line.startsWith('#1 ') && !isKeepalive(line))).toEqual([
    `#1 = open, ${peer.url}`,
    '#1 > TEXT "hello" [5 bytes]',
    '#1 > BINARY 00ff [2 bytes]',
    `#1 > TEXT "${'long '.repeat(100).slice(0, 74)}… [500 bytes]`,
    '#1 > TEXT "one" [3 bytes, continued]',
    '#1 > CONT "two" [3 bytes, continued]',
    '#1 > CONT [0 bytes]',
    '#1 < PING "theirs" [6 bytes]',
    '#1 > PONG "theirs" [6 bytes]',
    '#1 < TEXT "héllo" [6 bytes]',
    '#1 < TEXT "kept " [5 bytes, continued]',
    '#1 < CONT "alive" [5 bytes]',
    '#1 = closing',
    '#1 > CLOSE 1000 (OK) bye [5 bytes]',
    '#1 < CLOSE 1000 (OK) bye [5 bytes]',
    '#1 = closed, 1000 (OK) bye',
  ]);
  const keepalive = words.filter(isKeepalive);
  expect(keepalive).toContain('#1 > PING "ours" [4 bytes]');
  expect(keepalive).toContain('#1 < PONG "ours" [4 bytes]');
  const sent = keepalive.indexOf('#1 % sending a keepalive ping');
  expect(keepalive[sent + 1]).toMatch(/^#1 > PING "[a-p]{8}" \[8 bytes\]$/);
  expect(keepalive.filter((line) => /^#1 % latency is \d+\.\d{3} ms$/.test(line)).length).toBeGreaterThanOrEqual(2);

  const errors = words.filter((line) => !line.startsWith('#1 '));
  expect(errors).toEqual([
    `= connecting to ${peer.url}`,
    `= connecting to ${peer.url}`,
    `#2 = open, ${peer.url}`,
    '#2 = closing',
    '#2 = closed, 1006 (abnormal closure)',
    '#2 ! ConnectionClosedError: no close frame received or sent',
    `= connecting to ${peer.url}`,
    `! connecting to ${peer.url}: InvalidStatus: server rejected WebSocket connection: HTTP 403`,
  ]);
});

test('without it nothing is printed', async () => {
  const peer = await listen();
  expect(await runClean('observed.mjs', { args: [peer.url], env: { NODE_DEBUG: '' } })).toBe(said);
});

test('subscribers that throw disturb no connection: their errors are uncaught exceptions', async () => {
  const peer = await listen();
  const output = await runClean('observed.mjs', { args: [peer.url, 'throw'] });
  expect(output.replace(/\d+ subscribers have thrown\n$/, '')).toBe(said);
  // Three times connecting, two each of open, close and error, and the pings and pongs.
  expect(Number(/(\d+) subscribers/.exec(output)?.[1])).toBeGreaterThanOrEqual(9 + 6);
});

test('NODE_DEBUG=hawser prints a line for each redirect', async () => {
  const led = await ScriptedPeer.listen([respond({ status: 307, headers: { Location: '/b' } })], {
    laterScripts: [[accept(), halfClose()]],
  });
  onTestFinished(() => led.stop());
  const script = 'test/process/scripts/redirected.mjs';
  const { stderr, code } = await runFile(script, { args: [led.url], env: { NODE_DEBUG: 'hawser' } });
  expect(code).toBe(0);
  expect(stderr).toMatch(
    new RegExp(`= connecting to ${led.url}\n.*= HTTP 307: redirected to ${led.url}b\n.*#2 = open, ${led.url}b\n`),
  );
});
