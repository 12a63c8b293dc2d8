import { expect, test } from 'vitest';
import { startFlags } from '../../lib/runtime-flags.js';

test.each([
  ['--a --b=c', ['--a', '--b=c']],
  ['  --a   --b ', ['--a', '--b']],
  ['"--a" --b="c d"', ['--a', '--b=c d']],
  ['"--a\\"b\\\\c"', ['--a"b\\c']],
  ['--a=\\b', ['--a=\\b']],
  ['', []],
  [undefined, []],
])('of NODE_OPTIONS %s the flags are read as Node reads them', (options, flags) => {
  expect(startFlags(options, ['--last'])).toEqual([...flags, '--last']);
});
