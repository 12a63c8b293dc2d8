/** What this Node was started with: `NODE_OPTIONS` first, then the command line, which wins where it comes later. */

const flags = startFlags(process.env['NODE_OPTIONS'], process.execArgv);

/** All flags in the order in which they count. */
export function startFlags(nodeOptions: string | undefined, execArgv: readonly string[]): readonly string[] {
  return [...words(nodeOptions ?? ''), ...execArgv];
}

/** As Node itself splits them: at spaces, but for those in double quotes, where a backslash takes what follows as it is. */
function words(text: string): string[] {
  const quoted = text.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
  return quoted.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_, inner: string) => inner.replace(/\\(.)/g, '$1')),
  );
}

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
