/**
 * What a case consists of: what the server does, and what the client has to do. The groups' tables are written in these
 * words, `server/case-connection.ts` carries the steps out and `server/judge.ts` compares. No I/O.
 */

import type { FrameSpec } from '../../support/frames.js';

/** How many messages the long cases of compression have; the verdicts are the same. */
export type Mode = 'quick' | 'full';

/** What the client did, or, where `waited` or `late`, what it had not done in time. */
export interface Reaction {
  readonly kind: 'text' | 'binary' | 'pong' | 'waited' | 'late';
  readonly payload: Buffer;
}

export interface Message {
  readonly binary: boolean;
  readonly payload: Buffer;
}

/** One write for everything, one for each frame, or pieces of so many bytes, each in a turn of its own. */
export type Chop = 'whole' | 'frames' | number;

export type Step =
  | { readonly do: 'send'; readonly frames: readonly FrameSpec[]; readonly chop: Chop }
  | { readonly do: 'sendRaw'; readonly bytes: Buffer }
  /** Waits for so many reactions in all; where they don't come in time, `late` is one of them. */
  | { readonly do: 'awaitReactions'; readonly count: number }
  /** Waits so many milliseconds for the client to fail the connection; where it does not, `waited` is a reaction. */
  | { readonly do: 'awaitFailure'; readonly label: string; readonly milliseconds: number }
  /** Sends a message, waits for its echo, and so on. Right echoes are no reactions any more. */
  | {
      readonly do: 'roundTrips';
      readonly count: number;
      readonly message: (i: number) => Message;
      /** Bytes of the message, before it is compressed, for each frame; 0 sends it in one. */
      readonly fragmentSize: number;
    };

/** How the connection has to end. */
export type Ending =
  /** The server sends a Close, 1000 unless a step has, and the client answers it with one of `codes`. */
  | { readonly kind: 'clean'; readonly codes: readonly number[]; readonly tolerated: readonly number[] }
  /** The client fails the connection, with a Close of this code (RFC 6455 §7.1.7). */
  | { readonly kind: 'failed'; readonly code: number }
  /** RFC 6455 leaves it open: what happens is put on record. */
  | { readonly kind: 'open' };

/** The parameters of permessage-deflate that the server wants (RFC 7692 §7.1). */
export interface WantedCompression {
  readonly noContextTakeover: boolean;
  /** 0 does not mention any. */
  readonly windowBits: 0 | 9 | 15;
  /** Whose compression they concern. */
  readonly of: 'both' | 'client';
}

export interface Scenario {
  readonly steps: readonly Step[];
  readonly reactions: readonly Reaction[];
  /** Sequences of reactions that RFC 6455 allows although others are better. */
  readonly nonStrict: readonly (readonly Reaction[])[];
  readonly ending: Ending;
  /** Milliseconds that the client may take for a reaction. */
  readonly patience: number;
  /** The server accepts one of these, the first that the client's offer allows. */
  readonly compression?: readonly WantedCompression[];
}

/** Cases by their id, in the order of the list; built when they are run, since some are many megabytes. */
export type CaseTable = Readonly<Record<string, (mode: Mode) => Scenario>>;

/** Names the cases of a section: `1.1` has `1.1.1`, `1.1.2` and so on. */
export function numbered(section: string, cases: readonly ((mode: Mode) => Scenario)[]): CaseTable {
  return Object.fromEntries(cases.map((build, i) => [`${section}.${i + 1}`, build]));
}
