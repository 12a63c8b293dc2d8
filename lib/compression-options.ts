/**
 * The option `compression` of `connect()`: how permessage-deflate (RFC 7692) is to be offered and how our deflater
 * works, and the checks that turn it into settings. What of it reaches the wire is said in
 * `handshake/permessage-deflate.ts`; compressing is the reader's.
 */

import { checkBoolean, checkInteger, checkNames, invalidType } from './check.js';
import { invalidArgument } from './errors.js';

/** How messages are compressed (permessage-deflate, RFC 7692) where the server agrees. */
export interface CompressionOptions {
  /**
   * Asks the server to forget its window after each message, which saves memory here and costs compression.
   * @default false
   */
  readonly serverNoContextTakeover?: boolean | undefined;
  /**
   * Forgets our window after each message, and says so in the offer. The server can demand it anyway.
   * @default false
   */
  readonly clientNoContextTakeover?: boolean | undefined;
  /**
   * The most that the server's window may have, as a power of two: 8 (256 bytes) to 15 (32 KiB). A server that can't
   * limit its window then does not compress; some refuse the connection.
   * @default the server's choice, up to 15
   */
  readonly serverMaxWindowBits?: number | undefined;
  /**
   * The most that our window may have, as a power of two: 8 (256 bytes) to 15 (32 KiB). The server may choose less. true
   * lets it choose up to 15; false lets it choose nothing, so that the window is 15.
   * @default true
   */
  readonly clientMaxWindowBits?: boolean | number | undefined;
  /**
   * zlib's level for what is sent: 0 (stores only) to 9 (smallest), or -1 for zlib's own default.
   * @default -1
   */
  readonly level?: number | undefined;
  /**
   * zlib's memory level for what is sent: 1 (least memory) to 9 (fastest).
   * @default 8
   */
  readonly memLevel?: number | undefined;
  /**
   * Bytes that a message has at least for being compressed, unless `send()` is told otherwise.
   * @default 0; 1024 where our window is forgotten after each message
   */
  readonly threshold?: number | undefined;
}

/** Options that have been checked, with the defaults filled in. */
export interface CompressionSettings {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** undefined is not offered. */
  readonly serverMaxWindowBits: number | undefined;
  /** true is offered without a value, false is not offered. */
  readonly clientMaxWindowBits: boolean | number;
  readonly level: number;
  readonly memLevel: number;
  /** undefined where it depends on what is agreed upon. */
  readonly threshold: number | undefined;
}

const knownNames = [
  'serverNoContextTakeover',
  'clientNoContextTakeover',
  'serverMaxWindowBits',
  'clientMaxWindowBits',
  'level',
  'memLevel',
  'threshold',
] as const satisfies readonly (keyof CompressionOptions)[];

/** Names that ws has for what is elsewhere here, or nowhere. */
const foreignNames: ReadonlyMap<string, string> = new Map([
  ['zlibDeflateOptions', 'expected level and memLevel in compression itself'],
  ['zlibInflateOptions', 'inflating has no options'],
  ['concurrencyLimit', "each connection compresses on its reader's thread, without a limit"],
  ['maxPayload', 'expected maxMessageSize among the options of connect()'],
]);

/** The most that fits the 32 bits of every platform's sizes. */
const mostThreshold = 2 ** 32 - 1;

/**
 * Checks the option `compression`.
 *
 * @returns the settings; undefined where compression is not wanted.
 * @throws TypeError where a name is unknown or a value is of the wrong type.
 * @throws RangeError where a number is out of range.
 */
export function checkCompression(value: unknown = true): CompressionSettings | undefined {
  if (value === false) return undefined;
  const options: CompressionOptions = value === true ? {} : checkObject(value);
  const { serverNoContextTakeover = false, clientNoContextTakeover = false } = options;
  const { serverMaxWindowBits, clientMaxWindowBits = true, level = -1, memLevel = 8, threshold } = options;
  return {
    serverNoContextTakeover: checkBoolean('compression.serverNoContextTakeover', serverNoContextTakeover),
    clientNoContextTakeover: checkBoolean('compression.clientNoContextTakeover', clientNoContextTakeover),
    serverMaxWindowBits:
      serverMaxWindowBits === undefined
        ? undefined
        : checkInteger('compression.serverMaxWindowBits', serverMaxWindowBits, 8, 15, 'bits'),
    clientMaxWindowBits: checkClientMaxWindowBits(clientMaxWindowBits),
    level: checkInteger('compression.level', level, -1, 9),
    memLevel: checkInteger('compression.memLevel', memLevel, 1, 9),
    threshold:
      threshold === undefined ? undefined : checkInteger('compression.threshold', threshold, 0, mostThreshold, 'bytes'),
  };
}

function checkObject(value: unknown): CompressionOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType('compression', value, 'true, false or an object');
  }
  for (const name of Object.keys(value)) {
    const hint = foreignNames.get(name);
    if (hint !== undefined) throw invalidArgument(`unknown option compression.${name}; ${hint}`);
  }
  checkNames('compression', value, knownNames, 'compression.');
  return value;
}

function checkClientMaxWindowBits(value: unknown): boolean | number {
  if (typeof value === 'boolean') return value;
  const name = 'compression.clientMaxWindowBits';
  if (typeof value !== 'number') throw invalidType(name, value, 'true, false or an integer from 8 to 15');
  return checkInteger(name, value, 8, 15, 'bits');
}
