/**
 * Groups 3 and 4: reserved bits that no extension has given a meaning, and reserved opcodes (RFC 6455 §5.2). Where a
 * message comes before the violation and not in one write with it, the client is given the time to echo it, so that a
 * verdict does not depend on who is faster.
 */

import type { FrameSpec } from '../../support/frames.js';
import { awaitReactions, binary, close, echoOfText, fails, HELLO, late, ping, send, text } from './build.js';
import type { CaseTable, Chop, Scenario } from './scenario.js';

/** A message, a frame that breaks the protocol, and a ping that may not be answered any more. */
function messageThen(violation: FrameSpec, chop: Chop): Scenario {
  const message = text(HELLO);
  const steps =
    chop === 'whole'
      ? [send([message, violation, ping()])]
      : [send([message], chop), awaitReactions(1), send([violation, ping()], chop)];
  return fails(1002, steps, [echoOfText(HELLO)], [[], [late]]);
}

export const reservedBits: CaseTable = {
  '3.1': () => fails(1002, [send([text(HELLO, { rsv: 1 })])]),
  '3.2': () => messageThen(text(HELLO, { rsv: 2 }), 'whole'),
  '3.3': () => messageThen(text(HELLO, { rsv: 3 }), 'frames'),
  '3.4': () => messageThen(text(HELLO, { rsv: 4 }), 1),
  '3.5': () => fails(1002, [send([binary(Buffer.from('00fffefdfcfb00ff', 'hex'), { rsv: 5 })])]),
  '3.6': () => fails(1002, [send([ping(HELLO, { rsv: 6 })])]),
  '3.7': () => fails(1002, [send([close(1000, '', { rsv: 7 })])]),
};

/** The five cases of one kind of opcode, from the lowest reserved one on. */
function reserved(section: string, lowest: number): CaseTable {
  return {
    [`${section}.1`]: () => fails(1002, [send([{ opcode: lowest }])]),
    [`${section}.2`]: () => fails(1002, [send([{ opcode: lowest + 1, payload: 'reserved opcode payload' }])]),
    [`${section}.3`]: () => messageThen({ opcode: lowest + 2 }, 'whole'),
    [`${section}.4`]: () => messageThen({ opcode: lowest + 3, payload: HELLO }, 'frames'),
    [`${section}.5`]: () => messageThen({ opcode: lowest + 4, payload: HELLO }, 1),
  };
}

export const opcodes: CaseTable = { ...reserved('4.1', 3), ...reserved('4.2', 11) };
