/** The text of a body, in the charset that its `Content-Type` names (RFC 9110 §8.3.2), else in UTF-8. Pure. */

import type { HeaderList } from './headers.js';

const charsetPattern = /;[ \t]*charset[ \t]*=[ \t]*(?:"([^"]*)"|([^\s;"]+))/i;

/** Decodes a body. What is malformed shows as U+FFFD; a charset that nobody knows counts as UTF-8. */
export function decodeText(body: Uint8Array, headers: HeaderList): string {
  const [, quoted, token] = charsetPattern.exec(headers.get('Content-Type') ?? '') ?? [];
  try {
    return new TextDecoder(quoted ?? token).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}
