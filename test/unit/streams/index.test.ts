import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import * as forRequire from '../../../lib/streams/index.js';
import * as forImport from '../../../lib/streams/index.mjs';

vi.mock('../../../lib/native.js', () => import('../fakes/native.js'));

it('has the same API for import as for require, of one implementation', () => {
  expect(Object.keys(forRequire)).toEqual(['createDuplex', 'createWebStreams']);
  expect({ ...forImport }).toEqual({ ...forRequire });
  expect(forImport.createDuplex).toBe(forRequire.createDuplex);
});

it('exports the same types for import as for require', async () => {
  const types = await exportedTypes('index.ts');
  expect(types).toContain('WebStreams');
  expect(await exportedTypes('index.mts')).toEqual(types);
});

async function exportedTypes(file: string): Promise<string[]> {
  const source = await readFile(join(__dirname, '../../../lib/streams', file), 'utf8');
  const types: string[] = [];
  for (const [, keyword, names] of source.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const name of (names as string).split(',').map((text) => text.trim())) {
      if (keyword !== undefined && name !== '') types.push(name);
      else if (name.startsWith('type ')) types.push(name.slice('type '.length));
    }
  }
  return types.sort();
}
