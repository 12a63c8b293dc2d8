/** The words that the groups' tables share: frames, reactions and the usual kinds of scenario. No I/O. */

import type { FrameSpec, FrameType } from '../../support/frames.js';
import { closePayload } from '../../support/frames.js';
import { DEADLINE } from '../../support/times.js';
import type { Chop, Ending, Reaction, Scenario, Step } from './scenario.js';

/** What a client may take to react; only those that fail need it. */
const PATIENCE = DEADLINE / 4;

export const HELLO = 'Hello, world!';

type Payload = string | Buffer;

export const bytes = (payload: Payload): Buffer => (typeof payload === 'string' ? Buffer.from(payload) : payload);
export const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');

export const text = (payload: Payload = '', parts: Partial<FrameSpec> = {}): FrameSpec => ({
  opcode: 'text',
  payload,
  ...parts,
});
export const binary = (payload: Payload = '', parts: Partial<FrameSpec> = {}): FrameSpec => ({
  opcode: 'binary',
  payload,
  ...parts,
});
export const continuation = (payload: Payload, fin = true): FrameSpec => ({ opcode: 'continuation', payload, fin });
export const ping = (payload: Payload = '', parts: Partial<FrameSpec> = {}): FrameSpec => ({
  opcode: 'ping',
  payload,
  ...parts,
});
export const pong = (payload: Payload = '', parts: Partial<FrameSpec> = {}): FrameSpec => ({
  opcode: 'pong',
  payload,
  ...parts,
});
export const close = (code?: number, reason: Payload = '', parts: Partial<FrameSpec> = {}): FrameSpec => ({
  opcode: 'close',
  payload: closePayload(code, bytes(reason)),
  ...parts,
});

/** A message in frames of these payloads. */
export function inFragments(opcode: FrameType, payloads: readonly Payload[]): FrameSpec[] {
  return payloads.map((payload, i) => ({
    opcode: i === 0 ? opcode : 'continuation',
    payload,
    fin: i === payloads.length - 1,
  }));
}

/** The payload in parts of `size` bytes and, as the well-known suite has it, a last part that is shorter or empty. */
export function fragmentsOf(payload: Buffer, size: number): Buffer[] {
  return [...cut(payload, size), ...(payload.length % size === 0 ? [Buffer.alloc(0)] : [])];
}

/** The payload in parts of `size` bytes. */
export function cut(payload: Buffer, size: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let i = 0; i < payload.length; i += size) parts.push(payload.subarray(i, i + size));
  return parts;
}

const reaction = (kind: Reaction['kind'], payload: Payload): Reaction => ({ kind, payload: bytes(payload) });
export const echoOfText = (payload: Payload): Reaction => reaction('text', payload);
export const echoOfBinary = (payload: Payload): Reaction => reaction('binary', payload);
export const pongWith = (payload: Payload): Reaction => reaction('pong', payload);
export const waited = (label: string): Reaction => reaction('waited', label);
export const late: Reaction = reaction('late', '');

export const send = (frames: readonly FrameSpec[], chop: Chop = 'whole'): Step => ({ do: 'send', frames, chop });
export const sendRaw = (raw: Buffer): Step => ({ do: 'sendRaw', bytes: raw });
export const awaitReactions = (count: number): Step => ({ do: 'awaitReactions', count });
export const awaitFailure = (label: string, milliseconds: number): Step => ({
  do: 'awaitFailure',
  label,
  milliseconds,
});

const clean: Ending = { kind: 'clean', codes: [1000], tolerated: [] };

/** The client reacts like this, and answers the server's Close. */
export function reacts(steps: readonly Step[], reactions: readonly Reaction[], rest: Partial<Scenario> = {}): Scenario {
  return { steps, reactions, nonStrict: [], ending: clean, patience: PATIENCE, ...rest };
}

/** The client fails the connection with this code, having reacted like that before. */
export function fails(
  code: 1002 | 1007,
  steps: readonly Step[],
  reactions: readonly Reaction[] = [],
  nonStrict: readonly (readonly Reaction[])[] = [],
): Scenario {
  return reacts(steps, reactions, { nonStrict, ending: { kind: 'failed', code } });
}
