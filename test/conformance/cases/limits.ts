/** Groups 9 and 10: large messages, whole, in fragments and in small writes, and many messages one after the other. */

import { DEADLINE } from '../../support/times.js';
import { binary, echoOfBinary, echoOfText, fragmentsOf, inFragments, reacts, send, text } from './build.js';
import { type CaseTable, type Chop, numbered, type Scenario } from './scenario.js';

const KIBI = 1024;
const MEBI = 1024 * KIBI;
const patience = 6 * DEADLINE;

const sizes = [64 * KIBI, 256 * KIBI, MEBI, 4 * MEBI, 8 * MEBI, 16 * MEBI];
const fragmentSizes = [64, 256, KIBI, 4 * KIBI, 16 * KIBI, 64 * KIBI, 256 * KIBI, MEBI, 4 * MEBI];
const chops = [64, 128, 256, 512, 1024, 2048];
const tripSizes = [0, 16, 64, 256, 1024, 4096];

const payloadOf = (isBinary: boolean, size: number): Buffer => Buffer.alloc(size, isBinary ? 0xfe : 0x2a);

function whole(isBinary: boolean, size: number, chop: Chop = 'whole'): Scenario {
  const payload = payloadOf(isBinary, size);
  const frame = isBinary ? binary(payload) : text(payload);
  return reacts([send([frame], chop)], [(isBinary ? echoOfBinary : echoOfText)(payload)], { patience });
}

function fragmented(isBinary: boolean, size: number, fragmentSize: number): Scenario {
  const payload = payloadOf(isBinary, size);
  const frames = inFragments(isBinary ? 'binary' : 'text', fragmentsOf(payload, fragmentSize));
  return reacts([send(frames)], [(isBinary ? echoOfBinary : echoOfText)(payload)], { patience });
}

function trips(isBinary: boolean, size: number): Scenario {
  const message = { binary: isBinary, payload: payloadOf(isBinary, size) };
  return reacts([{ do: 'roundTrips', count: 1000, message: () => message, fragmentSize: 0 }], [], { patience });
}

/** A section for text and the next one for binary messages. */
function both<T>(section: number, values: readonly T[], build: (isBinary: boolean, value: T) => Scenario): CaseTable {
  return {
    ...numbered(
      `9.${section}`,
      values.map((value) => () => build(false, value)),
    ),
    ...numbered(
      `9.${section + 1}`,
      values.map((value) => () => build(true, value)),
    ),
  };
}

export const limits: CaseTable = {
  ...both(1, sizes, whole),
  ...both(3, fragmentSizes, (isBinary, fragmentSize) => fragmented(isBinary, 4 * MEBI, fragmentSize)),
  ...both(5, chops, (isBinary, chop) => whole(isBinary, MEBI, chop)),
  ...both(7, tripSizes, trips),
};

export const autoFragmentation: CaseTable = {
  '10.1.1': () => fragmented(false, 65536, 1300),
};
