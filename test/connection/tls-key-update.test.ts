/** Key updates of TLS 1.3 and what else `openssl s_server` can be told to do, which Node's server can't. */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import * as certificates from '../support/certificates.js';
import { noReadersLeft } from '../support/live-readers.js';
import { LONG, until } from '../support/times.js';

const available = spawnSync('openssl', ['version']).status === 0;

/** `openssl s_server`: what it reads is sent, but for commands of one letter; what it prints has what came. */
class OpenSslServer {
  printed = '';
  readonly #process: ChildProcessWithoutNullStreams;

  constructor(version: 'tls1_2' | 'tls1_3') {
    const folder = mkdtempSync(path.join(tmpdir(), 'hawser-'));
    const { chain, cert, key } = certificates.server();
    const files = { cert, chain, key };
    for (const [name, pem] of Object.entries(files)) writeFileSync(path.join(folder, name), pem);
    const pems = ['-cert', 'cert', '-cert_chain', 'chain', '-key', 'key'];
    const args = ['s_server', '-accept', '127.0.0.1:0', `-${version}`, '-msg', ...pems];
    this.#process = spawn('openssl', args, { cwd: folder });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('latin1').on('data', (text: string) => {
        this.printed += text;
      });
    }
    onTestFinished(async () => {
      this.#process.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
  }

  /** Resolves with what a pattern has found in what was printed. */
  async find(pattern: RegExp): Promise<string> {
    await until(() => pattern.test(this.printed), 3 * LONG, `${pattern} in ${this.printed}`);
    return pattern.exec(this.printed)?.[1] ?? '';
  }

  count(pattern: RegExp): number {
    return this.printed.match(pattern)?.length ?? 0;
  }

  say(text: string): void {
    this.#process.stdin.write(Buffer.from(text, 'latin1'));
  }
}

async function opened(version: 'tls1_2' | 'tls1_3'): Promise<{ connection: Connection; server: OpenSslServer }> {
  onTestFinished(() => noReadersLeft());
  const server = new OpenSslServer(version);
  const port = await server.find(/ACCEPT 127\.0\.0\.1:([0-9]+)/);
  const connecting = connect(`wss://localhost:${port}/`, {
    tls: { ca: certificates.ca().cert },
    family: 4,
    compression: false,
  });
  const key = await server.find(/Sec-WebSocket-Key: (\S+)/);
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  server.say(`HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const connection = await connecting;
  onTestFinished(async () => void (await connection.terminate()));
  return { connection, server };
}

test.runIf(available)(
  'keys are updated when the server wants it, of both directions, as often as it likes',
  async () => {
    const { connection, server } = await opened('tls1_3');
    for (let i = 1; i <= 3; i++) {
      // Asks for an update in return.
      server.say('K\n');
      await until(
        () => server.count(/>>> TLS 1\.3, Handshake \[length [0-9a-f]+\], KeyUpdate/g) === i,
        3 * LONG,
        'a KeyUpdate',
      );
      server.say(`\x81\x02${i}!`);
      expect(await connection.recv()).toBe(`${i}!`);
      // The update that was asked for has come by then, and what is behind it is understood.
      await connection.send(`message ${i}`);
      await until(
        () => server.count(/<<< TLS 1\.3, Handshake \[length [0-9a-f]+\], KeyUpdate/g) === i,
        3 * LONG,
        'a KeyUpdate in return',
      );
    }
    expect(connection.state).toBe('OPEN');
  },
);
