/**
 * The negotiation of permessage-deflate (RFC 7692 §7.1): what to offer, and whether what the server made of it may be.
 * The one extension that is offered, so any other is refused here too (RFC 6455 §9.1). Pure; compresses nothing.
 */

import type { CompressionSettings } from '../compression-options.js';
import { NegotiationError } from '../errors.js';
import { type ExtensionParameter, parseExtensions } from './extensions.js';
import type { HeaderList } from './headers.js';

/** How both sides compress, as agreed upon. */
export interface AgreedDeflate {
  /** Whether the server forgets its window after each message. */
  readonly serverNoContextTakeover: boolean;
  /** Whether we have to forget our window after each message. */
  readonly clientNoContextTakeover: boolean;
  /** The most that the server's window has, as a power of two: 8 to 15. */
  readonly serverMaxWindowBits: number;
  /** The most that our window may have, as a power of two: 8 to 15. */
  readonly clientMaxWindowBits: number;
}

/** The header that extensions are offered and accepted in. */
export const extensionsHeader = 'Sec-WebSocket-Extensions';

/** The most that a deflate window can have, which is what it has unless agreed otherwise. */
const maxWindowBits = 15;
/** A window's bits as they have to be written: no sign, no leading zero (§7.1.2.1, §7.1.2.2). */
const windowBitsPattern = /^(?:[89]|1[0-5])$/;

/** What a response may say of permessage-deflate. */
interface Answer {
  server_no_context_takeover?: true;
  client_no_context_takeover?: true;
  server_max_window_bits?: number;
  client_max_window_bits?: number;
}

/** The value of `Sec-WebSocket-Extensions` that offers permessage-deflate. */
export function offerDeflate(settings: CompressionSettings): string {
  const { serverMaxWindowBits, clientMaxWindowBits } = settings;
  const parts = ['permessage-deflate'];
  if (settings.serverNoContextTakeover) parts.push('server_no_context_takeover');
  if (settings.clientNoContextTakeover) parts.push('client_no_context_takeover');
  if (serverMaxWindowBits !== undefined) parts.push(`server_max_window_bits=${serverMaxWindowBits}`);
  if (clientMaxWindowBits === true) parts.push('client_max_window_bits');
  else if (clientMaxWindowBits !== false) parts.push(`client_max_window_bits=${clientMaxWindowBits}`);
  return parts.join('; ');
}

/**
 * Judges the extensions of a response.
 *
 * @param offered what was offered; undefined where nothing was.
 * @returns what both sides do; undefined where the server does not compress.
 * @throws NegotiationError where the server accepted anything else than what was offered.
 */
export function judgeExtensions(
  headers: HeaderList,
  offered: CompressionSettings | undefined,
): AgreedDeflate | undefined {
  const offer = offered === undefined ? 'none was offered' : `offered was "${offerDeflate(offered)}"`;
  const list = headers.getAll(extensionsHeader).join(', ');
  const extensions = parseExtensions(
    list,
    (expected, at) =>
      new NegotiationError(`server chose extensions ${quote(list)}; expected ${expected} at character ${at}; ${offer}`),
  );
  for (const { name, text } of extensions) {
    if (offered === undefined || name !== 'permessage-deflate') {
      throw new NegotiationError(`server chose extension ${quote(text)}; ${offer}`);
    }
  }
  const [accepted, ...more] = extensions;
  if (offered === undefined || accepted === undefined) return undefined;
  const refuse = (why: string): NegotiationError =>
    new NegotiationError(`server accepted ${quote(more.length > 0 ? list : accepted.text)}; ${why}; ${offer}`);
  if (more.length > 0) throw refuse(`permessage-deflate came ${extensions.length} times, expected once`);
  return agree(readAnswer(accepted.parameters, refuse), offered, refuse);
}

/** The parameters, each of which may come once and has a value or none (§7.1). */
function readAnswer(parameters: readonly ExtensionParameter[], refuse: (why: string) => Error): Answer {
  const answer: Answer = {};
  for (const [name, value] of parameters) {
    switch (name) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (answer[name] !== undefined) throw refuse(`${name} came twice`);
        if (value !== undefined) throw refuse(`${name} has value ${quote(value)}, expected none`);
        answer[name] = true;
        break;
      case 'server_max_window_bits':
      case 'client_max_window_bits':
        if (answer[name] !== undefined) throw refuse(`${name} came twice`);
        if (value === undefined) throw refuse(`${name} has no value, expected 8 to 15`);
        if (!windowBitsPattern.test(value)) throw refuse(`${name} is ${quote(value)}, expected 8 to 15`);
        answer[name] = Number(value);
        break;
      default:
        throw refuse(`parameter ${quote(name)} is unknown`);
    }
  }
  return answer;
}

/** The offer and the answer together. Only `client_max_window_bits` may not come unasked (§7.1.2.2). */
function agree(answer: Answer, offered: CompressionSettings, refuse: (why: string) => Error): AgreedDeflate {
  const { server_max_window_bits: serverBits, client_max_window_bits: clientBits } = answer;
  if (offered.serverNoContextTakeover && answer.server_no_context_takeover === undefined) {
    throw refuse('server_no_context_takeover is missing');
  }
  if (offered.serverMaxWindowBits !== undefined) {
    const most = offered.serverMaxWindowBits;
    if (serverBits === undefined) throw refuse(`server_max_window_bits is missing, expected at most ${most}`);
    if (serverBits > most) throw refuse(`server_max_window_bits is ${serverBits}, expected at most ${most}`);
  }
  if (clientBits !== undefined && offered.clientMaxWindowBits === false) {
    throw refuse('client_max_window_bits was not offered');
  }
  const ownBits = typeof offered.clientMaxWindowBits === 'number' ? offered.clientMaxWindowBits : maxWindowBits;
  if (clientBits !== undefined && clientBits > ownBits) {
    throw refuse(`client_max_window_bits is ${clientBits}, expected at most ${ownBits}`);
  }
  return {
    serverNoContextTakeover: answer.server_no_context_takeover ?? false,
    clientNoContextTakeover: offered.clientNoContextTakeover || (answer.client_no_context_takeover ?? false),
    serverMaxWindowBits: serverBits ?? maxWindowBits,
    clientMaxWindowBits: clientBits ?? ownBits,
  };
}

/** What the server wrote, short enough for a message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
