// A TLS server whose flood is encrypted before it is sent: over a network the client's machine would not pay for the
// server's encrypting, and on a machine of few cores it would be the server that is measured.

import { createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TLSSocket } from 'node:tls';

/** What one write of the socket takes. */
const PIECE = 256 * 1024;

/**
 * Where ciphertext is kept, for one connection after the other: so much fresh memory would take longer than filling it.
 * @type {Buffer[]}
 */
const pieces = [];

/** Lies between TLS and the socket, and can keep what TLS sends. */
class Tap extends Duplex {
  /** Bytes kept, while they are. */
  #kept = -1;

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    super({ highWaterMark: PIECE });
    this.socket = socket;
    socket.on('data', (bytes) => this.push(bytes));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', () => {});
  }

  _read() {}

  /** @type {Duplex['_write']} */
  _write(bytes, _encoding, done) {
    if (this.#kept < 0) return void this.socket.write(bytes, done);
    for (let from = 0; from < bytes.length; ) {
      const number = Math.floor(this.#kept / PIECE);
      pieces[number] ??= Buffer.allocUnsafeSlow(PIECE);
      const copied = bytes.copy(pieces[number], this.#kept % PIECE, from);
      this.#kept += copied;
      from += copied;
    }
    done();
  }

  /** From now on what TLS sends is kept. */
  keep() {
    this.#kept = 0;
  }

  /** Sends what was kept, as fast as the socket takes it; what comes then is sent at once. */
  async release() {
    const kept = this.#kept;
    this.#kept = -1;
    function* inOrder() {
      for (let at = 0; at < kept; at += PIECE) yield/** @type {Buffer} */ (pieces[at / PIECE]).subarray(0, kept - at);
    }
    await pipeline(inOrder, this.socket, { end: false });
  }
}

export class EncryptedAhead extends TLSSocket {
  #tap;

  /**
   * @param {Tap} tap
   * @param {import('node:tls').TLSSocketOptions} options
   */
  constructor(tap, options) {
    super(tap, { ...options, isServer: true });
    this.#tap = tap;
  }

  /**
   * Encrypts the chunk again and again until that is so many bytes, and sends them only then. One connection at a time.
   * @param {Buffer} chunk
   * @param {number} size
   */
  async flood(chunk, size) {
    this.#tap.keep();
    for (let sent = 0; sent < size && !this.destroyed; sent += chunk.length) {
      await new Promise((resolve) => this.write(chunk, resolve));
    }
    await this.#tap.release();
  }
}

/**
 * @param {import('node:net').ServerOpts & import('node:tls').TLSSocketOptions} options
 * @param {(socket: EncryptedAhead) => void} serve
 */
export function createServerAhead(options, serve) {
  return createServer(options, (socket) => serve(new EncryptedAhead(new Tap(socket), options)));
}
