/** What an application does with hawser, as programs of it: each opens, receives, closes and says so. */

import { accept, answerClose, ScriptedPeer, sendText } from '../../support/scripted-peer.js';

const use = `
  const connection = await connect(process.argv[2] ?? process.env.URL);
  console.log(await connection.recv(), (await connection.close()).received.code);
`;

export const esm = `import { connect } from 'hawser';\n(async () => {${use}})();\n`;

export const cjs = `const { connect } = require('hawser');\n(async () => {${use}})();\n`;

/** What each of them writes. */
export const RESULT = 'hello 1000\n';

/** A server for them. */
export function listen(): Promise<ScriptedPeer> {
  return ScriptedPeer.listen([accept(), sendText('hello'), answerClose()]);
}
