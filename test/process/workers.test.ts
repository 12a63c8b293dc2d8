import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  accept,
  echoMessages,
  flood,
  neverAnswer,
  respond,
  ScriptedPeer,
  stopReading,
} from '../support/scripted-peer.js';
import { DEADLINE, LONG, MEDIUM, rounds } from '../support/times.js';
import { ROUNDS, runClean, shares } from './run-clean.js';

const peers: ScriptedPeer[] = [];
async function listen(...script: Parameters<typeof ScriptedPeer.listen>[0]): Promise<string> {
  const peer = await ScriptedPeer.listen(script);
  peers.push(peer);
  return peer.url;
}

let flooding: string;
let silent: string;
let echoing: string;
beforeAll(async () => {
  flooding = await listen(accept(), flood(Infinity, { size: 125 }));
  silent = await listen(accept(), neverAnswer());
  echoing = await listen(accept(), echoMessages());
});
afterAll(() => Promise.all(peers.map((peer) => peer.stop())));

interface Task {
  readonly activities: readonly string[];
  /** Whom the Workers connect to. */
  readonly url: string;
  /** Whom the main thread connects to. */
  readonly ownUrl?: string;
  /** Milliseconds for which the Workers' readers wait before they return. */
  readonly delay?: number;
  /** Milliseconds that terminating may take. */
  readonly most?: number;
}

/** Terminates Workers, time and again. */
async function terminateWorkers(task: Task, total = Math.max(ROUNDS / 4, rounds(0.1, 10))): Promise<void> {
  for (const share of shares(total, 10)) {
    const whole = { ownUrl: echoing, delay: 0, most: (task.delay ?? 0) + LONG, rounds: share, ...task };
    const options = { args: [JSON.stringify(whole)], deadline: 3 * DEADLINE };
    expect(await runClean('terminate-workers.mjs', options)).toBe('done\n');
  }
}

test('Workers are terminated in the middle of a flood', async () => {
  const activities = ['receiving one by one', 'iterating', 'receiving batches'];
  await terminateWorkers({ activities, url: flooding, ownUrl: flooding }, ROUNDS);
});

test('Workers are terminated while their readers are paused', async () => {
  await terminateWorkers({ activities: ['receiving nothing', 'receiving nothing'], url: flooding });
});

test('Workers are terminated while connecting', async () => {
  const unanswered = await listen(neverAnswer());
  await terminateWorkers({ activities: ['connecting', 'connecting'], url: unanswered });
});

test('Workers are terminated while closing', async () => {
  await terminateWorkers({ activities: ['closing', 'terminating'], url: silent });
});

test('Workers are terminated while a recv or a ping is pending', async () => {
  await terminateWorkers({ activities: ['waiting in recv', 'waiting in a ping'], url: silent });
});

test('Workers are terminated while sending to a peer that does not read', async () => {
  const unread = await listen(accept(), stopReading());
  await terminateWorkers({ activities: ['sending', 'sending'], url: unread });
});

test('Workers are terminated while they stream what comes', async () => {
  await terminateWorkers({ activities: ['receiving fragments', 'reading a stream'], url: flooding });
});

test('Workers are terminated while a message is being sent in fragments', async () => {
  await terminateWorkers({ activities: ['sending in fragments', 'sending in fragments'], url: echoing });
});

test('Workers are terminated while they send many messages to a peer that does not read', async () => {
  const unread = await listen(accept(), stopReading());
  await terminateWorkers({ activities: ['sending many', 'sending in fragments'], url: unread });
});

test('Workers are terminated while they reconnect', async () => {
  const refusing = await listen(respond({ status: 503 }));
  await terminateWorkers({ activities: ['reconnecting', 'reconnecting'], url: refusing });
});

test('a terminated Worker waits for its reader’s last instruction, and for no longer', async () => {
  await terminateWorkers({ activities: ['receiving batches', 'waiting in recv'], url: flooding, delay: MEDIUM });
});

test('a terminated Worker waits for all its readers at once, not for one after the other', async () => {
  await terminateWorkers({ activities: ['waiting on ten connections'], url: silent, delay: LONG, most: 5 * LONG }, 1);
});
