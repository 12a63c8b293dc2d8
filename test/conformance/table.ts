/** The committed table of results: a line for each case, its id and the verdict. Reads, compares and rewrites it. */

import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

const file = path.join(__dirname, 'results.txt');
const comment = '# Verdicts on hawser, case by case. Rewritten by HAWSER_CONFORMANCE_UPDATE=1, never by hand.';

export type Results = ReadonlyMap<string, string>;

export function readTable(): Results {
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(
    lines.filter((line) => /^\d/.test(line)).map((line) => [line.split(' ')[0]!, line.slice(line.indexOf(' ') + 1)]),
  );
}

/** Puts these results in the place of earlier ones; cases stand in the order of `ids`, and no others stay. */
export function rewriteTable(results: Results, ids: readonly string[]): void {
  const all = new Map([...readTable(), ...results]);
  const lines = ids.filter((id) => all.has(id)).map((id) => `${id} ${all.get(id)}`);
  writeFileSync(file, `${[comment, ...lines].join('\n')}\n`);
}

/** Where they differ, as a diff: `-` what the table says, `+` what was seen. Empty where they are the same. */
export function difference(expected: Results, actual: Results): string[] {
  const ids = [...new Set([...expected.keys(), ...actual.keys()])];
  return ids.flatMap((id) => {
    const [before, after] = [expected.get(id), actual.get(id)];
    if (before === after) return [];
    return [
      ...(before === undefined ? [] : [`- ${id} ${before}`]),
      ...(after === undefined ? [] : [`+ ${id} ${after}`]),
    ];
  });
}
