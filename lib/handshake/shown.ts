/** What a peer sent, as error messages show it: short, on one line, and without passwords. Pure. */

const shownLength = 80;

/** Quoted, and cut where it is long. Control characters are escaped, those that JSON leaves alone too: a terminal obeys. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.length > shownLength ? `${text.slice(0, shownLength)}…` : text);
  return quoted.replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/**
 * A URL, or what was to be one: what stands before an @ may be a password, and error messages end up in logs. `URL` also
 * takes `ws:user:password@host`, and backslashes; what is only a path stays.
 */
export function withoutCredentials(text: string): string {
  // In one pass each: a server may send a megabyte of slashes.
  const at = text.lastIndexOf('@');
  const start = /^\s*[a-z][a-z0-9+.-]*:[\\/]*|[\\/]{2}/i.exec(text.slice(0, Math.max(0, at)));
  return start === null ? text : `${text.slice(0, start.index + start[0].length)}…${text.slice(at)}`;
}
