/** Release checks of the version: it stands in several places and is one. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { readManifest } from './source.mjs';

/**
 * Where else package.json's version stands.
 * @type {[string, ...RegExp[]][]}
 */
const places = [
  ['package-lock.json', /^ {2}"version": "([^"]+)"/m, /^ {4}"": \{\s*"name": "hawser",\s*"version": "([^"]+)"/m],
  ['lib/version.ts', /^export const version = '([^']+)'/m],
  ['native/binding/version.h', /kVersion\[\] = "([^"]+)"/],
];

/** @param {string} root */
export function checkVersions(root) {
  const { version } = readManifest(root);
  for (const [file, ...patterns] of places) {
    const text = readFileSync(path.join(root, file), 'utf8');
    for (const pattern of patterns) {
      const found = pattern.exec(text)?.[1];
      if (found !== version) throw new Error(`${file} has ${found ?? 'none'}; package.json has ${version}`);
    }
  }
  return `${version} in package.json, ${places.map(([file]) => file).join(', ')}`;
}

/**
 * The newest section that has a date is this version's, and nothing waits for the next.
 * @param {string} root
 */
export function checkChangelog(root) {
  const { version } = readManifest(root);
  const text = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
  const sections = text
    .split(/^## /m)
    .slice(1)
    .map((section) => /^(.*)([\s\S]*)$/.exec(section) ?? []);
  const unreleased = sections.find(([, heading = '']) => /unreleased/i.test(heading))?.[2];
  if (unreleased !== undefined && unreleased.trim() !== '') {
    throw new Error(`there are changes under Unreleased; they belong to ${version} or wait for another release`);
  }
  const dated = sections
    .map(([, heading = '']) => /^\[?(\d[^\]\s]*)\]? [-–] (\d{4}-\d\d-\d\d)$/.exec(heading))
    .find((match) => match !== null);
  if (!dated) throw new Error(`no heading has a date, such as: ## ${version} - 2000-12-31`);
  if (dated[1] !== version)
    throw new Error(`the newest heading with a date is of ${dated[1]}; package.json has ${version}`);
  return `${version} is of ${dated[2]}`;
}
