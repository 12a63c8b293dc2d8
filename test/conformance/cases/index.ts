/** All groups of cases, as the public list of the Autobahn test suite for clients numbers them. */

import { closing } from './closing.js';
import { parameterCompression, payloadCompression } from './compression.js';
import { fragmentation } from './fragmentation.js';
import { framing } from './framing.js';
import { autoFragmentation, limits } from './limits.js';
import { pings } from './pings.js';
import type { CaseTable } from './scenario.js';
import { utf8 } from './utf-8.js';
import { opcodes, reservedBits } from './violations.js';

export interface Group {
  readonly number: number;
  readonly name: string;
  readonly cases: CaseTable;
}

export const groups: readonly Group[] = [
  { number: 1, name: 'framing', cases: framing },
  { number: 2, name: 'pings and pongs', cases: pings },
  { number: 3, name: 'reserved bits', cases: reservedBits },
  { number: 4, name: 'opcodes', cases: opcodes },
  { number: 5, name: 'fragmentation', cases: fragmentation },
  { number: 6, name: 'UTF-8', cases: utf8 },
  { number: 7, name: 'closing', cases: closing },
  { number: 9, name: 'limits and performance', cases: limits },
  { number: 10, name: 'auto-fragmentation', cases: autoFragmentation },
  { number: 12, name: 'compression of different payloads', cases: payloadCompression },
  { number: 13, name: 'compression with different parameters', cases: parameterCompression },
];

export const allCases: CaseTable = Object.assign({}, ...groups.map(({ cases }) => cases));
