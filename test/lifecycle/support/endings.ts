/**
 * The ways in which a peer lets a connection end that is being closed, and what each has to come to. A table; it runs
 * nothing.
 */

import type { CloseFrame } from '../../../lib/types.js';
import {
  answerClose,
  flood,
  floodPayload,
  halfClose,
  neverAnswer,
  reset,
  type Step,
  sendClose,
  sendText,
  together,
  waitForClose,
} from '../../support/scripted-peer.js';
import { LONG, MEDIUM } from '../../support/times.js';

/** What `close()` is called with. */
export const closing = { code: 1000, reason: 'done' } as const;

/** What can be told from outside about an end, with errors named by their codes. */
export interface End {
  /** The class of the error that `recv()` rejects with. */
  readonly error: string;
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  readonly receivedFirst: boolean;
  readonly sent: CloseFrame | undefined;
  readonly received: CloseFrame | undefined;
  readonly cause: string | undefined;
}

export interface Ending {
  readonly name: string;
  /** What the peer does from the moment it waits for the Close. */
  readonly script: readonly Step[];
  /** What it sends once it has got the Close. */
  readonly messages: readonly string[];
  /** Whether what was sent and not yet read is lost with the connection. */
  readonly loses: boolean;
  /** Milliseconds. A peer that lets the reader wait for all of it gets little. */
  readonly closeTimeout: number;
  readonly end: End;
}

const clean: End = {
  error: 'ConnectionClosedOK',
  ...closing,
  wasClean: true,
  receivedFirst: false,
  sent: closing,
  received: closing,
  cause: undefined,
};

function unclean(cause: string): End {
  const unanswered = { code: 1006, reason: '', wasClean: false, received: undefined };
  return { ...clean, error: 'ConnectionClosedError', ...unanswered, cause };
}

/** What `terminate()` makes of an ending that it comes before; it may find the peer's Close received or not. */
export function terminated(natural: End, received: boolean): End {
  return received ? { ...natural, cause: 'HAWSER_TERMINATED' } : unclean('HAWSER_TERMINATED');
}

const last = ['last but one', 'last'];
const flooded = { count: 100, size: 200 };

export const endings = {
  answers: {
    name: 'answers',
    script: [answerClose()],
    messages: [],
    loses: false,
    closeTimeout: LONG,
    end: clean,
  },
  sendsDataFirst: {
    name: 'sends data first, the last of it together with its answer',
    script: [
      waitForClose(),
      flood(flooded.count, { size: flooded.size }),
      together(...last.map(sendText), sendClose(closing.code, closing.reason)),
      halfClose(),
    ],
    messages: [...Array.from({ length: flooded.count }, (_, i) => floodPayload(i, flooded.size)), ...last],
    loses: false,
    closeTimeout: LONG,
    end: clean,
  },
  neverAnswers: {
    name: 'never answers',
    script: [neverAnswer()],
    messages: [],
    loses: false,
    closeTimeout: MEDIUM,
    end: unclean('HAWSER_TIMEOUT'),
  },
  resets: {
    name: 'resets the connection',
    script: [waitForClose(), reset()],
    messages: [],
    loses: true,
    closeTimeout: LONG,
    end: unclean('ECONNRESET'),
  },
  halfCloses: {
    name: 'ends its stream without an answer',
    script: [waitForClose(), halfClose()],
    messages: [],
    loses: false,
    closeTimeout: LONG,
    end: unclean('HAWSER_END_OF_STREAM'),
  },
} satisfies Record<string, Ending>;
