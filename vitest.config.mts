import * as path from 'node:path';
import { defineConfig } from 'vitest/config';

/** Stretches the deadlines on slow machines; the tests' own times follow it too (test/support/times.ts). */
const timeScale = Number(process.env['HAWSER_TIME_SCALE'] ?? 1);

/** Those whose files share processes: half of the time went to starting one for each. The others look at what a process has. */
const sharing = ['connection', 'lifecycle', 'conformance', 'interop', 'tls'];

/** Each folder of test/ is a project of its own: `vitest run --project unit`. */
function project(name: string, testTimeout: number, globalSetup: string[] = [], folders = name) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${folders}/**/*.test.ts`],
      testTimeout: testTimeout * timeScale,
      globalSetup,
      isolate: !sharing.includes(name),
      // Processes, since threads, descriptors and memory are counted in them; threads, which start sooner, where not.
      pool: name === 'unit' ? ('threads' as const) : ('forks' as const),
    },
  };
}

/** The tests against other servers, which scripts/interop-tests installs. */
const interop =
  process.env['HAWSER_INTEROP'] === '1' ? [project('interop', 30_000, ['test/support/require-addon.ts'])] : [];

/** The tests of the packed package, which scripts/package-tests packs. They wait for programs, two at a time. */
const packaged = process.env['HAWSER_PACKAGE'] === '1' ? [project('package', 120_000)] : [];

/**
 * The tests of connections once more, all of them over TLS: `vitest run --mode tls`. In a run of its own, since the set-up
 * changes the environment of every test. What is repeated is repeated a tenth as often: what differs is the transport.
 */
const tls = project(
  'tls',
  300_000,
  ['test/support/require-addon.ts', 'test/support/tls-everywhere.ts'],
  '{connection,lifecycle}',
);

export default defineConfig(({ mode }) => ({
  test: {
    // Two at a time, since most tests wait more than they compute.
    maxWorkers: 2,
    slowTestThreshold: 60_000, // what repeats an ending a hundred times is slow by intention
    hookTimeout: 10_000 * timeScale,
    globalSetup: ['test/support/bundle-peer.ts'],
    env: {
      HAWSER_ADDON: path.resolve(process.env['HAWSER_ADDON'] ?? 'build/Release/hawser_test.node'),
      HAWSER_ROUNDS: String(Number(process.env['HAWSER_ROUNDS'] ?? 1) * (mode === 'tls' ? 0.1 : 1)),
    },
    projects:
      mode === 'tls'
        ? [tls]
        : [
            project('unit', 5_000),
            project('connection', 30_000, ['test/support/require-addon.ts']),
            project('lifecycle', 300_000, ['test/support/require-addon.ts']),
            project('process', 300_000, ['test/support/require-addon.ts']),
            project('conformance', 600_000, ['test/support/require-addon.ts', 'test/conformance/bundle-server.ts']),
            ...interop,
            ...packaged,
          ],
  },
}));
