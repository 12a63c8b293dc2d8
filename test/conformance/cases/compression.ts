/**
 * Groups 12 and 13: messages compressed with permessage-deflate (RFC 7692), of different content and with different
 * parameters. What a client has to offer for a case is here as well, in hawser's words.
 */

import { DEADLINE, rounds } from '../../support/times.js';
import { reacts } from './build.js';
import { bitmap, html, json, mostlyRandom, prose } from './documents.js';
import {
  type CaseTable,
  type Message,
  type Mode,
  numbered,
  type Scenario,
  type WantedCompression,
} from './scenario.js';

/** The `compression` option of `connect()`. */
export interface CompressionOffer {
  readonly serverNoContextTakeover?: boolean;
  readonly clientNoContextTakeover?: boolean;
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: boolean | number;
  /** Bytes from which on messages are compressed. */
  readonly threshold?: number;
}

/** Bytes of a message and, 0 for none, of it in each frame. */
const shapes: readonly (readonly [size: number, fragmentSize: number])[] = [
  ...[16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072].map((size) => [size, 0] as const),
  ...[8192, 16384, 32768, 65536, 131072].map((size) => [size, 256] as const),
  ...[1024, 4096, 32768].map((fragmentSize) => [131072, fragmentSize] as const),
];

const QUICK_COUNT = 50;
const QUICK_BYTES = 1024 * 1024;
/** So that one is compressed with the window that another has left. */
const LEAST_COUNT = 3;

function messageCount(mode: Mode, size: number): number {
  if (mode === 'full') return 1000;
  return Math.max(LEAST_COUNT, rounds(Math.min(QUICK_COUNT, Math.ceil(QUICK_BYTES / size))));
}

/** A document whose parts are the messages. */
interface Source {
  readonly binary: boolean;
  readonly content: () => Buffer;
}

function messagesOf({ binary, content }: Source, size: number): (i: number) => Message {
  const bytes = content();
  return (i) => {
    const from = (i * size) % (bytes.length - size);
    return { binary, payload: bytes.subarray(from, from + size) };
  };
}

function section(name: string, source: Source, compression: readonly WantedCompression[]): CaseTable {
  const build =
    ([size, fragmentSize]: (typeof shapes)[number]) =>
    (mode: Mode): Scenario =>
      reacts(
        [{ do: 'roundTrips', count: messageCount(mode, size), message: messagesOf(source, size), fragmentSize }],
        [],
        { compression, patience: DEADLINE },
      );
  return numbered(name, shapes.map(build));
}

const want = (
  noContextTakeover: boolean,
  windowBits: WantedCompression['windowBits'],
  of: WantedCompression['of'] = 'both',
): WantedCompression => ({ noContextTakeover, windowBits, of });

const sources: readonly Source[] = [
  { binary: false, content: json },
  { binary: true, content: bitmap },
  { binary: true, content: prose },
  { binary: false, content: html },
  { binary: true, content: mostlyRandom },
];

/** Of the last the server takes what the offer allows first, for the client's compression only. */
const parameters: readonly (readonly WantedCompression[])[] = [
  [want(false, 0)],
  [want(true, 0)],
  [want(false, 9)],
  [want(false, 15)],
  [want(true, 9)],
  [want(true, 15)],
  [want(true, 9, 'client'), want(true, 0, 'client'), want(false, 0, 'client')],
];

export const payloadCompression: CaseTable = Object.assign(
  {},
  ...sources.map((source, i) => section(`12.${i + 1}`, source, [want(false, 0)])),
);

export const parameterCompression: CaseTable = Object.assign(
  {},
  ...parameters.map((wanted, i) => section(`13.${i + 1}`, sources[0]!, wanted)),
);

/** What a client offers in this case; undefined in those that are not of compression. */
export function compressionOffer(id: string): CompressionOffer | undefined {
  const [group, name] = id.split('.').map(Number);
  const everything = { clientMaxWindowBits: true, threshold: 0 };
  if (group === 12) return everything;
  if (group !== 13) return undefined;
  const [wanted, ...others] = parameters[name! - 1]!;
  if (others.length > 0) return everything;
  const { noContextTakeover, windowBits } = wanted!;
  return {
    ...everything,
    ...(noContextTakeover ? { serverNoContextTakeover: true } : {}),
    ...(windowBits === 0 ? {} : { serverMaxWindowBits: windowBits }),
  };
}
