/** What this Node was started with: `NODE_OPTIONS` first, then the command line, which wins where it comes later. */

const fromEnvironment = (process.env['NODE_OPTIONS'] ?? '').split(/\s+/);
const flags: readonly string[] = [...fromEnvironment, ...process.execArgv];

/** Which of these flags came last; undefined where none was given. */
export function lastFlag(...names: readonly string[]): string | undefined {
  return flags.findLast((flag) => names.includes(flag));
}

/** The value of a flag that has one, `--name=value` or `--name value`; undefined where it was not given. */
export function flagValue(name: string): string | undefined {
  const at = flags.findLastIndex((flag) => flag === name || flag.startsWith(`${name}=`));
  if (at < 0) return undefined;
  const flag = flags[at] as string;
  return flag === name ? flags[at + 1] : flag.slice(name.length + 1);
}
