/** The verdict on what a client did in a case: one line, the same for the same behaviour. Pure. */

import type { Ending, Reaction, Scenario } from '../cases/scenario.js';

/** All that was seen of the client. */
export interface Observation {
  readonly reactions: readonly Reaction[];
  /** What the client did that no client may do. */
  readonly illegal?: string;
  /** The code of the client's Close, 1005 if it had none; undefined where no Close came. */
  readonly closeCode?: number;
  /** Whether the server had sent a Close before. */
  readonly serverClosedFirst: boolean;
  /** Whether the client closed or ended the connection before the server gave up waiting for it. */
  readonly actedInTime: boolean;
  /** How the client's stream ended; undefined where it did not in time. */
  readonly end?: 'fin' | 'reset';
  /** Bytes of a frame that was cut by the end. */
  readonly incomplete: number;
  /** How many messages came compressed, of a case of compression. */
  readonly compressedCount?: number;
}

type Expected = Pick<Scenario, 'reactions' | 'nonStrict' | 'ending'>;

/** `OK`, `NON-STRICT: …`, `INFORMATIONAL: …` or `FAILED: …`. */
export function judge(expected: Expected, seen: Observation): string {
  const failure = broken(seen) ?? wrongReactions(expected, seen) ?? wrongEnding(expected.ending, seen);
  if (failure !== undefined) return `FAILED: ${failure}`;
  if (expected.ending.kind === 'open') return `INFORMATIONAL: ${closeInWords(seen)}`;
  const laxity = [...laxReactions(expected, seen), ...laxEnding(expected.ending, seen), ...laxCompression(seen)];
  return laxity.length > 0 ? `NON-STRICT: ${laxity.join('; ')}` : 'OK';
}

/** What is wrong whatever the case is about. */
function broken({ illegal, incomplete, end }: Observation): string | undefined {
  if (illegal !== undefined) return illegal;
  if (incomplete > 0) return `the connection ended ${incomplete} bytes into a frame`;
  return end === undefined ? 'the client did not end the TCP connection' : undefined;
}

function wrongReactions({ reactions, nonStrict, ending }: Expected, seen: Observation): string | undefined {
  if (ending.kind === 'open' || [reactions, ...nonStrict].some((right) => sameAll(right, seen.reactions)))
    return undefined;
  for (const [i, right] of reactions.entries()) {
    const actual = seen.reactions[i];
    if (actual && same(right, actual)) continue;
    return `expected ${inWords(right)}, got ${actual ? inWords(actual, right) : 'nothing'}`;
  }
  return `expected nothing more, got ${inWords(seen.reactions[reactions.length]!)}`;
}

function wrongEnding(ending: Ending, seen: Observation): string | undefined {
  const { closeCode, serverClosedFirst, actedInTime, end } = seen;
  if (ending.kind === 'open') return undefined;
  if (ending.kind === 'failed') {
    if (!actedInTime) return 'the client did not fail the connection';
    return closeCode === undefined || closeCode === ending.code
      ? undefined
      : `expected Close ${ending.code}, got ${closeInWords(seen)}`;
  }
  const codes = [...ending.codes, ...ending.tolerated];
  if (closeCode === undefined || !codes.includes(closeCode)) {
    return `expected Close ${ending.codes.join(' or ')}, got ${closeInWords(seen)}`;
  }
  if (!serverClosedFirst) return 'the client sent a Close before the server did';
  return end === 'reset' ? 'the client reset the connection' : undefined;
}

function laxReactions({ reactions }: Expected, seen: Observation): string[] {
  return sameAll(reactions, seen.reactions) ? [] : [`reactions are ${listInWords(seen.reactions)}`];
}

function laxEnding(ending: Ending, { closeCode, end }: Observation): string[] {
  if (ending.kind === 'clean') return ending.codes.includes(closeCode!) ? [] : [`Close is ${closeCode}`];
  if (closeCode === undefined) return ['no Close'];
  return end === 'reset' ? ['the connection was reset'] : [];
}

function laxCompression({ compressedCount }: Observation): string[] {
  return compressedCount === 0 ? ['no message was compressed'] : [];
}

function closeInWords({ closeCode }: Observation): string {
  if (closeCode === undefined) return 'no Close';
  return closeCode === 1005 ? 'a Close without a code' : `Close ${closeCode}`;
}

function same(one: Reaction, other: Reaction): boolean {
  return one.kind === other.kind && one.payload.equals(other.payload);
}

function sameAll(some: readonly Reaction[], others: readonly Reaction[]): boolean {
  return some.length === others.length && some.every((reaction, i) => same(reaction, others[i]!));
}

function listInWords(reactions: readonly Reaction[]): string {
  return reactions.length === 0 ? 'none' : reactions.map((reaction) => inWords(reaction)).join(', ');
}

/** A reaction, and where it differs from the right one if its words would not tell. */
function inWords({ kind, payload }: Reaction, right?: Reaction): string {
  if (kind === 'late') return 'nothing in time';
  if (kind === 'waited') return `no failure in pause ${payload}`;
  if (payload.length <= 40) return `${kind} ${printable(payload) ? `'${payload}'` : payload.toString('hex')}`;
  const words = `${kind} of ${payload.length} bytes`;
  if (right?.kind !== kind || right.payload.length !== payload.length) return words;
  return `${words} that differs from byte ${payload.findIndex((byte, i) => byte !== right.payload[i])} on`;
}

function printable(payload: Buffer): boolean {
  return payload.every((byte) => byte >= 0x20 && byte < 0x7f);
}
