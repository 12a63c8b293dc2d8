/** Finds the addon's binary and loads it: the only importer of a `.node` file. Knows nothing of what it offers. */

import { createRequire } from 'node:module';
import * as path from 'node:path';
import { HawserError } from './errors.js';

/** The files that may be the addon, the likeliest first. `HAWSER_ADDON` names one instead of all others. */
function candidates(): readonly string[] {
  const chosen = process.env['HAWSER_ADDON'];
  if (chosen !== undefined && chosen !== '') return [path.resolve(chosen)];
  return [path.join(__dirname, '..', 'build', 'Release', 'hawser.node')];
}

/**
 * Loads the addon.
 *
 * @throws HawserError where none of the files can be loaded: what was tried, where, and what helps.
 */
export function loadAddon(): unknown {
  const load = createRequire(__filename);
  const failures: { readonly file: string; readonly error: unknown }[] = [];
  for (const file of candidates()) {
    try {
      return load(file);
    } catch (error) {
      failures.push({ file, error });
    }
  }
  const cause = failures[0]?.error;
  throw Object.assign(new HawserError(describeFailures(failures), { cause }), { code: 'HAWSER_ADDON_NOT_LOADED' });
}

function describeFailures(failures: readonly { readonly file: string; readonly error: unknown }[]): string {
  const chosen = process.env['HAWSER_ADDON'];
  const tried = failures.map(({ file, error }) => {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `  ${file}: ${reason}`;
  });
  const disabled = failures.some(({ error }) => (error as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED');
  const cure = disabled
    ? 'Node was told to load no addons: with --permission it needs --allow-addons, and --no-addons has to go'
    : chosen === undefined || chosen === ''
      ? `run \`npm run build\` in ${path.join(__dirname, '..')} to build it (needs python3, make and a C++20 compiler)`
      : 'HAWSER_ADDON names the only file to try; correct it, or unset it to use the one built by `npm run build`';
  return [`could not load the native addon of hawser for ${describePlatform()}; tried`, ...tried, cure].join('\n');
}

/** `linux-x64 (glibc 2.36), Node.js v20.19.0, Node-API 9`. */
function describePlatform(): string {
  const runtime = `Node.js ${process.version}, Node-API ${process.versions['napi']}`;
  const platform = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${platform} (${describeLibc()}), ${runtime}` : `${platform}, ${runtime}`;
}

function describeLibc(): string {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'not glibc, musl perhaps' : `glibc ${header.glibcVersionRuntime}`;
}
