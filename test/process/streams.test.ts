import { afterAll, beforeAll, expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';
import { accept, answerClose, ScriptedPeer, sendText } from '../support/scripted-peer.js';

let peer: ScriptedPeer;
beforeAll(async () => {
  peer = await ScriptedPeer.listen([accept(), sendText('a'), sendText('b'), answerClose()]);
});
afterAll(() => peer.stop());

test('import and require of hawser/streams give the same functions, for the same connections', async () => {
  const source = `
    import { connect } from 'hawser';
    import * as imported from 'hawser/streams';
    import { createRequire } from 'node:module';
    const required = createRequire(process.cwd() + '/')('hawser/streams');
    console.log(Object.keys(required).filter((name) => imported[name] !== required[name]));
    const connection = await connect(process.argv[1]);
    required.createDuplex(connection).destroy();
  `;
  expect(await runScript(source, { args: [peer.url] })).toMatchObject({ code: 0, stderr: '', stdout: '[]\n' });
});

test('what a listener or a callback throws is an uncaught exception, and the stream goes on', async () => {
  const source = `
    import { once } from 'node:events';
    import { connect } from 'hawser';
    import { createDuplex } from 'hawser/streams';
    process.on('uncaughtException', ({ message }, origin) => console.log(origin, message));
    const duplex = createDuplex(await connect(process.argv[1]), { objectMode: true });
    duplex.on('data', (message) => {
      if (message === 'b') duplex.end();
      throw new Error('data ' + message);
    });
    duplex.write('x', () => {
      throw new Error('written');
    });
    await once(duplex, 'close');
  `;
  const { stdout, ...rest } = await runScript(source, { args: [peer.url] });
  expect(rest).toMatchObject({ code: 0, stderr: '' });
  expect(stdout.split('\n').filter(Boolean).sort()).toEqual([
    'uncaughtException data a',
    'uncaughtException data b',
    'uncaughtException written',
  ]);
});
