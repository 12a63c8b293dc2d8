/**
 * The door to the addon. It says what the native side offers and accepts, and shares one desk of memory per environment
 * through which batches come in and sends go out. JS thread only.
 */

import { Buffer } from 'node:buffer';
import type { AgreedDeflate } from './handshake/permessage-deflate.js';
import { loadAddon } from './load-addon.js';
import type { TrafficStats } from './stats.js';

/** Where a session dials, in the order of the attempts, and every deadline and limit its reader keeps. */
export interface SessionConfig {
  /** Numeric addresses with a port, or paths of sockets; the reader races them (RFC 8305). */
  readonly targets: readonly DialTarget[];
  /** Milliseconds between two attempts. */
  readonly attemptDelay: number;
  /** Numeric local address to bind to. */
  readonly localAddress?: string | undefined;
  /** The local port to bind to; 0 is any. */
  readonly localPort: number;
  readonly noDelay: boolean;
  /** Whether TCP probes an idle connection. */
  readonly keepAlive: boolean;
  /** Milliseconds before TCP's first probe, in effect whole seconds; 0 leaves it to the system. */
  readonly keepAliveInitialDelay: number;
  /** Milliseconds; 0 switches the deadline off. Counts from the construction to `start()`. */
  readonly openTimeout: number;
  readonly closeTimeout: number;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  /** Bytes; `Infinity` switches the limit of fragments off. */
  readonly maxMessageSize: number;
  readonly maxFragmentSize: number;
  readonly maxFragments: number;
  /** Marks of the delivery queue; `Infinity` switches one off. */
  readonly highMessages: number;
  readonly lowMessages: number;
  readonly highBytes: number;
  readonly lowBytes: number;
  /** Bytes waiting to be written; at or below it a `drained` notice follows a `notifyDrained()`. */
  readonly writeLow: number;
  /** One of `constants.observe*`: of which frames there are notices. */
  readonly observation: number;
}

/** Settings, trust and keys of TLS, already checked. Empty strings and zeros leave what OpenSSL has. */
export interface SecureContextConfig {
  /** PEM, each of them one certificate or more. */
  readonly ca: readonly Uint8Array[];
  readonly crl: readonly Uint8Array[];
  /** PEM: the own certificate, then its chain. */
  readonly cert: readonly Uint8Array[];
  readonly key: readonly { readonly pem: Uint8Array; readonly passphrase: string | undefined }[];
  readonly pfx: readonly { readonly der: Uint8Array; readonly passphrase: string | undefined }[];
  /** Of TLS 1.2 and below, and of TLS 1.3. */
  readonly ciphers: string;
  readonly cipherSuites: string;
  readonly ecdhCurve: string;
  readonly sigalgs: string;
  /** On the wire: 0x0303 is TLS 1.2. */
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly secureOptions: number;
  /** Whether OpenSSL's own files and directories are trusted, too. */
  readonly defaultPaths: boolean;
  readonly partialChains: boolean;
  /** A context whose trust is shared, all of it; nothing above adds to it then. */
  readonly trustOf: NativeSecureContext | undefined;
}

/** What many connections are secured with, and the sessions that later ones resume. */
export interface NativeSecureContext {
  /** Tells the type from others; there is nothing to see. */
  readonly nativeSecureContext: never;
}

/** How one connection is secured. */
export interface SecureConfig {
  /** The name to ask for (SNI); empty asks for none. */
  readonly servername: string;
  /** The DNS name or IP address that the certificate is to be for. */
  readonly identity: string;
  /** Names, each behind its length; empty offers none. */
  readonly alpn: Uint8Array;
  /** Which of the context's sessions to resume, and under which key to keep new ones; empty does neither. */
  readonly sessionKey: string;
  /** DER of a session to resume instead. */
  readonly session: Uint8Array | undefined;
  /** Whether there are `keylog` notices. */
  readonly keylog: boolean;
}

/** Where one attempt goes: a numeric address, or the path of a Unix domain socket or a named pipe of Windows. */
export type DialTarget = { readonly address: string; readonly port: number } | { readonly path: string };

/** How a session compresses and inflates: what was agreed upon, and how our deflater works. */
export interface DeflateConfig extends AgreedDeflate {
  /** zlib's: -1 to 9. */
  readonly level: number;
  /** zlib's: 1 to 9. */
  readonly memLevel: number;
  /** Bytes that a message has at least for being compressed, unless told otherwise. */
  readonly threshold: number;
}

