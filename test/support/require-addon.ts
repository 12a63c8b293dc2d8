/** Runs once before the tests that connect, which need the test build of the addon. */

import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';

export function setup(project: TestProject): void {
  const addon = project.config.env['HAWSER_ADDON'];
  if (!addon || !existsSync(addon)) throw new Error(`the test addon ${addon} is missing; run: npm run build:test`);
}
