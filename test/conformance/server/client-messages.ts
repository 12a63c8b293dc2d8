/**
 * Puts a client's frames together to messages, and throws at what no client may send: fragments out of place, reserved
 * bits without a meaning, text that is not UTF-8, compressed bytes that can't be inflated.
 */

import { isUtf8 } from 'node:buffer';
import type { Frame } from '../../support/frames.js';
import type { Reaction } from '../cases/scenario.js';
import type { Compression } from './deflate.js';

interface Unfinished {
  readonly kind: 'text' | 'binary';
  readonly compressed: boolean;
  readonly payloads: Buffer[];
}

export class ClientMessages {
  readonly #compression: Compression | undefined;
  #unfinished: Unfinished | undefined;
  #compressedCount = 0;

  constructor(compression: Compression | undefined) {
    this.#compression = compression;
  }

  /** How many messages came compressed. */
  get compressedCount(): number {
    return this.#compressedCount;
  }

  /** The message that ends with this frame, if one does. */
  async push({ type, fin, rsv, payload }: Frame): Promise<Reaction | undefined> {
    if (type === 'text' || type === 'binary') {
      if (this.#unfinished) throw new Error(`client sent a ${type} frame within a message`);
      this.#unfinished = { kind: type, compressed: rsv !== 0, payloads: [] };
    } else if (type !== 'continuation') {
      return type === 'pong' ? { kind: 'pong', payload } : undefined;
    }
    if (!this.#unfinished) throw new Error('client sent a continuation of nothing');
    this.#unfinished.payloads.push(payload);
    if (!fin) return undefined;
    const message = this.#unfinished;
    this.#unfinished = undefined;
    return this.#finish(message);
  }

  async #finish({ kind, compressed, payloads }: Unfinished): Promise<Reaction> {
    let payload = payloads.length === 1 ? payloads[0]! : Buffer.concat(payloads);
    if (compressed) {
      this.#compressedCount++;
      payload = await this.#compression!.inflate(payload).catch((error: Error) => {
        throw new Error(`client sent a message that can't be inflated: ${error.message}`);
      });
    }
    if (kind === 'text' && !isUtf8(payload)) throw new Error('client sent a text message that is not UTF-8');
    return { kind, payload };
  }
}