/** What a reader tells besides messages. */
export type Notice =
  /** A connection is established. `index` is the address that won. */
  | { readonly kind: 'dialed'; readonly index: number; readonly local: SocketAddress; readonly remote: SocketAddress }
  /** The answer to `readHead`: all up to and including the empty line, or the first line where that is not HTTP. */
  | { readonly kind: 'head'; readonly bytes: Buffer }
  /** The answer to `readHead` where the limit or the stream's end came before the empty line: what had come. */
  | { readonly kind: 'head-unfinished'; readonly bytes: Buffer }
  /** The answer to `readSome`: empty at the end of the stream. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | SecuredNotice
  /** A line for a file of TLS keys. */
  | { readonly kind: 'keylog'; readonly line: Buffer }
  /**
   * A ping of ours was answered (by its own pong or a later one). `latency` in milliseconds. Id 0 is a keepalive ping,
   * of which there are notices where frames are observed.
   */
  | { readonly kind: 'pong'; readonly id: number; readonly latency: number }
  /** The peer's Close has arrived, or the connection has failed: nothing can be sent any more. */
  | { readonly kind: 'closing' }
  | { readonly kind: 'drained' }
  | FrameNotice
  /** So many frames went by for which there was no room, behind those that there are notices of. */
  | { readonly kind: 'frames-left-out'; readonly count: number };

/** The answer to `secure`: TLS is established. The verdict about the certificate was not acted upon. */
export interface SecuredNotice {
  readonly kind: 'secured';
  readonly protocol: string;
  readonly cipher: { readonly name: string; readonly standardName: string; readonly version: string };
  /** Empty where none was agreed upon. */
  readonly alpn: string;
  readonly reused: boolean;
  /** Node's code, such as `DEPTH_ZERO_SELF_SIGNED_CERT`; empty where the chain was verified. */
  readonly verifyCode: string;
  readonly verifyMessage: string;
  /** Whether the certificate is for the identity, by rules stricter than Node's. */
  readonly identityMatches: boolean;
  /** DER, the peer's own first: as verified, else as the peer sent it. */
  readonly chain: readonly Buffer[];
}

/** A frame went by; only where frames are observed. */
export interface FrameNotice {
  readonly kind: 'frame';
  readonly sent: boolean;
  readonly opcode: number;
  readonly fin: boolean;
  /** Whether its message is compressed. */
  readonly compressed: boolean;
  /** Bytes of the payload on the wire. */
  readonly length: number;
  /** As much of the payload as is shown: of a received one as it came, compressed where it is; of a sent one as it was. */
  readonly payload: Buffer;
  /** Whether there is more of it. */
  readonly cut: boolean;
  /** Whether this is a keepalive ping. */
  readonly keepalive: boolean;
}

/** What a connection has counted. Sizes in bytes, times in milliseconds. */
export interface NativeStats {
  readonly received: TrafficStats;
  readonly sent: TrafficStats;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly mostQueuedBytes: number;
  readonly pauses: number;
  readonly pausedTime: number;
  readonly batches: number;
  readonly batchedMessages: number;
  readonly largestBatch: number;
  readonly wakes: number;
  readonly readerCpuTime: number;
  readonly latency: number;
}

/** One end of a connection. */
export interface SocketAddress {
  /**
   * The IP address, a link-local one with its zone; or the path of a Unix domain socket, which is empty where it has
   * none, as a client's usually has.
   */
  readonly address: string;
  /** The TCP port; 0 for a Unix domain socket. */
  readonly port: number;
  /** `Unix` is also what named pipes of Windows are. */
  readonly family: 'IPv4' | 'IPv6' | 'Unix';
}

/** How a connection ended, as the addon hands it over; `errors.ts` and `outcome.ts` make it readable. */
export interface NativeOutcome {
  readonly received: { readonly code: number; readonly reason: string } | undefined;
  readonly sent: { readonly code: number; readonly reason: string } | undefined;
  readonly receivedFirst: boolean;
  /** One of `constants.causes`. */
  readonly cause: NativeCause;
  /** libuv's negative error number, or 0. */
  readonly transportError: number;
  /** Words for a TLS, protocol or internal error, 'read' or 'write' for a transport error, else empty. */
  readonly detail: string;
  /** The limit that was broken and what came, in bytes or fragments; both 0 where there was none. */
  readonly limit: number;
  readonly actual: number;
}

export type NativeCause =
  | 'none'
  | 'end-of-stream'
  | 'truncated'
  | 'tls'
  | 'transport'
  | 'protocol'
  | 'message-too-big'
  | 'fragment-too-big'
  | 'too-many-fragments'
  | 'keepalive-timeout'
  | 'close-timeout'
  | 'open-timeout'
  | 'dial'
  | 'terminated'
  | 'backlog'
  | 'internal';

/** One connection and its reader. The reader thread runs from construction to its end; `join()` waits for that. */
export interface NativeSession {
  /** Unique in this environment; what the dispatcher is called with. */
  readonly id: number;

