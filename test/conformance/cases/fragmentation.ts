/** Group 5: messages in fragments, control frames in between, fragments out of place (RFC 6455 §5.4). */

import type { FrameSpec } from '../../support/frames.js';
import {
  awaitReactions,
  continuation,
  echoOfText,
  fails,
  HELLO,
  inFragments,
  ping,
  pong,
  pongWith,
  reacts,
  send,
  text,
} from './build.js';
import type { CaseTable, Chop, Scenario } from './scenario.js';

const two = inFragments('text', ['fragment1', 'fragment2']);
const [first, second] = two as [FrameSpec, FrameSpec];
const chops: readonly Chop[] = ['whole', 'frames', 1];

/** The same in one write, in one for each frame, and byte by byte: `from` and the two cases after it. */
function inThreeWays(from: number, build: (chop: Chop) => Scenario): CaseTable {
  return Object.fromEntries(chops.map((chop, i) => [`5.${from + i}`, () => build(chop)]));
}

const nothingToContinue = (fin: boolean): FrameSpec => continuation('non-continuation payload', fin);

/** Twice: a continuation of nothing, then a message in two fragments. */
function strayTwice(fin: boolean): Scenario {
  const round = [continuation('fragment1', fin), text('fragment2', { fin: false }), continuation('fragment3')];
  return fails(1002, [send([...round, ...round])]);
}

/** The first ping has to be answered while the message is incomplete. */
function pingsInBetween(chop: Chop): Scenario {
  const [one, two, three, four, five] = inFragments(
    'text',
    [1, 2, 3, 4, 5].map((i) => `fragment${i}`),
  ) as [FrameSpec, FrameSpec, FrameSpec, FrameSpec, FrameSpec];
  return reacts(
    [send([one, two, ping('pongme 1!')], chop), awaitReactions(1), send([three, four, ping('pongme 2!'), five], chop)],
    [pongWith('pongme 1!'), pongWith('pongme 2!'), echoOfText('fragment1fragment2fragment3fragment4fragment5')],
  );
}

export const fragmentation: CaseTable = {
  '5.1': () => fails(1002, [send([ping('fragment1', { fin: false }), continuation('fragment2')])]),
  '5.2': () => fails(1002, [send([pong('fragment1', { fin: false }), continuation('fragment2')])]),
  ...inThreeWays(3, (chop) => reacts([send(two, chop)], [echoOfText('fragment1fragment2')])),
  ...inThreeWays(6, (chop) =>
    reacts(
      [send([first, ping('ping payload'), second], chop)],
      [pongWith('ping payload'), echoOfText('fragment1fragment2')],
    ),
  ),
  ...inThreeWays(9, (chop) => fails(1002, [send([nothingToContinue(true), text(HELLO)], chop)])),
  ...inThreeWays(12, (chop) => fails(1002, [send([nothingToContinue(false), text(HELLO)], chop)])),
  '5.15': () =>
    fails(
      1002,
      [send([...two, continuation('fragment3', false), text('fragment4')])],
      [echoOfText('fragment1fragment2')],
      [[]],
    ),
  '5.16': () => strayTwice(false),
  '5.17': () => strayTwice(true),
  '5.18': () => fails(1002, [send([text('fragment1', { fin: false }), text('fragment2')])]),
  '5.19': () => pingsInBetween('whole'),
  '5.20': () => pingsInBetween('frames'),
};
