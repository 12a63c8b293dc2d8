/** What a peer sent, as error messages show it: short, on one line, and without passwords. Pure. */

const shownLength = 80;

/** Quoted, and cut where it is long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > shownLength ? `${text.slice(0, shownLength)}…` : text);
}

/** A URL, or what was to be one: what stands before an @ may be a password, and error messages end up in logs. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/.*@/s, '//…@');
}
