/**
 * The server's end of one connection: carries out the steps of a script and records what the client sends. Runs in
 * the peer's thread.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { delivered } from './delivery.js';
import { encodeFrame, type Frame, FrameReader, type FrameSpec, type FrameType } from './frames.js';
import { type Acceptance, type Flood, floodPayload, type HttpResponse, type Script, type Step } from './peer-steps.js';
import { now, sleep } from './times.js';

const FLOOD_CHUNK = 64 * 1024;

export interface Request {
  readonly requestLine: string;
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly head: string;
}

/** How the client's stream ended, and when. */
export interface Ending {
  /** `fin` and `reset` are the client's doing, `closed` the peer's own. */
  readonly how: 'fin' | 'reset' | 'closed';
  readonly at: number;
  /** Bytes of a frame that was cut by the end. */
  readonly incomplete: number;
}

/** TLS as the peer sees it. */
export interface Security {
  readonly protocol: string;
  readonly cipher: string;
  /** The name asked for; empty where none was. */
  readonly servername: string;
  readonly alpn: string;
  readonly resumed: boolean;
  /** The common name of the client's certificate; empty where it has shown none. */
  readonly client: string;
  readonly clientAuthorized: boolean;
}

type Write = (bytes: Uint8Array) => void;

export class PeerConnection {
  readonly frames: Frame[] = [];
  readonly script: Promise<void>;
  /** What carries the bytes: the wire itself, or TLS over it. */
  readonly #socket: Socket;
  readonly #wire: Socket;
  readonly #reader = new FrameReader();
  readonly #marks = new Set<string>();
  readonly #scriptFailure: Promise<never>;
  readonly #waiting = new Set<() => void>();
  #head = '';
  #request: Request | undefined;
  #ending: Ending | undefined;
  #failure: Error | undefined;
  #expected = 0;
  #answersPings = false;
  #echoes = false;

