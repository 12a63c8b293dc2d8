/**
 * hawser against the public list of cases for WebSocket clients: every verdict has to be the one in `results.txt`,
 * neither worse nor better. In the environment:
 *
 * - HAWSER_CONFORMANCE=full runs the compression cases with all of their messages;
 * - HAWSER_CONFORMANCE_CASES=6.4 runs the cases whose id begins so;
 * - HAWSER_CONFORMANCE_UPDATE=1 rewrites the table;
 * - HAWSER_CONFORMANCE_CLIENT=ws runs `ws` instead, whose verdicts are known: that checks the server.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { groups } from './cases/index.js';
import { echoWithHawser } from './clients/echo-client.js';
import { echoWithWs, wsResults } from './clients/ws-client.js';
import { ConformanceServer } from './server/conformance-server.js';
import { runCases } from './suite.js';
import { difference, readTable, rewriteTable } from './table.js';

const HOUR = 3_600_000;

const environment = process.env;
const mode = oneOf('HAWSER_CONFORMANCE', ['quick', 'full']);
const client = oneOf('HAWSER_CONFORMANCE_CLIENT', ['hawser', 'ws']);
const wanted = environment['HAWSER_CONFORMANCE_CASES'] ?? '';
const updates = environment['HAWSER_CONFORMANCE_UPDATE'] === '1' && client === 'hawser';

const echo = client === 'ws' ? echoWithWs : echoWithHawser;
const allIds = groups.flatMap(({ cases }) => Object.keys(cases));
const runs = groups
  .map(({ number, name, cases }) => ({ number, name, ids: Object.keys(cases).filter(isWanted) }))
  .filter(({ ids }) => ids.length > 0);

function oneOf<Value extends string>(name: string, values: readonly [Value, ...Value[]]): Value {
  const given = environment[name] ?? values[0];
  const value = values.find((value) => value === given);
  if (value === undefined) throw new Error(`${name} is ${given}; expected ${values.join(' or ')}`);
  return value;
}

function isWanted(id: string): boolean {
  return wanted === '' || `${id}.`.startsWith(`${wanted}.`);
}

let server: ConformanceServer;
beforeAll(async () => {
  server = await ConformanceServer.start(mode);
});
afterAll(() => server[Symbol.asyncDispose]());

describe(`the verdicts on ${client}`, () => {
  test.each(runs)('in group $number, $name, are the expected ones', { timeout: HOUR }, async ({ ids }) => {
    const actual = await runCases(server, ids, echo);
    if (updates) rewriteTable(actual, allIds);
    const table = client === 'ws' ? wsResults(ids) : readTable();
    const expected = new Map([...table].filter(([id]) => ids.includes(id)));
    const lines = difference(expected, actual);
    if (lines.length > 0) expect.fail(`verdicts differ from the table:\n${lines.join('\n')}`);
  });

  test.runIf(client === 'hawser')('are in the table for these cases and no others', () => {
    expect([...readTable().keys()]).toEqual(allIds);
  });
});
