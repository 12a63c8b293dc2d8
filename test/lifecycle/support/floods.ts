/**
 * What a peer sends before it ends the connection, how that comes over the network, and how the connection ends. Tables;
 * they run nothing.
 */

import { Compressor, cut } from '../../support/deflate.js';
import { closePayload, encodeFrame, type FrameSpec } from '../../support/frames.js';
import {
  accept,
  acceptDeflate,
  destroy,
  halfClose,
  inPieces,
  mark,
  reset,
  type Script,
  type Step,
  sendRaw,
  together,
  waitForDelivery,
} from '../../support/scripted-peer.js';

type Message = string | Buffer;

/** Messages, and the frames that they are sent in. */
export interface Flood {
  readonly name: string;
  readonly messages: readonly Message[];
  readonly accept: Step;
  readonly bytes: Buffer;
}

/** How the peer ends the connection, and what that comes to. */
export interface Finish {
  readonly name: string;
  /** Whether a Close stands behind the messages. */
  readonly closes: boolean;
  readonly steps: readonly Step[];
  /** Whether what has not reached the client's kernel is lost with the connection. */
  readonly loses: boolean;
  /** The codes of the errors that may be the cause; none where the end is in good order. */
  readonly causes: readonly string[];
}

/** How the bytes come, the handshake's answer first. */
export interface Delivery {
  readonly name: string;
  readonly steps: (accept: Step, bytes: Buffer) => readonly Step[];
}

export const closeFrame = { code: 1000, reason: 'all sent' } as const;

/** In so many writes. */
const pieces = 40;

const kibi = 1024;

/** ASCII and other text by turns, and bytes. */
function message(i: number, size: number): Message {
  const text = `message ${i} `.padEnd(size, i % 3 === 0 ? 'abcdefg ' : 'größe ');
  return i % 5 === 4 ? Buffer.from(text) : text;
}

const contents: { name: string; messages: Message[]; fragments: number }[] = [
  { name: '1,000 small messages', messages: Array.from({ length: 1_000 }, (_, i) => message(i, 20)), fragments: 1 },
  {
    name: '300 messages of 2 KiB',
    messages: Array.from({ length: 300 }, (_, i) => message(i, 2 * kibi)),
    fragments: 1,
  },
  { name: 'a large message', messages: ['first', message(1, 600 * kibi), 'last'], fragments: 1 },
  { name: '100 messages in fragments', messages: Array.from({ length: 100 }, (_, i) => message(i, 500)), fragments: 3 },
];

function plainFrames(data: Message, fragments: number): FrameSpec[] {
  return frames(data, Buffer.from(data as string), fragments, 0);
}

function compressedFrames(data: Message, fragments: number, compressor: Compressor): FrameSpec[] {
  return frames(data, compressor.message(data), fragments, 4);
}

function frames(data: Message, payload: Uint8Array, fragments: number, rsv: number): FrameSpec[] {
  const opcode = typeof data === 'string' ? 'text' : 'binary';
  return cut(payload, Math.ceil(payload.length / fragments)).map((part, i, parts) => ({
    opcode: i === 0 ? opcode : 'continuation',
    rsv: i === 0 ? rsv : 0,
    fin: i === parts.length - 1,
    payload: part,
  }));
}

export const floods: readonly Flood[] = contents.flatMap(({ name, messages, fragments }) => {
  const compressor = new Compressor();
  const encoded = (specs: readonly FrameSpec[]): Buffer => Buffer.concat(specs.map(encodeFrame));
  return [
    {
      name,
      messages,
      accept: accept(),
      bytes: encoded(messages.flatMap((data) => plainFrames(data, fragments))),
    },
    {
      name: `${name}, compressed,`,
      messages,
      accept: acceptDeflate(),
      bytes: encoded(messages.flatMap((data) => compressedFrames(data, fragments, compressor))),
    },
  ];
});

export const deliveries: readonly Delivery[] = [
  { name: 'in one write', steps: (answer, bytes) => [answer, sendRaw(bytes)] },
  { name: 'in one write with the handshake', steps: (answer, bytes) => [together(answer, sendRaw(bytes))] },
  {
    name: 'in many writes',
    steps: (answer, bytes) => [answer, inPieces(Math.ceil(bytes.length / pieces), sendRaw(bytes))],
  },
];

const brokenPipe = ['ECONNRESET', 'EPIPE'];

export const finishes: readonly Finish[] = [
  {
    name: 'resets the connection once all was delivered',
    closes: false,
    steps: [waitForDelivery(), reset()],
    loses: false,
    causes: brokenPipe,
  },
  { name: 'resets the connection at once', closes: false, steps: [reset()], loses: true, causes: brokenPipe },
  {
    name: 'sends Close and, once that was delivered, is gone',
    closes: true,
    steps: [waitForDelivery(), destroy()],
    loses: false,
    causes: [],
  },
  { name: 'sends Close and ends its stream at once', closes: true, steps: [halfClose()], loses: false, causes: [] },
  {
    name: 'ends its stream without a Close',
    closes: false,
    steps: [halfClose()],
    loses: false,
    causes: ['HAWSER_END_OF_STREAM'],
  },
];

/** The peer's script; its mark is `sent`. */
export function scriptOf(flood: Flood, delivery: Delivery, finish: Finish): Script {
  const close = encodeFrame({ opcode: 'close', payload: closePayload(closeFrame.code, closeFrame.reason) });
  const bytes = finish.closes ? Buffer.concat([flood.bytes, close]) : flood.bytes;
  return [...delivery.steps(flood.accept, bytes), mark('sent'), ...finish.steps];
}
