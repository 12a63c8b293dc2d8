/**
 * Dates of HTTP (RFC 9110 §5.6.7), in the three forms that a recipient has to understand. Pure; what the year of two
 * digits means depends on the time, which the caller gives.
 */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const time = '(?<hours>[0-9]{2}):(?<minutes>[0-9]{2}):(?<seconds>[0-9]{2})';

const forms: readonly RegExp[] = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{2}, (?<day>[0-9]{2}) (?<month>[A-Z][a-z]{2}) (?<year>[0-9]{4}) ${time} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>[0-9]{2})-(?<month>[A-Z][a-z]{2})-(?<year>[0-9]{2}) ${time} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ 0-9][0-9]) ${time} (?<year>[0-9]{4})$`),
];

/**
 * The milliseconds since 1970 that a date of HTTP stands for; undefined where it is none. The name of the weekday is
 * not compared with the date.
 *
 * @param now milliseconds since 1970.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return dateOf(groups, now);
  }
  return undefined;
}

function dateOf(groups: Readonly<Record<string, string>>, now: number): number | undefined {
  const { day = '', month = '', year = '', hours = '', minutes = '', seconds = '' } = groups;
  const monthIndex = months.indexOf(month);
  const fullYear = year.length === 2 ? nearYear(Number(year), now) : Number(year);
  // A leap second is the one before.
  const date = new Date(Date.UTC(2000, monthIndex, Number(day), 0, 0, Math.min(59, Number(seconds))));
  date.setUTCFullYear(fullYear, monthIndex, Number(day));
  date.setUTCHours(Number(hours), Number(minutes));
  // What is out of range has moved to another day or month.
  const whole = date.getUTCMonth() === monthIndex && date.getUTCDate() === Number(day);
  return whole && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) <= 60 ? date.getTime() : undefined;
}

/** A year of two digits is the nearest such year that is not more than fifty years ahead. */
function nearYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + 50 ? year - 100 : year;
}
