/**
 * A client that does as it is told, right or wrong: with it the server is shown to fail what has to fail. Without faults
 * it echoes, answers pings and Closes, and looks at nothing; so it breaks every rule that wants something to be refused.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { closePayload, encodeFrame, type FrameSpec } from '../../support/frames.js';
import { DEADLINE } from '../../support/times.js';

export interface Faults {
  /** Milliseconds before a pong is sent. */
  readonly pongDelay?: number;
  /** Answers a Close with this code rather than its own. */
  readonly closeCode?: number;
  readonly neverCloses?: boolean;
  /** Does not end its stream for longer than anyone waits. */
  readonly neverEnds?: boolean;
  /** Echoes this in the place of the message. */
  readonly echo?: (frame: FrameSpec & { payload: Buffer }) => readonly FrameSpec[];
  /** What it does when a reserved bit is set. */
  readonly onReservedBit?: 'drop' | { readonly close: number };
  /** Sends a Close with this code before anything else. */
  readonly closesFirst?: number;
  /** Bytes that it sends first. */
  readonly sendsFirst?: Buffer;
  /** The `Sec-WebSocket-Extensions` header. */
  readonly extensions?: string;
}

const maskingKey = Buffer.from([1, 2, 3, 4]);
export const clientFrame = (spec: FrameSpec): Buffer => encodeFrame({ maskingKey, ...spec });

interface ServerFrame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly payload: Buffer;
  /** Bytes of the whole frame. */
  readonly size: number;
}

class WrongClient {
  readonly #socket: Socket;
  readonly #faults: Faults;
  #pending: Buffer = Buffer.alloc(0);
  #opened = false;
  #closed = false;
  #message: Buffer[] = [];
  #messageOpcode = 0;

  constructor(socket: Socket, faults: Faults) {
    this.#socket = socket;
    this.#faults = faults;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => {
      if (!faults.neverEnds) socket.end();
      else setTimeout(() => socket.destroy(), DEADLINE / 2);
    });
  }

  #receive(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    if (!this.#opened) {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#opened = true;
      this.#pending = this.#pending.subarray(end + 4);
      const { sendsFirst, closesFirst } = this.#faults;
      if (sendsFirst) this.#socket.write(sendsFirst);
      if (closesFirst !== undefined) this.#sendClose(closePayload(closesFirst));
    }
    for (let frame = parse(this.#pending); frame; frame = parse(this.#pending)) {
      this.#pending = this.#pending.subarray(frame.size);
      this.#take(frame);
    }
  }

  #take({ fin, rsv, opcode, payload }: ServerFrame): void {
    const { onReservedBit, pongDelay = 0, closeCode, neverCloses } = this.#faults;
    if (rsv !== 0 && onReservedBit === 'drop') this.#socket.destroy();
    else if (rsv !== 0 && typeof onReservedBit === 'object') this.#sendClose(closePayload(onReservedBit.close));
    else if (opcode === 8 && !neverCloses) this.#sendClose(closeCode === undefined ? payload : closePayload(closeCode));
    else if (opcode === 9 && pongDelay === 0) this.#send({ opcode: 'pong', payload });
    else if (opcode === 9) setTimeout(() => this.#send({ opcode: 'pong', payload }), pongDelay).unref();
    else if (opcode <= 2) this.#echo(fin, opcode, payload);
  }

  #echo(fin: boolean, opcode: number, payload: Buffer): void {
    if (opcode !== 0) this.#messageOpcode = opcode;
    this.#message.push(payload);
    if (!fin) return;
    const message = { opcode: this.#messageOpcode, payload: Buffer.concat(this.#message) };
    this.#message = [];
    for (const frame of this.#faults.echo?.(message) ?? [message]) this.#send(frame);
  }

  #sendClose(payload: Buffer): void {
    if (!this.#closed) this.#send({ opcode: 'close', payload });
    this.#closed = true;
  }

  #send(spec: FrameSpec): void {
    if (this.#socket.writable) this.#socket.write(clientFrame(spec));
  }
}

function parse(bytes: Buffer): ServerFrame | undefined {
  if (bytes.length < 2) return undefined;
  const shortLength = bytes[1]! & 0x7f;
  const header = 2 + (shortLength < 126 ? 0 : shortLength === 126 ? 2 : 8);
  if (bytes.length < header) return undefined;
  const length = header === 2 ? shortLength : bytes.readUIntBE(header === 4 ? 2 : 4, header === 4 ? 2 : 6);
  if (bytes.length < header + length) return undefined;
  const [first] = bytes as unknown as [number];
  const payload = bytes.subarray(header, header + length);
  return { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, payload, size: header + length };
}

/** Connects with these faults; resolves when the connection has ended. */
export async function connectWrongly(url: string, faults: Faults = {}): Promise<void> {
  const { port, host, pathname, search } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  new WrongClient(socket, faults);
  const head = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...(faults.extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${faults.extensions}`]),
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.on('error', () => {});
  await once(socket, 'close');
}
