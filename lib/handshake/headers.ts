/**
 * Header fields (RFC 9110 §5): an immutable list that keeps order and duplicates, and the grammar of names, values and
 * comma-separated lists. Pure. Knows no header by name.
 */

import { inspect } from 'node:util';

/** A header: its name as it was written, and its value without the white space around it. */
export type HeaderEntry = readonly [name: string, value: string];

/** The headers of a request or response, in order, duplicates kept. Names are compared without regard to case. */
export class HeaderList implements Iterable<HeaderEntry> {
  readonly #entries: readonly HeaderEntry[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(entries: Iterable<HeaderEntry> = []) {
    const list: HeaderEntry[] = [];
    const values = new Map<string, string[]>();
    for (const [name, value] of entries) {
      list.push(Object.freeze([name, value] as const));
      const key = name.toLowerCase();
      const known = values.get(key);
      if (known === undefined) values.set(key, [value]);
      else known.push(value);
    }
    this.#entries = list;
    this.#values = values;
  }

  /** How many headers there are, duplicates counted. */
  get size(): number {
    return this.#entries.length;
  }

  /** Whether a header of this name is here. */
  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  /** The values of a name, joined by a comma and a space as RFC 9110 §5.3 allows; undefined where there is none. */
  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase())?.join(', ');
  }

  /** Every value of a name, in order. */
  getAll(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** The headers in order, names as they were written. */
  [Symbol.iterator](): IterableIterator<HeaderEntry> {
    return this.#entries[Symbol.iterator]();
  }

  /**
   * One property per name, in lower case; duplicates joined as `get` does. For logs, so credentials are left out:
   * `get` has them.
   */
  toJSON(): Record<string, string> {
    const shown = (name: string, values: readonly string[]) => (credentialHeaders.has(name) ? '…' : values.join(', '));
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, shown(name, values)]));
  }

  [inspect.custom](): Record<string, string> {
    return this.toJSON();
  }
}

const credentialHeaders: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie']);

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// A byte is a character here: latin1, so that obs-text (RFC 9110 §5.5) survives.
const fieldValuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether this is a token (RFC 9110 §5.6.2): what header names and subprotocols are made of. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

/** Whether this can be a header's value (RFC 9110 §5.5): no control characters but the tab, nothing beyond latin1. */
export function isFieldValue(text: string): boolean {
  return fieldValuePattern.test(text);
}

/** The text without the spaces and tabs around it (OWS, RFC 9110 §5.6.3); other white space stays and is judged. */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isWhitespace(character: number): boolean {
  return character === 0x20 || character === 0x09;
}

/**
 * The members of a comma-separated list spread over any number of headers, empty members dropped
 * (RFC 9110 §5.6.1.2). Quoted strings are not expected.
 */
export function listMembers(values: Iterable<string>): string[] {
  return [...values].flatMap((value) => value.split(',').map(trimWhitespace)).filter((member) => member !== '');
}
