import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import { rejection } from '../support/opened.js';
import { close, openDuplex, slowSink } from '../support/opened-duplex.js';
import { answerClose, echoMessages, expectFrame, flood, reset, sendText } from '../support/scripted-peer.js';

const objectMode = { objectMode: true };

describe('a pipeline', () => {
  test('of a file into a connection sends all of it and closes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const content = Buffer.alloc(3_000_000, 'some bytes that repeat, and some more; ');
    await writeFile(join(folder, 'file'), content);
    const { duplex, connection, peer } = await openDuplex([answerClose()]);
    await pipeline(createReadStream(join(folder, 'file')), duplex);
    expect(connection.closeCode).toBe(1000);
    const frames = await peer.frames('binary');
    expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(content)).toBe(true);
  });

  test('from a connection to itself answers all, until the peer closes', async () => {
    const messages = Array.from({ length: 100 }, (_, i) => sendText(`${i}`));
    const { duplex, peer } = await openDuplex(
      [...messages, ...messages.map(() => expectFrame()), ...close(1000)],
      objectMode,
    );
    await pipeline(
      duplex,
      async function* (source: AsyncIterable<string>) {
        for await (const message of source) yield message.toUpperCase();
      },
      duplex,
    );
    expect((await peer.frames('text')).map(({ text }) => text)).toEqual(messages.map((_, i) => `${i}`));
  });

  test('whose source fails terminates the connection', async () => {
    const { duplex, connection } = await openDuplex([]);
    const source = Readable.from(
      (async function* () {
        yield 'a';
        throw new Error('the source failed');
      })(),
    );
    await expect(pipeline(source, duplex)).rejects.toThrow('the source failed');
    await connection.closed;
    expect(duplex.errored).toMatchObject({ message: 'the source failed' });
  });

  test('whose sink fails terminates the connection', async () => {
    const { duplex, connection } = await openDuplex([flood(Number.POSITIVE_INFINITY)]);
    const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the sink failed')) });
    await expect(pipeline(duplex, sink)).rejects.toThrow('the sink failed');
    await connection.closed;
  });

  test.each([
    ['breaks', [reset()], ConnectionClosedError],
    ['the peer closes', close(1000), ConnectionClosedOK],
    ['the peer closes behind a message', [sendText('a'), ...close(1000)], ConnectionClosedOK],
  ])('is told of a connection that %s while the source is idle', async (_what, ending, type) => {
    const { duplex, peer } = await openDuplex([]);
    const source = new PassThrough();
    const piping = rejection(pipeline(source, duplex));
    await peer.do(...ending);
    expect(await piping).toBeInstanceOf(type);
    expect(source.destroyed).toBe(true);
  });

  test.each([
    ['pipe', (source: PassThrough, duplex: Duplex) => finished(source.pipe(duplex), { readable: false })],
    ['pipeline', (source: PassThrough, duplex: Duplex) => pipeline(source, duplex)],
  ])('by %s() whose source has ended is done when the connection has closed', async (_what, pipe) => {
    const { duplex, peer, connection } = await openDuplex([answerClose()]);
    const source = new PassThrough();
    const piping = pipe(source, duplex);
    source.end('x');
    await piping;
    expect(connection.closeCode).toBe(1000);
    expect(duplex.errored).toBeNull();
    expect(await peer.frames('binary')).toMatchObject([{ payload: Buffer.from('x') }]);
  });

  test('through a connection gives the peer’s answers', async () => {
    const { duplex } = await openDuplex([echoMessages(), answerClose()], { decodeStrings: false, encoding: 'utf8' });
    const { sink, chunks } = slowSink();
    await pipeline(Readable.from(['a', 'b', 'c']), duplex, sink);
    expect(chunks.map(String)).toEqual(['a', 'b', 'c']);
  });
});
