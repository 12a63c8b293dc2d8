// Prints the results, a row per case. Everything printed was measured in this run.

import { median } from './measurement.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./cases.mjs').Target} Target
 * @typedef {import('./measurement.mjs').Result} Result
 * @typedef {{ hawser: Result, ws: Result }} Pair Two measurements, one right after the other.
 */

/** @type {readonly (readonly [title: string, width: number])[]} */
const columns = [
  ['case', 26],
  ['hawser', 25],
  ['ws', 25],
  ['hawser / ws', 20],
  ['JS thread CPU per message', 26],
  ['target', 0],
];

/**
 * Units of a figure, the largest first, each with how many there are of it in one.
 * @typedef {readonly (readonly [unit: string, factor: number])[]} Units
 */
/** @type {Units} */
const rateUnits = [
  ['M/s', 1e-6],
  ['k/s', 1e-3],
  ['/s', 1],
];
/** @type {Units} Of seconds. */
const timeUnits = [
  ['ms', 1e3],
  ['us', 1e6],
  ['ns', 1e9],
];

export function printHead() {
  printRow(columns.map(([title]) => title));
  printRow(columns.map(([title, width]) => '-'.repeat(width ? width - 2 : title.length)));
}

/**
 * @param {Case} order
 * @param {Pair[]} pairs
 * @returns {boolean} Whether all targets were reached.
 */
export function printCase(order, pairs) {
  const cpuText = cost(pairs);
  const verdicts = order.targets.map((target) => ({
    target,
    reached: reaches(target, median(ratios(pairs, target.figure))),
  }));
  const goals = verdicts.map(({ target, reached }) => `${goal(target)} ${reached ? 'reached' : 'MISSED'}`).join(', ');

  if (order.what === 'echo') {
    printRow([`${order.name} p50`, ...figures(pairs, 'p50', timeUnits), cpuText, goals]);
    printRow([`${order.name} p99`, ...figures(pairs, 'p99', timeUnits)]);
  } else {
    printRow([order.name, ...figures(pairs, 'rate', rateUnits), cpuText, goals]);
  }
  return verdicts.every(({ reached }) => reached);
}

/**
 * Medians with the least and the most, of each client and of the ratios of the pairs.
 * @param {Pair[]} pairs
 * @param {Target['figure']} figure
 * @param {Units} units
 */
function figures(pairs, figure, units) {
  return [
    ...[pairs.map(({ hawser }) => hawser), pairs.map(({ ws }) => ws)].map((results) => {
      const values = results.map((result) => figureOf(result, figure));
      const [unit, factor] = unitOf(median(values), units);
      return `${spread(values.map((value) => value * factor))} ${unit}`;
    }),
    spread(ratios(pairs, figure), 'x'),
  ];
}

/**
 * Times in seconds.
 * @param {Result} result
 * @param {Target['figure']} figure
 */
function figureOf(result, figure) {
  if (figure === 'rate') return result.messages / result.seconds;
  if (figure === 'cpu') return result.cpu === null ? Number.NaN : result.cpu / result.messages;
  return (result[figure] ?? Number.NaN) / 1e6;
}

/**
 * @param {Pair[]} pairs
 * @param {Target['figure']} figure
 */
function ratios(pairs, figure) {
  return pairs.map(({ hawser, ws }) => figureOf(hawser, figure) / figureOf(ws, figure));
}

/** @param {Pair[]} pairs */
function cost(pairs) {
  const ratio = median(ratios(pairs, 'cpu'));
  if (Number.isNaN(ratio)) return 'unknown here';
  const times = [pairs.map(({ hawser }) => hawser), pairs.map(({ ws }) => ws)].map((results) => {
    const time = median(results.map((result) => figureOf(result, 'cpu')));
    const [unit, factor] = unitOf(time, timeUnits);
    return `${significant(time * factor)} ${unit}`;
  });
  return `${times.join(' / ')} (${significant(ratio)}x)`;
}

/**
 * @param {Target} target
 * @param {number} value
 */
function reaches({ atLeast = -Infinity, atMost = Infinity }, value) {
  return value >= atLeast && value <= atMost;
}

/** @param {Target} target */
function goal({ figure, atLeast, atMost }) {
  const name = figure === 'rate' ? '' : `${figure} `;
  return `${name}${atLeast === undefined ? `<= ${significant(Number(atMost))}x` : `>= ${significant(atLeast)}x`}`;
}

/**
 * The largest unit of which there is one at least.
 * @param {number} value
 * @param {Units} units
 */
function unitOf(value, units) {
  const smallest = /** @type {Units[number]} */ (units.at(-1));
  return units.find(([, factor]) => value * factor >= 1) ?? smallest;
}

/** @param {number[]} values */
function spread(values, suffix = '') {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(significant);
  return `${significant(median(values))}${suffix} (${least}..${most})`;
}

/** @param {number} value */
function significant(value) {
  return String(Number(value.toPrecision(3)));
}

/** @param {string[]} cells */
function printRow(cells) {
  console.log(
    cells
      .map((cell, i) => cell.padEnd(columns[i]?.[1] ?? 0))
      .join(' ')
      .trimEnd(),
  );
}
