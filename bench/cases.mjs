// What is measured, and what is to be reached against `ws` with bufferutil.

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {'receive' | 'send' | 'echo' | 'open'} what `open` opens connections, each of which counts as a message.
 * @property {'ascii' | 'mixed' | 'binary' | 'alternating' | 'json'} payload `mixed` is text in four alphabets,
 *   `alternating` is ASCII text and binary by turns, `json` is JSON in which every message has other figures.
 * @property {number} size Bytes of a message.
 * @property {'batches' | 'for-await' | 'recv'} [style] How hawser receives; ws always listens to 'message'.
 * @property {number} [perTurn] How many messages are sent in one turn of the event loop.
 * @property {boolean} [fresh] Each message is a new buffer, which hawser is given with `transfer: true`.
 * @property {boolean} [compressed] permessage-deflate with context takeover.
 * @property {boolean} [tls] Over `wss:`.
 * @property {boolean} [resumable] Whether the server lets sessions of TLS be resumed.
 * @property {Target[]} targets
 *
 * @typedef {object} Target hawser divided by ws.
 * @property {'rate' | 'cpu' | 'p50' | 'p99'} figure `rate` in messages, `cpu` the JS thread's per message.
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/** @type {(figure: Target['figure'], factor: number) => Target} */
const atLeast = (figure, factor) => ({ figure, atLeast: factor });
/** @type {(figure: Target['figure'], factor: number) => Target} */
const atMost = (figure, factor) => ({ figure, atMost: factor });

/** @type {(name: string, payload: Case['payload'], size: number, targets?: Target[], style?: Case['style']) => Case} */
const receive = (name, payload, size, targets = [], style = 'batches') => ({
  name,
  what: 'receive',
  payload,
  size,
  style,
  targets,
});

/** @type {(name: string, payload: Case['payload'], size: number, perTurn: number, targets?: Target[]) => Case} */
const send = (name, payload, size, perTurn, targets = []) => ({ name, what: 'send', payload, size, perTurn, targets });

/** @type {(name: string, resumable: boolean, targets: Target[]) => Case} */
const open = (name, resumable, targets) => ({
  name,
  what: 'open',
  payload: 'ascii',
  size: 0,
  tls: true,
  resumable,
  targets,
});

/** @type {Case[]} */
export const cases = [
  receive('receive-text-16', 'ascii', 16, [atLeast('rate', 6)]),
  receive('receive-text-125', 'ascii', 125, [atLeast('rate', 4)]),
  receive('receive-binary-125', 'binary', 125, [atLeast('rate', 2.5)]),
  receive('receive-alternating-125', 'alternating', 125),
  receive('receive-mixed-text-125', 'mixed', 125),
  receive('receive-mixed-text-1k', 'mixed', KiB, [atLeast('rate', 3)]),
  receive('receive-text-1k', 'ascii', KiB, [atLeast('rate', 1.8), atMost('cpu', 1 / 3)]),
  receive('receive-text-16k', 'ascii', 16 * KiB, [atLeast('rate', 1.8), atMost('cpu', 1 / 3)]),
  receive('receive-binary-16k', 'binary', 16 * KiB),
  receive('receive-binary-64k', 'binary', 64 * KiB),
  receive('receive-binary-1m', 'binary', MiB),
  { ...receive('receive-compressed-256', 'json', 256, [atLeast('rate', 15)]), compressed: true },
  { ...receive('receive-compressed-2k', 'json', 2 * KiB, [atLeast('rate', 8)]), compressed: true },
  receive('for-await-text-125', 'ascii', 125, [atLeast('rate', 3)], 'for-await'),
  receive('recv-text-125', 'ascii', 125, [atLeast('rate', 3)], 'recv'),
  send('send-64-text-125', 'ascii', 125, 64, [atLeast('rate', 15)]),
  send('send-1-text-125', 'ascii', 125, 1, [atLeast('rate', 3)]),
  send('send-64-text-1k', 'ascii', KiB, 64),
  send('send-1-binary-64k', 'binary', 64 * KiB, 1),
  send('send-1-binary-1m', 'binary', MiB, 1, [atLeast('rate', 1)]),
  {
    ...send('send-1-binary-1m-transfer', 'binary', MiB, 1, [atLeast('rate', 1), atMost('cpu', 0.1)]),
    fresh: true,
  },
  { ...receive('receive-wss-text-1k', 'ascii', KiB, [atLeast('rate', 2), atMost('cpu', 1 / 5)]), tls: true },
  { ...receive('receive-wss-text-16k', 'ascii', 16 * KiB, [atLeast('rate', 2), atMost('cpu', 1 / 5)]), tls: true },
  open('open-wss', true, [atLeast('rate', 1), atMost('cpu', 1 / 3)]),
  open('open-wss-full-handshake', false, [atLeast('rate', 1), atMost('cpu', 1 / 3)]),
  {
    name: 'echo-text-64',
    what: 'echo',
    payload: 'ascii',
    size: 64,
    targets: [atMost('p50', 1.4), atMost('p99', 1)],
  },
];

/** @param {string} name */
export function caseNamed(name) {
  const found = cases.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no case is named ${name}; node bench/run.mjs --list names them`);
  return found;
}
