/**
 * What the messages of the compression cases are cut from: documents of the kinds and sizes of the well-known list, made
 * up here and the same in every run. Text is ASCII, so that it can be cut anywhere.
 */

import { randomNumbers } from '../../support/random.js';

const KINDS = { json: 194_056, bitmap: 263_222, prose: 222_218, html: 263_527, pdf: 1_042_328 } as const;

type Random = (below: number) => number;

const words = (
  'Der Herr ist immer gut und spricht mit sich allein am Tage wenn die Sonne steht im Glanz der alten Lieder ' +
  'Himmel Erde Geist Wort Kraft Nacht Teufel Garten Mensch Leben Augen Wunder Stunde'
).split(' ');

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!;

/** Pieces of text until there are so many bytes. */
function textOf(size: number, seed: number, piece: (random: Random, i: number) => string): Buffer {
  const random = randomNumbers(seed);
  let text = '';
  for (let i = 0; text.length < size; i++) text += piece(random, i);
  return Buffer.from(text, 'latin1').subarray(0, size);
}

function phrase(random: Random, length: number): string {
  return Array.from({ length }, () => pick(random, words)).join(' ');
}

/** Once made, a document is kept: every case of a section is cut from it. */
function kept(make: () => Buffer): () => Buffer {
  let document: Buffer | undefined;
  return () => {
    document ??= make();
    return document;
  };
}

export const json = kept(() =>
  textOf(KINDS.json, 1, (random, i) => {
    const record = {
      id: `${i}-${random(1e9).toString(16)}`,
      active: random(2) === 1,
      balance: `$${random(4000)}.${random(100)}`,
      name: phrase(random, 2),
      about: phrase(random, 8 + random(20)),
      position: [random(180e6) / 1e6, random(360e6) / 1e6],
    };
    return `${JSON.stringify(record, null, 2)},\n`;
  }),
);

export const prose = kept(() =>
  textOf(KINDS.prose, 2, (random) => `${phrase(random, 4 + random(5))}${pick(random, [',', '.', ';', '!'])}\r\n`),
);

export const html = kept(() =>
  textOf(KINDS.html, 3, (random, i) => {
    const link = `<a href="/wiki/${pick(random, words)}_${random(500)}" title="${phrase(random, 2)}">`;
    return `<tr class="row${i % 2}"><td>${link}${phrase(random, 3)}</a></td><td>${random(1e6)}</td></tr>\n`;
  }),
);

/** Grey that changes slowly, with noise in the low bits. */
export const bitmap = kept(() => {
  const random = randomNumbers(4);
  const bytes = Buffer.alloc(KINDS.bitmap);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = 128 + 90 * Math.sin((i % 512) / 80) * Math.cos(i / 512 / 60) + random(8);
  }
  return bytes;
});

/** Compressed streams, as in a PDF, between short directories. */
export const mostlyRandom = kept(() => {
  const random = randomNumbers(5);
  const bytes = Buffer.alloc(KINDS.pdf);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
  for (let i = 0; i + 400 < bytes.length; i += 4000) {
    bytes.write(`endstream\nendobj\n${i} 0 obj\n<< /Length ${random(9999)} /Filter /FlateDecode >>\nstream\n`, i);
  }
  return bytes;
});
