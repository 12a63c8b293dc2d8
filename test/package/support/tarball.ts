/** What scripts/package-tests has packed. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { root } from '../../support/run-script.js';

interface Packed {
  readonly filename: string;
  /** Bytes, packed and unpacked. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}

const folder = path.join(root, 'build/package');

export const packed: Packed = JSON.parse(readFileSync(path.join(folder, 'contents.json'), 'utf8'))[0];

/** Its path. */
export const tarball = path.join(folder, packed.filename);
