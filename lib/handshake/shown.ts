/** What a peer sent, as error messages show it: short, on one line, and without passwords. Pure. */

const shownLength = 80;

/** Quoted, and cut where it is long. Control characters are escaped, those that JSON leaves alone too: a terminal obeys. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.length > shownLength ? `${text.slice(0, shownLength)}…` : text);
  return quoted.replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** A URL, or what was to be one: what stands before an @ may be a password, and error messages end up in logs. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/.*@/s, '//…@');
}
