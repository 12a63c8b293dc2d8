/**
 * Opens a connection: resolves the name, has a reader dial, asks for the upgrade, judges the answer, and hands the
 * session to a `Connection`. Whatever fails on the way, the reader has ended before the promise rejects. JS thread.
 */

import type { Buffer } from 'node:buffer';
import type { CompressionSettings } from './compression-options.js';
import { Connection } from './connection.js';
import { Deadline } from './deadline.js';
import * as diagnostics from './diagnostics.js';
import { resolveAddresses } from './dial/addresses.js';
import { InvalidStatus, NotSupported, SecurityError, TimeoutError } from './errors.js';
import { BodyDecoder } from './handshake/body.js';
import { buildRequest, encodeRequest, judgeResponse, newKey } from './handshake/handshake.js';
import type { AgreedDeflate } from './handshake/permessage-deflate.js';
import { maxHeadSize, parseResponseHead } from './handshake/response-head.js';
import { parseUrl, type Target } from './handshake/url.js';
import type { DeflateConfig, SessionConfig } from './native.js';
import { Opening } from './opening.js';
import { type ConnectOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { openSession } from './session.js';
import type { ResponseHead } from './types.js';

/** Informational responses to skip before the final one (RFC 9110 §15.2); more are no server's business. */
const maxInformational = 8;
/** Milliseconds for the body of a response that was a refusal; it only serves to explain. */
const bodyPatience = 2_000;
/** Bytes to ask for at a time while reading a body. */
const bodyReadSize = 64 * 1024;
/** Bytes below which compressing rarely pays where every message starts with an empty window. */
const lonelyThreshold = 1024;

/**
 * Opens a WebSocket connection (RFC 6455 §4.1).
 *
 * @param url a `ws:` URL; credentials in it are sent as Basic authentication.
 * @param options what is different from the defaults.
 * @returns the open connection.
 * @throws InvalidURL, TypeError, RangeError or NotSupported where an argument is wrong.
 * @throws TransportError where the name can't be resolved, no address can be connected to, or the network fails.
 * @throws TimeoutError where opening took longer than `openTimeout`; the message names the stage.
 * @throws InvalidStatus where the server answered with another status than 101; it carries head and body.
 * @throws InvalidHandshake where what the server answered opens no WebSocket connection; its subclass says why.
 * @throws the reason of `options.signal` where that aborts first.
 *
 * @example
 * ```ts
 * const connection = await connect('ws://localhost:8080/feed');
 * for await (const message of connection) console.log(message);
 * ```
 */
export async function connect(url: string | URL, options?: ConnectOptions): Promise<Connection> {
  const { target, resolved } = checkConnectArguments(url, options);
  diagnostics.connecting(target.href);
  try {
    return await open(target, resolved);
  } catch (error) {
    diagnostics.failed(target.href, error);
    throw error;
  }
}

async function open(target: Target, resolved: ResolvedOptions): Promise<Connection> {
  if (resolved.signal?.aborted) throw resolved.signal.reason;
  const deadline = new Deadline(resolved.openTimeout);
  const addresses = await resolve(target, resolved, deadline);
  const where = { ...target, addresses, openTimeout: resolved.openTimeout };
  const session = openSession(sessionConfig(addresses, target.port, resolved, deadline));
  const opening = new Opening(session, where);
  try {
    opening.abortOn(resolved.signal);
    return await shakeHands(opening, target, resolved);
  } catch (error) {
    await opening.dismiss();
    throw error;
  }
}

/**
 * Takes the arguments of `connect()` apart and checks them; does nothing else.
 *
 * @param otherNames as for `resolveOptions()`.
 * @throws InvalidURL, TypeError, RangeError or NotSupported where an argument is wrong.
 */
export function checkConnectArguments(
  url: string | URL,
  options?: ConnectOptions,
  otherNames?: ReadonlyMap<string, string>,
): { readonly target: Target; readonly resolved: ResolvedOptions } {
  const target = parseUrl(url);
  const resolved = resolveOptions(options, otherNames);
  if (target.secure) throw new NotSupported("url has scheme 'wss:', which is not supported yet; expected 'ws:'");
  return { target, resolved };
}

async function shakeHands(opening: Opening, target: Target, options: ResolvedOptions): Promise<Connection> {
  const { local, remote } = await opening.dialed();
  const key = newKey();
  const request = buildRequest(target, options, key);
  opening.native.write(encodeRequest(request));
  const response = await finalHead(opening);
  if (response.status !== 101) throw new InvalidStatus(response, await readBody(opening, response));
  const { compression, subprotocols } = options;
  const { subprotocol, deflate } = judgeResponse(response, { key, subprotocols, compression });
  const config = deflateConfig(deflate, compression);
  const session = opening.handOver();
  const connection = new Connection({
    session,
    url: target.href,
    request,
    response,
    subprotocol,
    localAddress: local,
    remoteAddress: remote,
    options,
    compressFrom: config === undefined ? Number.POSITIVE_INFINITY : config.threshold,
  });
  session.native.start(config);
  diagnostics.opened(connection, session.native.id);
  return connection;
}

/** The first head that is final: 101 is, other informational ones are not. */
async function finalHead(opening: Opening): Promise<ResponseHead> {
  for (let informational = 0; informational <= maxInformational; informational++) {
    const head = parseResponseHead(await opening.head(maxHeadSize));
    if (head.status === 101 || head.status >= 200) return head;
  }
  throw new SecurityError(`response has more than ${maxInformational} informational heads before the final one`);
}

/** What comes of the body in reasonable time; being cut short is no error. */
async function readBody(opening: Opening, response: ResponseHead): Promise<Buffer> {
  const decoder = new BodyDecoder(response);
  const patience = new Deadline(bodyPatience);
  while (!decoder.done) {
    const bytes = await opening.some(bodyReadSize, patience.remaining());
    if (bytes.length === 0) break;
    decoder.push(bytes);
  }
  return decoder.body();
}

/** Resolving can't be cancelled, so whoever waits stops waiting. */
async function resolve(target: Target, options: ResolvedOptions, deadline: Deadline): Promise<readonly string[]> {
  const { signal, openTimeout } = options;
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    const message = `timed out while resolving ${target.hostname}; openTimeout is ${openTimeout} ms`;
    if (openTimeout !== 0) timer = setTimeout(() => reject(new TimeoutError(message)), deadline.remaining());
    aborted = () => reject(signal?.reason);
    signal?.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([resolveAddresses(target.hostname, options), interrupted]);
  } finally {
    clearTimeout(timer);
    if (aborted !== undefined) signal?.removeEventListener('abort', aborted);
  }
}

