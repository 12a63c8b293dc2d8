/**
 * Says how vitest's runs on the Node that this runs on have ended: one line, then what failed and what was skipped.
 * Arguments: the seconds they took, and vitest's JSON reports, each beside its .log and .exit. Fails where one of them did,
 * or where nothing was run.
 */

import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

const [, , seconds, ...reports] = process.argv;
const { node, uv, openssl, zlib } = process.versions;

const counts = { passed: 0, failed: 0, skipped: 0 };
const complaints = [];
const skipped = new Set();

/** The first lines of what an assertion says, without its stack. */
function brief(message) {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const own = lines.filter((line) => !/^\s+at /.test(line));
  const place = lines.find((line) => /^\s+at .*\/test\//.test(line)) ?? '';
  return [...own.slice(0, 12), place].map((line) => `      ${line.slice(0, 300)}`).join('\n');
}

function readReport(report, mode) {
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const name = path.relative(process.cwd(), file.name);
    const before = complaints.length;
    for (const { status, fullName, failureMessages = [] } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') {
        counts.failed++;
        complaints.push(`${mode} ${name}: ${fullName}\n${failureMessages.map(brief).join('\n')}`);
      } else {
        counts.skipped++;
        skipped.add(`${name}: ${fullName}`);
      }
    }
    if (file.status === 'failed' && complaints.length === before) {
      complaints.push(`${mode} ${name}\n${brief(file.message)}`);
    }
  }
}

for (const report of reports) {
  const mode = path.basename(report, '.json').split('-').at(-1);
  const before = complaints.length;
  const log = readFileSync(report.replace(/json$/, 'log'), 'utf8').trim();
  const exit = readFileSync(report.replace(/json$/, 'exit'), 'utf8').trim();
  const isThere = existsSync(report);
  if (isThere) readReport(report, mode);
  // What is thrown outside of every test stands in the log only.
  if (complaints.length === before && (exit !== '0' || !(isThere || log.includes('No test files found')))) {
    const end = log.split('\n').slice(-40).join('\n');
    complaints.push(`${mode}: vitest exited with ${exit}${isThere ? '' : ' and has left no report'}\n${end}`);
  }
}

if (counts.passed === 0 && complaints.length === 0) complaints.push('no test has passed');
const verdict = complaints.length === 0 ? 'ok' : 'FAILED';
const { passed, failed } = counts;
console.log(
  `${verdict}: Node ${node} (uv ${uv}, OpenSSL ${openssl}, zlib ${zlib}): ` +
    `${passed} passed, ${failed} failed, ${counts.skipped} skipped, ${seconds} s`,
);
for (const name of [...skipped].sort()) console.log(`  skipped: ${name}`);
for (const complaint of complaints) console.log(`  FAIL ${complaint}`);
process.exit(complaints.length === 0 ? 0 : 1);
