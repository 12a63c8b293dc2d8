import { expect, test } from 'vitest';
import {
  accept,
  answerClose,
  delay,
  destroy,
  expectFrame,
  halfClose,
  respond,
  ScriptedPeer,
  type Step,
  sendClose,
  sendPing,
  sendText,
  waitForClose,
  waitForEnd,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM } from '../support/times.js';
import { runClean } from './run-clean.js';

/** Runs a script that comes to its end with a connection in `state`; returns what that had become at the exit. */
async function endedWith(state: string, script: readonly Step[]): Promise<string> {
  await using peer = await ScriptedPeer.listen(script);
  const stdout = await runClean('natural-end.mjs', { args: [peer.url, state, `${LONG}`] });
  await peer.finished();
  return stdout;
}

/** Finds the process alive, though its script is at its end, and then closes the connection. */
const alive = [accept(), expectFrame('text'), delay(MEDIUM), sendText('x'), sendPing(), expectFrame('pong')];
const thenClose = [sendClose(1000), waitForClose(), halfClose(), waitForEnd()];

test('an open connection keeps the process alive until the peer closes', async () => {
  expect(await endedWith('open', [...alive, ...thenClose])).toBe('CLOSED 1000\n');
});

test('an open connection keeps the process alive until the peer is lost', async () => {
  expect(await endedWith('open', [...alive, destroy()])).toBe('CLOSED 1006\n');
});

test('a connection that was unref()ed does not keep the process alive', async () => {
  expect(await endedWith('open and unref()ed', [accept(), waitForEnd()])).toBe('OPEN undefined\n');
});

test('ref() takes unref() back', async () => {
  expect(await endedWith('open, unref()ed and ref()ed', [...alive, ...thenClose])).toBe('CLOSED 1000\n');
});

test('a closing connection keeps the process alive until the peer has answered', async () => {
  const script = [accept(), delay(MEDIUM), answerClose(), waitForEnd()];
  expect(await endedWith('closing', script)).toBe('CLOSED 1000\n');
});

test('a closing connection keeps the process alive for its closeTimeout at most', async () => {
  expect(await endedWith('closing', [accept(), waitForEnd()])).toBe('CLOSED 1006\n');
});

test('a closing connection that was unref()ed does not keep the process alive', async () => {
  expect(await endedWith('closing and unref()ed', [accept(), waitForEnd()])).toBe('CLOSING undefined\n');
});

test.each(['closed', 'closed and ref()ed'])(
  'a connection that is %s does not keep the process alive',
  async (state) => {
    expect(await endedWith(state, [accept(), answerClose()])).toBe('CLOSED 1000\n');
  },
);

test('a connection that the server refused does not keep the process alive', async () => {
  expect(await endedWith('failed', [respond({ status: 403 }), waitForEnd()])).toBe(
    'InvalidStatus\nundefined undefined\n',
  );
});

test('a connection that nobody accepts does not keep the process alive', async () => {
  const peer = await ScriptedPeer.listen([]);
  await peer.stop();
  const stdout = await runClean('natural-end.mjs', { args: [peer.url, 'failed'] });
  expect(stdout).toBe('TransportError\nundefined undefined\n');
});