function deflateConfig(
  agreed: AgreedDeflate | undefined,
  settings: CompressionSettings | undefined,
): DeflateConfig | undefined {
  if (agreed === undefined || settings === undefined) return undefined;
  const { level, memLevel, threshold = agreed.clientNoContextTakeover ? lonelyThreshold : 0 } = settings;
  return { ...agreed, level, memLevel, threshold };
}

function sessionConfig(
  addresses: readonly string[],
  port: number,
  options: ResolvedOptions,
  deadline: Deadline,
): SessionConfig {
  const { openTimeout, maxQueue } = options;
  return {
    addresses: addresses.map((address) => ({ address, port })),
    attemptDelay: options.attemptDelay,
    localAddress: options.localAddress,
    noDelay: options.noDelay,
    // 0 would switch the deadline off; one that has just passed still has to ring.
    openTimeout: openTimeout === 0 ? 0 : Math.max(1, deadline.remaining()),
    closeTimeout: options.closeTimeout,
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
    maxMessageSize: options.maxMessageSize.message,
    maxFragmentSize: options.maxMessageSize.fragment,
    maxFragments: options.maxFragments,
    highMessages: maxQueue.messages.high,
    lowMessages: maxQueue.messages.low,
    highBytes: maxQueue.bytes.high,
    lowBytes: maxQueue.bytes.low,
    writeLow: options.writeLimit.low,
    observation: diagnostics.observation(),
  };
}
