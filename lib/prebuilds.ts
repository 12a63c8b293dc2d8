/**
 * The binaries that the package carries, one for each target. Each is required by a path that is written out, since that is
 * what bundlers and tracers follow. Knows neither which target is the right one nor what a binary offers.
 */

/** Where the addon is shipped for, in the words of `process.platform` and `process.arch`. */
export const targets = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64',
  'linux-arm64-musl',
  'linux-x64',
  'linux-x64-musl',
  'win32-arm64',
  'win32-x64',
] as const;

export type Target = (typeof targets)[number];

/** What came of trying a file: its exports, or the error that it was. */
export type Attempt = { readonly found: unknown } | { readonly error: unknown };

/** Loads a target's binary. It never throws: to a bundler a file inside `try` may be missing, as where others are pruned. */
export function loadPrebuild(target: Target): Attempt {
  try {
    switch (target) {
      case 'darwin-arm64':
        return { found: require('../prebuilds/darwin-arm64/hawser.node') };
      case 'darwin-x64':
        return { found: require('../prebuilds/darwin-x64/hawser.node') };
      case 'linux-arm64':
        return { found: require('../prebuilds/linux-arm64/hawser.node') };
      case 'linux-arm64-musl':
        return { found: require('../prebuilds/linux-arm64-musl/hawser.node') };
      case 'linux-x64':
        return { found: require('../prebuilds/linux-x64/hawser.node') };
      case 'linux-x64-musl':
        return { found: require('../prebuilds/linux-x64-musl/hawser.node') };
      case 'win32-arm64':
        return { found: require('../prebuilds/win32-arm64/hawser.node') };
      case 'win32-x64':
        return { found: require('../prebuilds/win32-x64/hawser.node') };
    }
  } catch (error) {
    return { error };
  }
}
