#!/usr/bin/env node
// Removes from dist/ what no file of lib/ is the source of: the compiler leaves it there, and all of dist/ is packed.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

if (existsSync(path.join(root, 'dist'))) {
  for (const entry of readdirSync(path.join(root, 'dist'), { recursive: true, withFileTypes: true })) {
    const file = path.relative(path.join(root, 'dist'), path.join(entry.parentPath ?? entry.path, entry.name));
    if (!entry.isDirectory() && !existsSync(path.join(root, 'lib', sourceOf(file)))) {
      rmSync(path.join(root, 'dist', file));
    }
  }
}

/** @param {string} file */
function sourceOf(file) {
  return file.replace(/(\.d)?\.(m?)(js\.map|[jt]s)$/, (_all, _declaration, module) => `.${module}ts`);
}
