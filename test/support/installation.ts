/**
 * A folder with the package's files as an installation has them, for tests of how the addon is found. Which binaries lie
 * there is the test's to say.
 */

import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { root } from './run-script.js';

export class Installation {
  /** The application's. */
  readonly folder: string;
  /** The package's. */
  readonly hawser: string;

  constructor() {
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hawser-installation-')));
    this.hawser = path.join(this.folder, 'node_modules/hawser');
    const runs = (file: string) => !/\.(d\.m?ts|map)$/.test(file);
    for (const part of ['dist', 'package.json']) {
      cpSync(path.join(root, part), path.join(this.hawser, part), { recursive: true, filter: runs });
    }
  }

  /** Writes a file of the package: a copy of another, or its content. Returns its path. */
  put(name: string, content: { readonly copyOf: string } | string | Uint8Array): string {
    const file = path.join(this.hawser, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (typeof content === 'object' && 'copyOf' in content) cpSync(content.copyOf, file);
    else writeFileSync(file, content);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
