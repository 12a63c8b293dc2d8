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
