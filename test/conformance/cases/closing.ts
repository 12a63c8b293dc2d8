/** Group 7: Close frames, what comes after them, their payload and their codes (RFC 6455 §5.5.1, §7.4). */

import { close, continuation, echoOfText, fails, hex, ping, reacts, send, text } from './build.js';
import { type CaseTable, type Ending, numbered, type Scenario } from './scenario.js';

const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const invalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const undefinedCodes = [5000, 65535];

const open: Ending = { kind: 'open' };
const greeting = 'Hello World!';

/** The client answers this Close; a code other than its own is a matter of taste (§5.5.1). */
function closes(code?: number, reason = ''): Scenario {
  const ending: Ending =
    code === undefined
      ? { kind: 'clean', codes: [1005, 1000], tolerated: [] }
      : { kind: 'clean', codes: [code], tolerated: code === 1000 ? [] : [1000] };
  return reacts([send([close(code, reason)])], [], { ending });
}

/** What follows the Close is not answered any more. */
const closesFor = (frames: Parameters<typeof send>[0]): Scenario => reacts([send(frames)], []);

export const closing: CaseTable = {
  '7.1.1': () => reacts([send([text(greeting)])], [echoOfText(greeting)]),
  '7.1.2': () => closesFor([close(1000), close(1000)]),
  '7.1.3': () => closesFor([close(1000), ping()]),
  '7.1.4': () => closesFor([close(1000), text(greeting)]),
  '7.1.5': () => closesFor([text('fragment1', { fin: false }), close(1000), continuation('fragment2')]),
  '7.1.6': () => reacts([send([text(Buffer.alloc(256 * 1024, '*')), close(1000), ping()])], [], { ending: open }),
  '7.3.1': () => closes(),
  '7.3.2': () => fails(1002, [send([{ opcode: 'close', payload: 'a' }])]),
  '7.3.3': () => closes(1000),
  '7.3.4': () => closes(1000, greeting),
  '7.3.5': () => closes(1000, '*'.repeat(123)),
  '7.3.6': () => fails(1002, [send([close(1000, '*'.repeat(124))])]),
  '7.5.1': () => fails(1007, [send([close(1000, hex('cebae1bdb9cf83cebcceb5eda080656469746564'))])]),
  ...numbered(
    '7.7',
    validCodes.map((code) => () => closes(code)),
  ),
  ...numbered(
    '7.9',
    invalidCodes.map((code) => () => fails(1002, [send([close(code)])])),
  ),
  ...numbered(
    '7.13',
    undefinedCodes.map((code) => () => reacts([send([close(code)])], [], { ending: open })),
  ),
};
