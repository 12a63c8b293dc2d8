// The payloads of the cases, of an exact size in bytes.

const ascii = '{"stream":"btcusdt@trade","p":"64213.57","q":"0.00420","m":true,"T":1700000000123} ';
const mixed = 'naïve café — Привет, мир! 你好，世界 😀🚀 ';

/**
 * @param {import('./cases.mjs').Case['payload']} kind
 * @param {number} size
 */
export function payloadOf(kind, size) {
  if (kind === 'binary') return Buffer.from(Array.from({ length: size }, (_, i) => (i * 31) & 0xff));
  return Buffer.from(textOf(kind === 'mixed' ? mixed : ascii, size));
}

/**
 * JSON text of `size` bytes, as a feed sends it: the same fields in every message, with other figures.
 * @param {number} number Of the message.
 * @param {number} size
 */
export function jsonOf(number, size) {
  let random = (number * 2654435761) >>> 0;
  const next = () => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return random;
  };
  let text = `{"stream":"btcusdt@trade","E":${1700000000000 + number * 37},"t":${next()},"trades":[`;
  while (text.length < size) {
    const price = (60000 + (next() % 9000000) / 1000).toFixed(2);
    text += `{"p":"${price}","q":"0.${String(next() % 100000).padStart(5, '0')}","m":${next() % 2 === 0}},`;
  }
  return Buffer.from(text.slice(0, size));
}

/**
 * Repeats a text up to `size` bytes of UTF-8, without cutting a character.
 * @param {string} pattern
 * @param {number} size
 */
function textOf(pattern, size) {
  let text = '';
  let bytes = 0;
  for (;;) {
    for (const character of pattern) {
      const length = Buffer.byteLength(character);
      if (bytes + length > size) return text + '.'.repeat(size - bytes);
      text += character;
      bytes += length;
    }
  }
}
