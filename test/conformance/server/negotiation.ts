/** The server's side of negotiating permessage-deflate (RFC 7692 §7.1): offers in, agreement and header out. No I/O. */

import type { WantedCompression } from '../cases/scenario.js';

/** What was agreed on. */
export interface Agreement {
  /** The value of the response's `Sec-WebSocket-Extensions`. */
  readonly header: string;
  readonly serverNoContextTakeover: boolean;
  readonly serverWindowBits: number;
  readonly clientNoContextTakeover: boolean;
  readonly clientWindowBits: number;
}

type Parameters = ReadonlyMap<string, string | true>;

/** Throws, saying why, where the client's offers allow none of what is wanted. */
export function negotiate(offered: string | undefined, wanted: readonly WantedCompression[]): Agreement {
  const offers = parseOffers(offered ?? '');
  if (offers.length === 0) throw new Error('client offered no permessage-deflate');
  for (const want of wanted) {
    const offer = offers.find((parameters) => allows(parameters, want));
    if (offer) return agree(offer, want);
  }
  throw new Error(`client's offer does not allow client_max_window_bits: ${offered}`);
}

function parseOffers(header: string): Parameters[] {
  return header.split(',').flatMap((offer) => {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim());
    return name === 'permessage-deflate' ? [new Map(parameters.map(parseParameter))] : [];
  });
}

function parseParameter(parameter: string): [string, string | true] {
  const [name = '', value] = parameter.split('=').map((part) => part.trim());
  return [name, value === undefined ? true : value.replaceAll('"', '')];
}

/** Only the client's window has to be offered; all else a server may choose. */
function allows(offer: Parameters, { windowBits }: WantedCompression): boolean {
  return windowBits === 0 || offer.has('client_max_window_bits');
}

function agree(offer: Parameters, want: WantedCompression): Agreement {
  const chosen = want.of === 'both' ? want : { noContextTakeover: false, windowBits: 0 };
  const serverNoContextTakeover = chosen.noContextTakeover || offer.has('server_no_context_takeover');
  const serverWindowBits = smallest(chosen.windowBits, offer.get('server_max_window_bits'));
  const clientWindowBits = want.windowBits === 0 ? 0 : smallest(want.windowBits, offer.get('client_max_window_bits'));
  const header = ['permessage-deflate'];
  if (serverNoContextTakeover) header.push('server_no_context_takeover');
  if (serverWindowBits) header.push(`server_max_window_bits=${serverWindowBits}`);
  if (want.noContextTakeover) header.push('client_no_context_takeover');
  if (clientWindowBits) header.push(`client_max_window_bits=${clientWindowBits}`);
  return {
    header: header.join('; '),
    serverNoContextTakeover,
    serverWindowBits: serverWindowBits || 15,
    clientNoContextTakeover: want.noContextTakeover,
    clientWindowBits: clientWindowBits || 15,
  };
}

/** 0 where neither says a number. */
function smallest(wanted: number, offered: string | true | undefined): number {
  const limits = [wanted, Number(offered === true ? 0 : (offered ?? 0))].filter((bits) => bits > 0);
  return limits.length === 0 ? 0 : Math.min(...limits);
}
