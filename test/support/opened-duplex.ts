/** Connections to scripted peers as Duplexes, for one test each, and a sink to pipe them into. */

import { type Duplex, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { ConnectOptions } from '../../lib/options.js';
import { createDuplex } from '../../lib/streams/duplex.js';
import type { DuplexOptions } from '../../lib/streams/options.js';
import { type Opened, open } from './opened.js';
import { halfClose, type Script, type Step, sendClose, waitForClose } from './scripted-peer.js';

export interface OpenedDuplex extends Opened {
  readonly duplex: Duplex;
}

/** As `open`; after the test the stream is destroyed. */
export async function openDuplex(
  script: Script,
  options?: DuplexOptions,
  connect?: ConnectOptions,
): Promise<OpenedDuplex> {
  const opened = await open(script, connect);
  const duplex = createDuplex(opened.connection, options);
  // Else the stream would be told that its connection was terminated.
  onTestFinished(() => void duplex.destroy());
  return { ...opened, duplex };
}

/** The peer's end of an orderly closure that it starts. */
export const close = (code?: number): Step[] => [sendClose(code), waitForClose(), halfClose()];

/** A sink that is slower than the network, and what came to it. */
export function slowSink(): { readonly sink: Writable; readonly chunks: unknown[] } {
  const chunks: unknown[] = [];
  const sink = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(chunk, _encoding, callback) {
      chunks.push(chunk);
      setImmediate(callback);
    },
  });
  return { sink, chunks };
}
