/** Group 2: pings, pongs, and pongs that nobody asked for (RFC 6455 §5.5.2, §5.5.3). */

import { fails, HELLO, hex, ping, pong, pongWith, reacts, send } from './build.js';
import type { CaseTable, Chop, Scenario } from './scenario.js';

const longest = Buffer.alloc(125, 0xfe);
const notUtf8 = hex('00fffefdfcfb00ff');

function answered(payload: string | Buffer, chop: Chop = 'whole'): Scenario {
  return reacts([send([ping(payload)], chop)], [pongWith(payload)]);
}

/** RFC 6455 lets a client answer the latest only; the list wants all. */
function allAnswered(chop: Chop): Scenario {
  const payloads = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
  const pings = payloads.map((payload) => ping(payload));
  return reacts([send(pings, chop)], payloads.map(pongWith));
}

export const pings: CaseTable = {
  '2.1': () => answered(''),
  '2.2': () => answered(HELLO),
  '2.3': () => answered(notUtf8),
  '2.4': () => answered(longest),
  '2.5': () => fails(1002, [send([ping(Buffer.alloc(126, 0xfe))])]),
  '2.6': () => answered(longest, 1),
  '2.7': () => reacts([send([pong()])], []),
  '2.8': () => reacts([send([pong('unsolicited pong payload')])], []),
  '2.9': () => reacts([send([pong('unsolicited pong payload'), ping('ping payload')])], [pongWith('ping payload')]),
  '2.10': () => allAnswered('whole'),
  '2.11': () => allAnswered(1),
};
