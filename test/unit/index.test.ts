import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import * as forRequire from '../../lib/index.js';
import * as forImport from '../../lib/index.mjs';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

it('has the same API for import as for require, of one implementation', () => {
  expect({ ...forImport }).toEqual({ ...forRequire });
  expect(forImport.Connection).toBe(forRequire.Connection);
});

it('exports the same types for import as for require', async () => {
  expect(await exportedTypes('index.mts')).toEqual(await exportedTypes('index.ts'));
});

async function exportedTypes(file: string): Promise<string[]> {
  const source = await readFile(join(__dirname, '../../lib', file), 'utf8');
  const types: string[] = [];
  for (const [, keyword, names] of source.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const name of (names as string).split(',').map((text) => text.trim())) {
      if (keyword !== undefined && name !== '') types.push(name);
      else if (name.startsWith('type ')) types.push(name.slice('type '.length));
    }
  }
  return types.sort();
}
