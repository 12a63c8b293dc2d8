/**
 * The grammar of `Sec-WebSocket-Extensions` (RFC 6455 §9.1): a list of extensions with parameters, read strictly. Pure.
 * Knows no extension by name.
 */

import { isToken, trimWhitespace } from './headers.js';

/** One extension of the list. */
export interface Extension {
  readonly name: string;
  readonly parameters: readonly ExtensionParameter[];
  /** As it was written. */
  readonly text: string;
}

/** A parameter, with its value unquoted; undefined where it has none. */
export type ExtensionParameter = readonly [name: string, value: string | undefined];

// White space may follow every part: RFC 6455 has the implied rule of RFC 2616 §2.1.
const comma = /(,)[\t ]*/y;
const semicolon = /(;)[\t ]*/y;
const equals = /(=)[\t ]*/y;
const whitespace = /([\t ]*)/y;
const token = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]*/y;
const quotedString = /"((?:[^"\\]|\\.)*)"[\t ]*/y;

/**
 * Reads the header's value. Empty members of the list are ignored.
 *
 * @param malformed makes the error to throw, from what was expected at which character, counted from 0.
 */
export function parseExtensions(list: string, malformed: (expected: string, at: number) => Error): Extension[] {
  let at = 0;
  const next = (part: RegExp): string | undefined => {
    part.lastIndex = at;
    const match = part.exec(list);
    if (match !== null) at = part.lastIndex;
    return match?.[1];
  };
  const nextName = (what: string): string => {
    const name = next(token);
    if (name === undefined) throw malformed(what, at);
    return name;
  };
  const nextValue = (): string => {
    const start = at;
    const value = next(token) ?? next(quotedString)?.replace(/\\(.)/g, '$1');
    // What is quoted has to be a token as well.
    if (value === undefined || !isToken(value)) throw malformed('a token, quoted or not,', start);
    return value;
  };
  const nextParameter = (): ExtensionParameter => {
    const name = nextName('a parameter');
    return [name, next(equals) === undefined ? undefined : nextValue()];
  };

  const extensions: Extension[] = [];
  next(whitespace);
  while (at < list.length) {
    if (next(comma) !== undefined) continue;
    const start = at;
    const name = nextName('an extension');
    const parameters: ExtensionParameter[] = [];
    while (next(semicolon) !== undefined) parameters.push(nextParameter());
    extensions.push({ name, parameters, text: trimWhitespace(list.slice(start, at)) });
    if (at < list.length && next(comma) === undefined) throw malformed('a comma or a semicolon', at);
  }
  return extensions;
}
