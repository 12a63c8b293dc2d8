import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { version } from '../../lib/version.js';

const { version: expected, engines } = JSON.parse(readFileSync('package.json', 'utf8'));

test('the version is package.json’s', () => {
  expect(version).toBe(expected);
});

test('the version that the addon tells is package.json’s', () => {
  expect(readFileSync('native/binding/version.h', 'utf8')).toContain(`kVersion[] = "${expected}";`);
});

test('the oldest Node that a failure to load speaks of is package.json’s', () => {
  const [, major, minor] =
    /^const OLDEST_NODE = \[(\d+), (\d+)\]/m.exec(readFileSync('lib/load-failure.ts', 'utf8')) ?? [];
  expect(engines.node).toBe(`>=${major}.${minor}`);
});
