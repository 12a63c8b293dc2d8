/**
 * What a scripted peer can do, as plain data that is posted to its thread. A script is a list of steps; each starts
 * when the one before it is done. No I/O.
 */

import type { SecureVersion } from 'node:tls';
import { closePayload, type FrameSpec, type FrameType } from './frames.js';

/** What a peer that speaks TLS has, in the words of `tls.createServer`; all of it can be posted. */
export interface TlsServerOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  readonly ciphers?: string;
  readonly ecdhCurve?: string;
  readonly sigalgs?: string;
  readonly ALPNProtocols?: string[];
}

export type Script = readonly Step[];

export type Step =
  | { readonly do: 'accept'; readonly answer: Acceptance }
  | { readonly do: 'respond'; readonly answer: HttpResponse }
  | { readonly do: 'sendFrame'; readonly frame: FrameSpec }
  | { readonly do: 'sendRaw'; readonly bytes: string | Uint8Array }
  | { readonly do: 'together'; readonly steps: Script }
  | { readonly do: 'inPieces'; readonly size: number; readonly steps: Script }
  | { readonly do: 'flood'; readonly flood: Required<Flood> }
  | { readonly do: 'expectFrame'; readonly type: FrameType | undefined }
  | { readonly do: 'answerClose' }
  | { readonly do: 'answerPings' }
  | { readonly do: 'echoMessages' }
  | { readonly do: 'waitForEnd' }
  | { readonly do: 'waitForDelivery' }
  | { readonly do: 'halfClose' }
  | { readonly do: 'reset' }
  | { readonly do: 'truncate' }
  | { readonly do: 'destroy' }
  | { readonly do: 'stopReading' }
  | { readonly do: 'resumeReading' }
  | { readonly do: 'delay'; readonly milliseconds: number }
  | { readonly do: 'mark'; readonly name: string }
  | { readonly do: 'neverAnswer' };

export interface Acceptance {
  /** Added to the response head or, by the same name in the same case, replacing; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Sent as Sec-WebSocket-Accept in place of the right one. */
  readonly accept?: string;
  /** Default: `HTTP/1.1 101 Switching Protocols`. */
  readonly statusLine?: string;
  /** The whole response head in place of everything above, as bytes; a string is sent as latin1. */
  readonly head?: string | Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Content-Length is set unless `headers` has one or a Transfer-Encoding. */
  readonly body?: string | Uint8Array;
}

export interface Flood {
  /** How many messages; Infinity sends until the connection ends. */
  readonly count: number;
  /** Bytes of a message. */
  readonly size?: number;
  readonly binary?: boolean;
  /** The same payload each time, instead of the message's number (see `floodPayload`). */
  readonly payload?: string | Uint8Array | null;
  /** As the fragments of one message. */
  readonly fragmented?: boolean;
}

/** Reads the request and answers 101. The right answer to any handshake unless told otherwise. */
export const accept = (answer: Acceptance = {}): Step => ({ do: 'accept', answer });
/** Accepts with permessage-deflate and its parameters; the client may then send compressed messages. */
export const acceptDeflate = (...parameters: string[]): Step =>
  accept({ headers: { 'Sec-WebSocket-Extensions': ['permessage-deflate', ...parameters].join('; ') } });
/** Reads the request and answers something else than 101. */
export const respond = (answer: HttpResponse): Step => ({ do: 'respond', answer });

export const sendFrame = (frame: FrameSpec): Step => ({ do: 'sendFrame', frame });
export const sendText = (payload: string): Step => sendFrame({ opcode: 'text', payload });
export const sendBinary = (payload: Uint8Array): Step => sendFrame({ opcode: 'binary', payload });
export const sendPing = (payload: string | Uint8Array = ''): Step => sendFrame({ opcode: 'ping', payload });
export const sendPong = (payload: string | Uint8Array = ''): Step => sendFrame({ opcode: 'pong', payload });
/** One message, a frame for each payload. */
export const sendFragments = (opcode: 'text' | 'binary', ...payloads: (string | Uint8Array)[]): Step[] =>
  payloads.map((payload, i) =>
    sendFrame({ opcode: i === 0 ? opcode : 'continuation', fin: i === payloads.length - 1, payload }),
  );
/** Without a code, an empty Close. */
export const sendClose = (code?: number, reason: string | Uint8Array = ''): Step =>
  sendFrame({ opcode: 'close', payload: closePayload(code, reason) });
/** A string is sent as latin1. */
export const sendRaw = (bytes: string | Uint8Array): Step => ({ do: 'sendRaw', bytes });
/** Does the steps and sends what they send with one write, so that it arrives in one segment where it fits. */
export const together = (...steps: Step[]): Step => ({ do: 'together', steps });
/** Does the steps and sends what they send in pieces of `size` bytes, each with a write and a turn of its own. */
export const inPieces = (size: number, ...steps: Step[]): Step => ({ do: 'inPieces', size, steps });
/** Sends messages as fast as the socket takes them. */
export const flood = (count: number, options: Omit<Flood, 'count'> = {}): Step => ({
  do: 'flood',
  flood: { size: 16, binary: false, payload: null, fragmented: false, ...options, count },
});

/** Waits for the next frame, or the next of this type, that no earlier expectation has seen. */
export const expectFrame = (type?: FrameType): Step => ({ do: 'expectFrame', type });
export const waitForClose = (): Step => expectFrame('close');
/** Waits for a Close, sends the same code and reason back and ends the stream, as a good server does. */
export const answerClose = (): Step => ({ do: 'answerClose' });
/** From now on, beside the script: a pong for every ping. */
export const answerPings = (): Step => ({ do: 'answerPings' });
/** From now on, beside the script: every data frame is sent back. */
export const echoMessages = (): Step => ({ do: 'echoMessages' });
/** Waits until the client has ended its stream or reset the connection. */
export const waitForEnd = (): Step => ({ do: 'waitForEnd' });
/**
 * Waits until the client's kernel has acknowledged all that was sent, whether or not the client has read it. Linux only;
 * IPv4.
 */
export const waitForDelivery = (): Step => ({ do: 'waitForDelivery' });

/** Sends FIN and goes on reading. */
export const halfClose = (): Step => ({ do: 'halfClose' });
/** Sends RST. */
export const reset = (): Step => ({ do: 'reset' });
/** Closes the socket below TLS, which gets no chance of saying so. */
export const truncate = (): Step => ({ do: 'truncate' });
/** Closes the socket in both directions. */
export const destroy = (): Step => ({ do: 'destroy' });
export const stopReading = (): Step => ({ do: 'stopReading' });
export const resumeReading = (): Step => ({ do: 'resumeReading' });
export const delay = (milliseconds: number): Step => ({ do: 'delay', milliseconds });
/** A point of the script that a test can wait for with `reached`. */
export const mark = (name: string): Step => ({ do: 'mark', name });
/** The script stops here; the peer goes on reading and recording. Says what the end of a script means anyway. */
export const neverAnswer = (): Step => ({ do: 'neverAnswer' });

/** The payload of a flood's message `i`: its number, padded. */
export function floodPayload(i: number, size: number): string {
  return `${i}`.padEnd(size, '.');
}
