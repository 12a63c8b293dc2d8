import { expect, test } from 'vitest';
import { checkSendOptions } from '../../lib/call-options.js';
import { invalidArgument } from '../../lib/errors.js';

test.each([true, false, undefined])('send may be told whether to compress: %j', (compress) => {
  expect(checkSendOptions({ compress })).toEqual({ text: undefined, transfer: undefined, compress });
});

test.each([1, 'yes', null])('compress of %j is refused', (compress) => {
  const options = { compress } as unknown as { compress: boolean };
  const shown = typeof compress === 'string' ? `'${compress}'` : compress;
  expect(() => checkSendOptions(options)).toThrow(invalidArgument(`compress is ${shown}; expected true or false`));
});
