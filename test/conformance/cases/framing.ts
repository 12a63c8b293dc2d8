/** Group 1: text and binary messages of the sizes where the length's encoding changes (RFC 6455 §5.2). */

import { binary, echoOfBinary, echoOfText, reacts, send, text } from './build.js';
import { type CaseTable, type Chop, numbered, type Scenario } from './scenario.js';

const sizes = [0, 125, 126, 127, 128, 65535, 65536];

function textOf(size: number, chop: Chop = 'whole'): Scenario {
  const payload = Buffer.alloc(size, '*');
  return reacts([send([text(payload)], chop)], [echoOfText(payload)]);
}

function binaryOf(size: number, chop: Chop = 'whole'): Scenario {
  const payload = Buffer.alloc(size, 0xfe);
  return reacts([send([binary(payload)], chop)], [echoOfBinary(payload)]);
}

export const framing: CaseTable = {
  ...numbered('1.1', [...sizes.map((size) => () => textOf(size)), () => textOf(65536, 997)]),
  ...numbered('1.2', [...sizes.map((size) => () => binaryOf(size)), () => binaryOf(65536, 997)]),
};
