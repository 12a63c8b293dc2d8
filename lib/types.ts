/**
 * The plain shapes that the public API is made of: messages, close frames, outcomes and HTTP heads. Types only;
 * nothing here does anything.
 */

import type { HeaderList } from './handshake/headers.js';

/** A message: text is a string, binary is a Buffer. */
export type Data = string | Buffer;

/** A message with the time at which it arrived. */
export interface TimedMessage {
  readonly data: Data;
  /**
   * When the reader read the end of the message from the socket: milliseconds since 1970, as `Date.now()` counts them,
   * with fractions.
   */
  readonly receivedAt: number;
}

/** What a Close frame says (RFC 6455 §5.5.1). A Close without a body has code 1005 and no reason. */
export interface CloseFrame {
  /** The close code (RFC 6455 §7.4). */
  readonly code: number;
  /** The close reason; empty where there was none. */
  readonly reason: string;
}

/** How a connection ended. It exists only after the reader has ended. */
export interface CloseOutcome {
  /** The code of the Close frame received, or 1006 where none came (RFC 6455 §7.1.5). */
  readonly code: number;
  /** The reason of the Close frame received, or empty where none came (RFC 6455 §7.1.6). */
  readonly reason: string;
  /** Whether a Close frame was both received and sent. */
  readonly wasClean: boolean;
  /** The Close frame received, if one was. */
  readonly received?: CloseFrame;
  /** The Close frame sent, if one was. */
  readonly sent?: CloseFrame;
  /** Whether the Close frame received came before the one sent. */
  readonly receivedFirst: boolean;
  /** What broke the connection, where something did. */
  readonly cause?: Error;
}

/** The head of the request that opened a connection. */
export interface RequestHead {
  readonly method: string;
  /** The request target: path and query. */
  readonly target: string;
  readonly headers: HeaderList;
}

/** The head of a response to the opening handshake. */
export interface ResponseHead {
  /** The status code; 101 for a connection that was opened. */
  readonly status: number;
  /** The reason phrase; may be empty. */
  readonly statusText: string;
  readonly headers: HeaderList;
}
