import { expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

/** What loading the addon ends with in a process that takes itself for something else. */
async function loadedAs(versions: string): Promise<string> {
  const { stdout } = await runScript(`
    import { createRequire } from 'node:module';
    Object.defineProperty(process, 'versions', { value: { ...process.versions, ${versions} } });
    try {
      createRequire(process.cwd() + '/')(process.env.HAWSER_ADDON);
      console.log('loaded');
    } catch (error) {
      console.log(error.message);
    }`);
  return stdout.trim();
}

test.each(['bun', 'deno'])('the addon refuses to run in %s, where functions of libuv abort', async (name) => {
  expect(await loadedAs(`${name}: '9.8.7'`)).toBe(
    `hawser cannot run in this process: ${name} 9.8.7 has no libuv for addons to use; expected Node.js`,
  );
});

test('the addon runs where nothing is said of another runtime', async () => {
  expect(await loadedAs('')).toBe('loaded');
});
