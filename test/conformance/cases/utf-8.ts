/**
 * Group 6: text that is UTF-8 and text that is not (RFC 6455 §8.1), after Markus Kuhn's list of sequences. Strictly, a
 * client fails as soon as the text can't become valid any more, before the message is complete.
 */

import { encodeFrame, type FrameSpec } from '../../support/frames.js';
import { MEDIUM, UNIT } from '../../support/times.js';
import {
  awaitFailure,
  cut,
  echoOfText,
  fails,
  hex,
  inFragments,
  reacts,
  send,
  sendRaw,
  text,
  waited,
} from './build.js';
import { type CaseTable, numbered, type Scenario, type Step } from './scenario.js';

const kosme = hex('ceba e1bdb9 cf83 cebc ceb5');
const edited = hex('656469746564');
const surrogate = Buffer.concat([kosme, hex('eda080'), edited]);
const umlauts = Buffer.from('Hello-µ@ßöäüàá-UTF-8!!');

function valid(payload: Buffer, parts: readonly Buffer[] = [payload]): Scenario {
  return reacts([send(inFragments('text', parts))], [echoOfText(payload)]);
}

function invalid(payload: Buffer, parts: readonly Buffer[] = [payload]): Scenario {
  return fails(1007, [send(inFragments('text', parts))]);
}

const allValid = (section: string, sequences: readonly Buffer[]): CaseTable =>
  numbered(
    section,
    sequences.map((sequence) => () => valid(sequence)),
  );
const allInvalid = (section: string, sequences: readonly Buffer[]): CaseTable =>
  numbered(
    section,
    sequences.map((sequence) => () => invalid(sequence)),
  );

/** Three steps that send a text which is invalid from the second on, with time to fail in between. */
function failsFast([one, two, three]: readonly [Step, Step, Step]): Scenario {
  const steps = [one, awaitFailure('A', MEDIUM), two, awaitFailure('B', 100 * UNIT), three];
  return fails(1007, steps, [waited('A')], [[waited('A'), waited('B')]]);
}

type Three<T> = readonly [T, T, T];

const beyondUnicode: Three<Buffer> = [kosme, hex('f4908080'), edited];
/** The second part is the very byte that makes it invalid. */
const firstWrongByte: Three<Buffer> = [
  Buffer.concat([kosme, hex('f4')]),
  hex('90'),
  Buffer.concat([hex('8080'), edited]),
];

const failsFastByFrame = (parts: Three<Buffer>): Scenario =>
  failsFast(
    (inFragments('text', parts) as unknown as Three<FrameSpec>).map((frame) => send([frame])) as unknown as Three<Step>,
  );

function failsFastWithinFrame(parts: Three<Buffer>): Scenario {
  const frame = encodeFrame(text(Buffer.concat(parts)));
  const end = frame.length - parts[2].length;
  const middle = end - parts[1].length;
  return failsFast([
    sendRaw(frame.subarray(0, middle)),
    sendRaw(frame.subarray(middle, end)),
    sendRaw(frame.subarray(end)),
  ]);
}

const codePoints = (...points: number[]): Buffer[] => points.map((point) => Buffer.from(String.fromCodePoint(point)));
const hexes = (...sequences: string[]): Buffer[] => sequences.map(hex);
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
/** Each byte with a space after it. */
const lonely = (first: number, last: number): Buffer => Buffer.from(range(first, last).flatMap((byte) => [byte, 0x20]));

const incomplete = hexes(
  'c0',
  'e080',
  'f08080',
  'f8808080',
  'fc80808080',
  'df',
  'efbf',
  'f7bfbf',
  'fbbfbfbf',
  'fdbfbfbfbf',
);

/** How many bytes of `kosme` end with a code point. */
const wholePrefixes = new Set([2, 5, 7, 9, 11]);

export const utf8: CaseTable = {
  '6.1.1': () => valid(Buffer.alloc(0)),
  '6.1.2': () => valid(Buffer.alloc(0), hexes('', '', '')),
  '6.1.3': () => valid(Buffer.from('middle frame payload'), [hex(''), Buffer.from('middle frame payload'), hex('')]),
  '6.2.1': () => valid(umlauts),
  '6.2.2': () => valid(umlauts, [Buffer.from('Hello-µ@ßöä'), Buffer.from('üàá-UTF-8!!')]),
  '6.2.3': () => valid(umlauts, cut(umlauts, 1)),
  '6.2.4': () => valid(kosme, cut(kosme, 1)),
  '6.3.1': () => invalid(surrogate),
  '6.3.2': () => invalid(surrogate, cut(surrogate, 1)),
  '6.4.1': () => failsFastByFrame(beyondUnicode),
  '6.4.2': () => failsFastByFrame(firstWrongByte),
  '6.4.3': () => failsFastWithinFrame(beyondUnicode),
  '6.4.4': () => failsFastWithinFrame(firstWrongByte),
  ...allValid('6.5', [...['$', '¢', '€', '𤭢'].map((c) => Buffer.from(`hello${c}world`)), kosme]),
  ...numbered(
    '6.6',
    range(1, 11).map((size) => () => (wholePrefixes.has(size) ? valid : invalid)(kosme.subarray(0, size))),
  ),
  ...allValid('6.7', codePoints(0, 0x80, 0x800, 0x10000)),
  ...allInvalid('6.8', hexes('f888808080', 'fc8480808080')),
  ...allValid('6.9', codePoints(0x7f, 0x7ff, 0xffff, 0x10ffff)),
  ...allInvalid('6.10', hexes('f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf')),
  ...allValid('6.11', codePoints(0xd7ff, 0xe000, 0xfffd, 0x10ffff)),
  '6.11.5': () => invalid(hex('f4908080')),
  ...allInvalid('6.12', [
    ...hexes('80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf'),
    Buffer.from(range(0x80, 0xbf)),
  ]),
  ...allInvalid('6.13', [
    lonely(0xc0, 0xdf),
    lonely(0xe0, 0xef),
    lonely(0xf0, 0xf7),
    lonely(0xf8, 0xfb),
    lonely(0xfc, 0xfd),
  ]),
  ...allInvalid('6.14', incomplete),
  ...allInvalid('6.15', [Buffer.concat(incomplete)]),
  ...allInvalid('6.16', hexes('fe', 'ff', 'fefeffff')),
  ...allInvalid('6.17', hexes('c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af')),
  ...allInvalid('6.18', hexes('c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf')),
  ...allInvalid('6.19', hexes('c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080')),
  ...allInvalid('6.20', hexes('eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf')),
  ...allInvalid(
    '6.21',
    ['eda080', 'edadbf', 'edae80', 'edafbf'].flatMap((high) => [hex(`${high}edb080`), hex(`${high}edbfbf`)]),
  ),
  ...allValid(
    '6.22',
    range(0, 16).flatMap((plane) => codePoints(plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff)),
  ),
  ...allValid('6.23', codePoints(...range(0xfff9, 0xffff))),
};