  // The opening handshake: bytes out, one bounded answer in.
  write(bytes: Uint8Array): void;
  readHead(limit: number): void;
  readSome(limit: number): void;
  /** Makes TLS of the stream, whatever it is by now; `secured` follows, or the end. */
  secure(context: NativeSecureContext, config: SecureConfig): void;
  /** DER of the newest session that was kept under this connection's key. */
  resumable(): Buffer | undefined;
  /**
   * The handshake is over: what was read beyond the head and all that follows are frames. Messages may be compressed
   * where `deflate` says how.
   */
  start(deflate?: DeflateConfig): void;

  /** Sends the records staged in `desk.stage[0, size)`; see `outbox.ts`. */
  post(size: number): void;
  /** Sends one record too big for the stage, copying its payload. A string is sent as its UTF-8. */
  sendLarge(type: number, payload: string | Uint8Array): void;
  /** As `sendLarge`, without the copy: `payload` spans an ArrayBuffer that nobody else can reach or touch. */
  sendOwned(type: number, payload: Uint8Array): void;
  /** Starts the closing handshake; code 1005 sends an empty Close. */
  close(code: number, reason: string): void;
  /** Fails the connection (RFC 6455 §7.1.7): a message was sent in part and can't be completed. */
  fail(code: number, reason: string): void;
  /** Ends at once, without a handshake. */
  terminate(): void;

  /**
   * Takes the next batch: fills `desk.index` and `desk.bytes` and returns how many messages it holds, and thereby
   * says that the batch before it was consumed. 0: nothing is here; the next message rings. -1: nothing is here and
   * nothing will come: call `join()`.
   */
  take(): number;
  /** The payload of the batch's entry `i` when that is marked large: a string for text, else its bytes. */
  takeLarge(i: number): string | ArrayBuffer;
  /** Says that the last batch taken was consumed, without taking another. */
  release(): void;
  /** What happened besides messages, in order, since the last call. */
  notices(): Notice[];
  /** Asks for a `drained` notice once no more than `writeLow` bytes wait to be written. */
  notifyDrained(): void;
  /** Payload bytes accepted by `post` and `send*` and not yet written to the socket. */
  bufferedAmount(): number;
  /** Milliseconds the last answered ping took; 0 before the first. */
  latency(): number;
  stats(): NativeStats;
  /** When the batch's entries were read: pairs of the first entry of a read and milliseconds since 1970. */
  reads(): Float64Array;

  /** Waits for the reader's last instruction and returns how the connection ended. Once only. */
  join(): NativeOutcome;
  /** Whether the connection keeps the environment's event loop alive. */
  ref(): void;
  unref(): void;
}

export interface NativeAddon {
  /** That of the package which it was built for; `loadAddon` has compared it. */
  readonly version: string;
  readonly Session: new (config: SessionConfig) => NativeSession;
  /** Throws an Error with OpenSSL's words: `error:0480006C:PEM routines::no start line`. */
  readonly SecureContext: new (
    config: SecureContextConfig,
  ) => NativeSecureContext;
  /** Why the runtime's OpenSSL can't be used; empty where it can. */
  openSslProblem(): string;
  readonly constants: NativeConstants;
  /**
   * Once per environment: the memory that batches and sends go through, and the one function a wake calls.
   * `dispatch(count)` finds pairs in `desk.ready`: a session's id, and `constants.ready*` flags.
   */
  attach(desk: ArrayBuffer, dispatch: (count: number) => void): void;
  /** Test build only: how many reader threads are alive in this process. */
  liveReaders?(): number;
  /** Test build only: from here on this environment finds no OpenSSL. */
  hideOpenSsl?(): void;
  /** Test build only: milliseconds that readers created from now on wait at named points. */
  setDelays?(delays: Readonly<Record<string, number>>): void;
}

export interface NativeConstants {
  /** Byte offsets and lengths of the desk's parts, and its whole size. */
  readonly deskSize: number;
  readonly readyOffset: number;
  readonly readyPairs: number;
  readonly indexOffset: number;
  readonly indexEntries: number;
  readonly bytesOffset: number;
  readonly bytesSize: number;
  readonly stageOffset: number;
  readonly stageSize: number;

  /** Flags of a ready pair. */
  readonly readyMessages: number;
  readonly readyNotices: number;
  readonly readyFinished: number;

  /** An index entry is two words: offset | (kind | flags) << kindShift, and the length in bytes. */
  readonly kindShift: number;
  readonly offsetMask: number;
  readonly kindBinary: number;
  readonly kindAscii: number;
  readonly kindUtf16: number;
  /** Flags: the payload is to be asked for; the entry is a fragment that others follow. */
  readonly kindLarge: number;
  readonly kindMore: number;

