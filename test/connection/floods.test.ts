import { expect, test } from 'vitest';
import { encodeFrame } from '../support/frames.js';
import { open } from '../support/opened.js';
import { randomNumbers } from '../support/random.js';
import { halfClose, sendRaw } from '../support/scripted-peer.js';

type Random = ReturnType<typeof randomNumbers>;
type Message = string | Buffer;

/** Mostly small, often about 4 KiB, where messages begin to travel by themselves, seldom large. */
function randomSize(random: Random): number {
  const kind = random(100);
  if (kind < 60) return random(300);
  if (kind < 90) return 4000 + random(200);
  return kind < 99 ? random(40_000) : random(600_000);
}

/** Of one kind for a while: ASCII, other text or binary, or of all by turns. */
function randomMessage(random: Random, run: number, i: number): Message {
  const kind = run === 3 ? random(3) : run;
  const size = randomSize(random);
  if (kind === 0) return `${i} `.padEnd(size, 'ascii ');
  if (kind === 1) return `${i} `.padEnd(size / 2, 'é漢');
  return Buffer.alloc(size, `${i} binary `);
}

function randomMessages(seed: number): Message[] {
  const random = randomNumbers(seed);
  const messages: Message[] = [];
  for (let run = random(4), i = 0; i < 4000; i++) {
    if (random(40) === 0) run = random(4);
    messages.push(randomMessage(random, run, i));
  }
  return messages;
}

const encode = (payload: Message) => encodeFrame({ opcode: typeof payload === 'string' ? 'text' : 'binary', payload });

test.each([1, 2, 3, 4])(
  'messages of all kinds and sizes in one flood arrive as they were sent (seed %i)',
  async (seed) => {
    const messages = randomMessages(seed);
    const { connection } = await open([sendRaw(Buffer.concat(messages.map(encode))), halfClose()]);
    let i = 0;
    for await (const batch of connection.batches()) {
      for (const received of batch) {
        const sent = messages[i++] as Message;
        // Rather than toEqual, which would print megabytes.
        const same = typeof sent === 'string' ? sent === received : Buffer.isBuffer(received) && sent.equals(received);
        if (!same) expect.unreachable(`message ${i - 1} of ${typeof sent}, ${sent.length} long, came otherwise`);
      }
      if (i === messages.length) break;
    }
    expect(i).toBe(messages.length);
  },
);
