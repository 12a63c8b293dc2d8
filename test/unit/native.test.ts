import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

describe('an addon that can not be loaded', () => {
  it('names the platform, the runtime, the file, the reason and the cure', async () => {
    vi.stubEnv('HAWSER_ADDON', '/nowhere/hawser.node');
    const failure = import('../../lib/native.js');
    await expect(failure).rejects.toMatchObject({
      name: 'HawserError',
      code: 'HAWSER_ADDON_NOT_LOADED',
      cause: { code: 'ENOENT' },
    });
    const platform = `${process.platform}-${process.arch}`;
    for (const words of [
      /^could not load the native addon of hawser /,
      ` for ${platform}`,
      `Node.js ${process.version}`,
      '/nowhere/hawser.node: ENOENT: no such file or directory',
      'HAWSER_ADDON names a file that does not exist',
    ]) {
      await expect(failure).rejects.toThrow(words);
    }
  });

  it('says so of a file that is no addon', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-'));
    const file = join(folder, 'text.node');
    await writeFile(file, 'no addon');
    vi.stubEnv('HAWSER_ADDON', file);
    await expect(import('../../lib/native.js')).rejects.toThrow(`${file}: `);
    await rm(folder, { recursive: true });
  });
});