  /** A staged record is two words, type | flags and length in bytes, then the payload, padded to 4 bytes. */
  readonly recordText: number;
  readonly recordBinary: number;
  /** Flags of these two: a fragment that others follow; the message is to be compressed. */
  readonly recordMore: number;
  readonly recordCompress: number;
  /** Its payload starts with a word: the ping's id. */
  readonly recordPing: number;
  readonly recordPong: number;

  /** No frame, pings and pongs, or all frames. */
  readonly observeNothing: number;
  readonly observePings: number;
  readonly observeFrames: number;

  readonly maxControlPayload: number;
}

/** A Buffer with the methods behind `toString` and `write`, which Node has and does not document. */
export interface FastBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
}

/** Makes a Buffer over memory that exists: the class behind `Buffer.from(arrayBuffer, …)`, without its checks. */
export const BufferView = (Buffer as unknown as { readonly [Symbol.species]: unknown })[Symbol.species] as new (
  memory: ArrayBuffer,
  offset: number,
  length: number,
) => FastBuffer;

/** The memory that an environment shares with its readers' batches and commands, seen as its parts. */
export interface Desk {
  readonly memory: ArrayBuffer;
  /** Pairs of a session's id and its flags. */
  readonly ready: Uint32Array;
  /** Pairs of words, one for each message of a batch. */
  readonly index: Uint32Array;
  /** The payloads of a batch. */
  readonly bytes: FastBuffer;
  /** Records on their way out, as bytes and as words. */
  readonly stage: FastBuffer;
  readonly stageWords: Uint32Array;
}

/** Who fills the stage, and how far. One session at a time: what it staged is posted before another's turn. */
export interface Staging {
  owner: NativeSession | undefined;
  /** Bytes of `desk.stage` that hold records. */
  size: number;
  /** How many of them are payload of messages. */
  payload: number;
  /** Whether posting is due at the end of this turn. */
  scheduled: boolean;
}

/** What an environment has once, however often this file is evaluated in it (as test runners do). */
interface Environment {
  readonly desk: Desk;
  readonly staging: Staging;
  readonly sessions: Map<number, WeakRef<{ wake(flags: number): void }>>;
}

/** Replaces the undocumented methods where a runtime lacks them. */
function fastBuffer(memory: ArrayBuffer, offset: number, length: number): FastBuffer {
  const buffer = Buffer.from(memory, offset, length) as FastBuffer;
  if (typeof buffer.latin1Slice !== 'function') {
    buffer.latin1Slice = (start, end) => buffer.toString('latin1', start, end);
  }
  if (typeof buffer.ucs2Slice !== 'function') {
    buffer.ucs2Slice = (start, end) => buffer.toString('utf16le', start, end);
  }
  if (typeof buffer.utf8Write !== 'function') {
    buffer.utf8Write = (text, at, room) => buffer.write(text, at, room, 'utf8');
  }
  return buffer;
}

function createDesk(sizes: NativeConstants): Desk {
  const memory = new ArrayBuffer(sizes.deskSize);
  return {
    memory,
    ready: new Uint32Array(memory, sizes.readyOffset, sizes.readyPairs * 2),
    index: new Uint32Array(memory, sizes.indexOffset, sizes.indexEntries * 2),
    bytes: fastBuffer(memory, sizes.bytesOffset, sizes.bytesSize),
    stage: fastBuffer(memory, sizes.stageOffset, sizes.stageSize),
    stageWords: new Uint32Array(memory, sizes.stageOffset, sizes.stageSize / 4),
  };
}

/** Attaches the addon to this environment. The sessions are held weakly: one that nobody needs may be collected. */
function createEnvironment({ attach, constants }: NativeAddon): Environment {
  const desk = createDesk(constants);
  const sessions: Environment['sessions'] = new Map();
  attach(desk.memory, (count) => {
    for (let pair = 0; pair < count; pair++) {
      const flags = desk.ready[pair * 2 + 1] as number;
      sessions
        .get(desk.ready[pair * 2] as number)
        ?.deref()
        ?.wake(flags);
    }
  });
  return { desk, staging: { owner: undefined, size: 0, payload: 0, scheduled: false }, sessions };
}

/** The environment is kept with the addon, which is loaded once where this file may be evaluated again. */
function environmentOf(addon: NativeAddon): Environment {
  const key = Symbol.for('hawser.environment');
  const holder = addon as { [key]?: Environment };
  if (holder[key] === undefined) Object.defineProperty(holder, key, { value: createEnvironment(addon) });
  return holder[key] as Environment;
}

const addon = loadAddon() as NativeAddon;

/** Opens sessions. */
export const { Session: NativeSessionClass, SecureContext: SecureContextClass, openSslProblem, constants } = addon;

/** Of the test build: see `NativeAddon`. */
export const { liveReaders, setDelays, hideOpenSsl } = addon;

/** This environment's share. */
export const { desk, staging, sessions } = environmentOf(addon);
