/**
 * Tells by its error why a file could not be loaded as the addon: systems and Nodes have many words for few causes. Knows
 * neither where the file came from nor what helps.
 */

/** The codes of this package's own errors: the file is no file, is called otherwise, another version's, or not the addon. */
export const NO_FILE = 'HAWSER_ADDON_NO_FILE';
export const OTHER_NAME = 'HAWSER_ADDON_NAME';
export const OTHER_VERSION = 'HAWSER_ADDON_VERSION';
export const NOT_BUNDLED = 'HAWSER_ADDON_NOT_BUNDLED';

export type LoadCause =
  | 'addons-disabled'
  | 'access-denied'
  | 'missing'
  | 'unreadable'
  | 'no-file'
  | 'other-name'
  | 'other-version'
  | 'not-bundled'
  | 'old-libraries'
  | 'other-system'
  | 'other-runtime'
  | 'unknown';

/** What to look for in `code message`; the first that is found counts. */
const signs: readonly (readonly [RegExp, LoadCause])[] = [
  [/^ERR_DLOPEN_DISABLED /, 'addons-disabled'],
  [/^ERR_ACCESS_DENIED /, 'access-denied'],
  [/^(MODULE_NOT_FOUND|ENOENT|ENOTDIR) /, 'missing'],
  [/^(EACCES|EPERM) |: Permission denied|failed to map segment|Access is denied/i, 'unreadable'],
  [new RegExp(`^${NO_FILE} `), 'no-file'],
  [new RegExp(`^${OTHER_NAME} `), 'other-name'],
  [new RegExp(`^${OTHER_VERSION} `), 'other-version'],
  [new RegExp(`^${NOT_BUNDLED} `), 'not-bundled'],
  [/version [`'][\w.]+' not found/, 'old-libraries'],
  [/cannot run in this process/, 'other-runtime'],
  // musl names the function alike, whether it is of another C library or of Node's.
  [/Error relocating .*: (uv_|napi_|node_api_|inflate|deflate|crc32)\w*: symbol not found/, 'other-runtime'],
  [/Error relocating|Error loading shared library|cannot open shared object file/, 'other-system'],
  [/undefined symbol|symbol not found/i, 'other-runtime'],
  [/invalid ELF header|wrong ELF class|wrong architecture|incompatible architecture|not a valid Win32/, 'other-system'],
];

export function causeOf(error: unknown): LoadCause {
  const words = `${codeOf(error)} ${messageOf(error)}`;
  return signs.find(([sign]) => sign.test(words))?.[1] ?? 'unknown';
}

/** The version of a library's symbols that the system has not: `GLIBC_2.38`, `GLIBCXX_3.4.30`. */
export function neededVersion(error: unknown): string | undefined {
  return /version [`']([\w.]+)' not found/.exec(messageOf(error))?.[1];
}

/** An error's message; the error may be of another realm, so it is not asked for its class. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(error);
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown } | null | undefined)?.code ?? '');
}
