/** The tools that scripts/package-tests has installed. */

import * as path from 'node:path';
import { root } from '../../support/run-script.js';

/** The path of a file of a tool, or of its folder. */
export function tool(name: string): string {
  return path.join(root, 'build/package-tools/node_modules', name);
}

/** Some package managers need a Node newer than the oldest that hawser supports. */
export const node24 = tool('node-24/bin/node');
