import { expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

/** What loading the addon ends with where a script has run before. */
async function loadedAfter(script: string): Promise<string> {
  const { stdout } = await runScript(`
    import { createRequire } from 'node:module';
    const require = createRequire(process.cwd() + '/');
    const file = process.env.HAWSER_ADDON;
    ${script}
    try {
      require(file);
      console.log('loaded');
    } catch (error) {
      console.log(error.message);
    }`);
  return stdout.trim();
}

/** In a process that takes itself for something else. */
function loadedAs(versions: string): Promise<string> {
  return loadedAfter(`Object.defineProperty(process, 'versions', { value: { ...process.versions, ${versions} } });`);
}

test.each(['bun', 'deno'])('the addon refuses to run in %s, where functions of libuv abort', async (name) => {
  expect(await loadedAs(`${name}: '9.8.7'`)).toBe(
    `hawser cannot run in this process: ${name} 9.8.7 has no libuv for addons to use; expected Node.js`,
  );
});

test('the addon runs where nothing is said of another runtime', async () => {
  expect(await loadedAs('')).toBe('loaded');
});

test.each(['delete globalThis.process', 'globalThis.process = undefined', 'globalThis.process = { versions: 1 }'])(
  'the addon runs after %s, which makes no other runtime of it',
  async (script) => {
    expect(await loadedAfter(`${script};`)).toBe('loaded');
  },
);