  constructor(wire: Socket, script: Script, tls?: TLSSocketOptions) {
    const socket = tls === undefined ? wire : new TLSSocket(wire, tls);
    this.#socket = socket;
    this.#wire = wire;
    wire.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Of TLS this is the close_notify; the wire's own end comes right behind it.
    socket.on('end', () => this.#end('fin'));
    socket.on('error', () => this.#end('reset'));
    socket.on('close', () => this.#end('closed'));
    this.script = this.run(script);
    this.#scriptFailure = this.script.then(() => new Promise<never>(() => {}));
    this.#scriptFailure.catch(() => {});
  }

  /** What the client did that no client may do. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Does the steps in sequence, beside the script. */
  async run(steps: Script): Promise<void> {
    const write: Write = (bytes) => this.#write(bytes);
    for (const step of steps) await this.#do(step, write);
  }

  /** Bytes that the kernel has taken so far, which is less than was to be sent where the client does not read. */
  get written(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  request(): Promise<Request> {
    return this.#when('the request', () => this.#request);
  }

  /** The next frame, or the next of this type, that no earlier expectation has seen. */
  expectFrame(type?: FrameType): Promise<Frame> {
    return this.#when(`a ${type ?? 'frame'}`, () => {
      while (this.#expected < this.frames.length) {
        const frame = this.frames[this.#expected++]!;
        if (!type || frame.type === type) return frame;
      }
      return undefined;
    });
  }

  async ended(): Promise<Ending> {
    while (!this.#ending) await this.#change();
    return this.#ending;
  }

  async reached(mark: string): Promise<void> {
    while (!this.#marks.has(mark)) await Promise.race([this.#change(), this.#scriptFailure]);
  }

  /** What TLS agreed upon, once it is established. */
  async security(): Promise<Security> {
    const socket = this.#socket as TLSSocket;
    if (!socket.servername && socket.getFinished() === undefined) await once(socket, 'secure');
    return {
      protocol: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
      servername: (socket as { servername?: string | false }).servername || '',
      alpn: socket.alpnProtocol || '',
      resumed: socket.isSessionReused(),
      client: String(socket.getPeerCertificate().subject?.CN ?? ''),
      clientAuthorized: (socket as unknown as { ssl: { verifyError(): unknown } }).ssl.verifyError() === null,
    };
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #do(step: Step, write: Write): Promise<void> {
    switch (step.do) {
      case 'accept': {
        const bytes = acceptance(await this.request(), step.answer);
        this.#reader.allowsCompression = /^Sec-WebSocket-Extensions:.*permessage-deflate/im.test(
          bytes.toString('latin1'),
        );
        return write(bytes);
      }
      case 'respond':
        await this.request();
        return write(response(step.answer));
      case 'sendFrame':
        return write(encodeFrame(step.frame));
      case 'sendRaw':
        return write(latin1(step.bytes));
      case 'together':
        return write(await this.#collect(step.steps));
      case 'inPieces': {
        const bytes = await this.#collect(step.steps);
        for (let i = 0; i < bytes.length; i += step.size) {
          write(bytes.subarray(i, i + step.size));
          await nextTurn();
        }
        return;
      }
      case 'flood':
        return this.#flood(step.flood);
      case 'expectFrame':
        await this.expectFrame(step.type);
        return;
      case 'answerClose': {
        const { payload } = await this.expectFrame('close');
        write(encodeFrame({ opcode: 'close', payload }));
        this.#socket.end();
        return;
      }
      case 'answerPings':
        this.#answersPings = true;
        return;
      case 'echoMessages':
        this.#echoes = true;
        return;
      case 'waitForEnd':
        await this.ended();
        return;
      case 'waitForDelivery':
        await this.#encrypted();
        return delivered(this.#wire);
      case 'halfClose':
        this.#socket.end();
        return;
      case 'reset':
        await this.#encrypted();
        this.#wire.resetAndDestroy();
        return;
      case 'truncate':
        await this.#encrypted();
        this.#wire.destroy();
        return;
      case 'destroy':
        await this.#encrypted();
        this.#socket.destroy();
        return;
      case 'stopReading':
        this.#socket.pause();
        return;
      case 'resumeReading':
        this.#socket.resume();
        return;
      case 'delay':
        return sleep(step.milliseconds);
      case 'mark':
        this.#marks.add(step.name);
        return this.#changed();
      case 'neverAnswer':
        return new Promise(() => {});
    }
  }

  async #collect(steps: Script): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (const step of steps) await this.#do(step, (bytes) => parts.push(bytes));
    return Buffer.concat(parts);
  }

  async #flood({ count, size, binary, payload, fragmented }: Required<Flood>): Promise<void> {
    const type = binary ? 'binary' : 'text';
    const message = (i: number): Buffer => {
      const opcode = fragmented && i > 0 ? 'continuation' : type;
      return encodeFrame({ opcode, fin: !fragmented || i === count - 1, payload: payload ?? floodPayload(i, size) });
    };
    let chunk: Buffer[] = [];
    let bytes = 0;
    for (let i = 0; i < count; ) {
      while (i < count && bytes < FLOOD_CHUNK) bytes += chunk[chunk.push(message(i++)) - 1]!.length;
      if (!this.#socket.writable) {
        if (count === Infinity) return;
        throw new Error(`connection ended during a flood, before message ${i} of ${count} was written`);
      }
      this.#write(Buffer.concat(chunk, bytes));
      chunk = [];
      bytes = 0;
      await (this.#socket.writableNeedDrain ? this.#drain() : nextTurn());
    }
  }

  #drain(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  /** Resolves when the wire has got all that was written to TLS. */
  async #encrypted(): Promise<void> {
    if (this.#socket === this.#wire || !this.#socket.writable) return;
    await new Promise<void>((resolve) => this.#socket.write('', () => resolve()));
  }

  #write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #receive(chunk: Buffer): void {
    let frameBytes = chunk;
    if (!this.#request) {
      const known = this.#head.length;
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#request = parseRequest(this.#head.slice(0, end + 4));
      frameBytes = chunk.subarray(end + 4 - known);
    }
    try {
      if (!this.#failure) for (const frame of this.#reader.push(frameBytes, now())) this.#record(frame);
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#changed();
  }

  #record(frame: Frame): void {
    this.frames.push(frame);
    const { type, fin, rsv, payload } = frame;
    if (type === 'ping' && this.#answersPings) this.#write(encodeFrame({ opcode: 'pong', payload }));
    const isData = type === 'text' || type === 'binary' || type === 'continuation';
    if (isData && this.#echoes) this.#write(encodeFrame({ opcode: type, fin, rsv, payload } satisfies FrameSpec));
  }

  #end(how: Ending['how']): void {
    this.#ending ??= { how, at: now(), incomplete: this.#reader.incomplete };
    this.#changed();
  }

  /** What `find` finds, now or once something has changed; rejects when the client's stream ends before. */
  async #when<T>(what: string, find: () => T | undefined): Promise<T> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const found = find();
      if (found !== undefined) return found;
      if (this.#ending) throw new Error(`connection ended (${this.#ending.how}) while waiting for ${what}`);
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function parseRequest(head: string): Request {
  const [requestLine = '', ...lines] = head.trimEnd().split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { requestLine, headers, head };
}

function acceptance(request: Request, answer: Acceptance): Buffer {
  if (answer.head !== undefined) return latin1(answer.head);
  const key = request.headers['sec-websocket-key'] ?? '';
  const rightAccept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const headers: Record<string, string | null> = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': answer.accept ?? rightAccept,
    ...answer.headers,
  };
  return head(answer.statusLine ?? 'HTTP/1.1 101 Switching Protocols', headers);
}

function response({ status, headers = {}, body = '' }: HttpResponse): Buffer {
  const bytes = Buffer.from(body as string);
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const sized = names.includes('content-length') || names.includes('transfer-encoding');
  const length = sized ? {} : { 'Content-Length': `${bytes.length}` };
  return Buffer.concat([head(`HTTP/1.1 ${status} Scripted`, { ...headers, ...length }), bytes]);
}

function head(statusLine: string, headers: Readonly<Record<string, string | null>>): Buffer {
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
  return latin1(`${statusLine}\r\n${lines.join('')}\r\n`);
}

function latin1(bytes: string | Uint8Array): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
}
