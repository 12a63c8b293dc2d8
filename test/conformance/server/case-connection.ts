/**
 * The server's end of one case: opens, carries out the scenario's steps, closes, and hands what it saw to the judge.
 * Runs in the server's thread. Frames that come in are in `client-messages.ts`, what they mean for the verdict in
 * `judge.ts`.
 */

import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { closePayload, encodeFrame, type Frame, FrameReader, type FrameSpec } from '../../support/frames.js';
import { DEADLINE, now } from '../../support/times.js';
import { cut } from '../cases/build.js';
import type { Chop, Message, Mode, Reaction, Scenario, Step } from '../cases/scenario.js';
import { ClientMessages } from './client-messages.js';
import { Compression } from './deflate.js';
import { judge } from './judge.js';
import { accept, parseRequest, type Request } from './opening.js';

/** Bytes that are gathered for a write. */
const WRITE_SIZE = 64 * 1024;
/** Milliseconds that a client may take to read what was written. */
const DRAIN_PATIENCE = 6 * DEADLINE;
const RSV1 = 4;

const late: Reaction = { kind: 'late', payload: Buffer.alloc(0) };

export interface Judged {
  readonly run: number;
  readonly verdict: string;
}

export type FindCase = (id: string) => ((mode: Mode) => Scenario) | undefined;

export class CaseConnection {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #reactions: Reaction[] = [];
  #head = '';
  #request: Request | undefined;
  #compression: Compression | undefined;
  #messages = new ClientMessages(undefined);
  /** Frames are looked at one after the other, as inflating takes its time. */
  #looking: Promise<void> = Promise.resolve();
  #illegal: string | undefined;
  #close: Frame | undefined;
  #end: 'fin' | 'reset' | undefined;
  #closeSent = false;
  #serverClosedFirst = false;
  #actedInTime = false;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#changed());
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', () => this.#ended('reset'));
  }

  /** Runs the case that the client asks for; undefined where it asks for nothing. */
  async run(find: FindCase, mode: Mode, openPatience: number): Promise<Judged | undefined> {
    try {
      await this.#until(() => this.#request !== undefined || this.#over, openPatience);
      if (!this.#request) return undefined;
      const { id, run } = this.#request;
      const build = find(id);
      return {
        run,
        verdict: build ? await this.#runCase(this.#request, build(mode)) : `FAILED: there is no case '${id}'`,
      };
    } finally {
      this.#socket.destroy();
      this.#compression?.close();
    }
  }

  async #runCase(request: Request, scenario: Scenario): Promise<string> {
    try {
      const { head, agreement } = accept(request, scenario.compression);
      if (agreement) {
        this.#compression = new Compression(agreement);
        this.#messages = new ClientMessages(this.#compression);
        this.#reader.allowsCompression = true;
      }
      this.#write(Buffer.from(head, 'latin1'));
    } catch (error) {
      this.#write(Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
      return `FAILED: ${(error as Error).message}`;
    }
    for (const step of scenario.steps) if (!this.#over) await this.#do(step, scenario.patience);
    await this.#closing(scenario);
    return judge(scenario, {
      reactions: this.#reactions,
      serverClosedFirst: this.#serverClosedFirst,
      actedInTime: this.#actedInTime,
      incomplete: this.#reader.incomplete,
      ...(this.#illegal === undefined ? {} : { illegal: this.#illegal }),
      ...(this.#close === undefined ? {} : { closeCode: this.#close.code! }),
      ...(this.#end === undefined ? {} : { end: this.#end }),
      ...(this.#compression ? { compressedCount: this.#messages.compressedCount } : {}),
    });
  }

  /** Whether the client will send nothing more that counts. */
  get #over(): boolean {
    return this.#close !== undefined || this.#end !== undefined || this.#illegal !== undefined;
  }

  async #do(step: Step, patience: number): Promise<void> {
    switch (step.do) {
      case 'send':
        return this.#send(step.frames, step.chop);
      case 'sendRaw':
        return this.#write(step.bytes);
      case 'awaitReactions':
        return this.#awaitReactions(step.count, patience);
      case 'awaitFailure':
        await this.#until(() => this.#over, step.milliseconds);
        if (!this.#over) this.#reactions.push({ kind: 'waited', payload: Buffer.from(step.label) });
        return;
      case 'roundTrips':
        for (let i = 0; i < step.count && !this.#over; i++) {
          if (!(await this.#roundTrip(step.message(i), step.fragmentSize, patience))) return;
        }
        return;
    }
  }

  async #awaitReactions(count: number, patience: number): Promise<void> {
    await this.#until(() => this.#over || this.#reactions.length >= count, patience);
    if (!this.#over && this.#reactions.length < count) this.#reactions.push(late);
  }

  /** Whether the echo was right, which is forgotten then. */
  async #roundTrip({ binary, payload }: Message, fragmentSize: number, patience: number): Promise<boolean> {
    const kind = binary ? 'binary' : 'text';
    await this.#send(await this.#framesOf(kind, payload, fragmentSize), 'whole');
    await this.#awaitReactions(1, patience);
    const [echo] = this.#reactions;
    if (this.#reactions.length !== 1 || echo!.kind !== kind || !echo!.payload.equals(payload)) return false;
    this.#reactions.pop();
    return true;
  }

  async #framesOf(kind: 'text' | 'binary', payload: Buffer, fragmentSize: number): Promise<FrameSpec[]> {
    const bytes = this.#compression ? await this.#compression.deflate(payload) : payload;
    // As many as `fragmentsOf` the payload, so that compressed messages are fragmented as much.
    const count = fragmentSize === 0 ? 1 : Math.floor(payload.length / fragmentSize) + 1;
    const at = (i: number): number => Math.floor((bytes.length * i) / count);
    return Array.from({ length: count }, (_, i) => ({
      opcode: i === 0 ? kind : 'continuation',
      payload: bytes.subarray(at(i), at(i + 1)),
      fin: i === count - 1,
      rsv: i === 0 && this.#compression ? RSV1 : 0,
    }));
  }

  /** Ends the connection as a good server does, once the client has had its chance to react. */
  async #closing({ reactions, ending, patience }: Scenario): Promise<void> {
    const enough = (): boolean => this.#over || this.#reactions.length >= reactions.length;
    if (ending.kind === 'clean' && !this.#closeSent) {
      await this.#until(enough, patience);
      if (!this.#over) await this.#send([{ opcode: 'close', payload: closePayload(1000) }], 'whole');
    }
    await this.#until(() => this.#over, patience);
    this.#actedInTime = this.#over;
    if (this.#close && !this.#closeSent) {
      await this.#send([{ opcode: 'close', payload: this.#close.payload }], 'whole');
    }
    this.#socket.end();
    await this.#until(() => this.#end !== undefined, patience);
    await this.#looking;
  }

  async #send(frames: readonly FrameSpec[], chop: Chop): Promise<void> {
    if (frames.some(({ opcode }) => opcode === 'close')) {
      this.#serverClosedFirst ||= this.#close === undefined;
      this.#closeSent = true;
    }
    for (const piece of pieces(frames, chop)) {
      this.#write(piece);
      if (this.#socket.writableNeedDrain) await this.#until(() => this.#drained, DRAIN_PATIENCE);
      else if (chop !== 'whole') await nextTurn();
    }
  }

  get #drained(): boolean {
    return !this.#socket.writableNeedDrain || this.#end !== undefined;
  }

  #write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #receive(chunk: Buffer): void {
    if (this.#illegal !== undefined) return;
    try {
      const frames = this.#reader.push(this.#withoutHead(chunk), now());
      if (frames.length > 0) this.#looking = this.#looking.then(() => this.#look(frames));
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** What is left of the bytes when they have completed the request's head. */
  #withoutHead(chunk: Buffer): Buffer {
    if (this.#request) return chunk;
    const known = this.#head.length;
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return Buffer.alloc(0);
    this.#request = parseRequest(this.#head.slice(0, end));
    this.#changed();
    return chunk.subarray(end + 4 - known);
  }

  async #look(frames: readonly Frame[]): Promise<void> {
    try {
      for (const frame of frames) {
        if (this.#close) throw new Error(`client sent a ${frame.type} frame after its Close`);
        if (frame.type === 'close') this.#close = frame;
        else if (frame.type === 'ping') await this.#send([{ opcode: 'pong', payload: frame.payload }], 'whole');
        const reaction = await this.#messages.push(frame);
        if (reaction) this.#reactions.push(reaction);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#changed();
  }

  #fail(error: Error): void {
    this.#illegal ??= error.message;
    this.#changed();
  }

  #ended(how: 'fin' | 'reset'): void {
    // Not before what came earlier was looked at.
    this.#looking = this.#looking.then(() => {
      this.#end ??= how;
      this.#changed();
    });
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when the condition holds, or so many milliseconds have passed. */
  async #until(holds: () => boolean, milliseconds: number): Promise<void> {
    const deadline = now() + milliseconds;
    while (!holds() && now() < deadline) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, deadline - now());
        this.#waiting.add(wake);
      });
    }
  }
}

/** The frames' bytes as they are to be written. */
function* pieces(frames: readonly FrameSpec[], chop: Chop): Generator<Buffer> {
  if (chop === 'frames') {
    for (const frame of frames) yield encodeFrame(frame);
    return;
  }
  if (typeof chop === 'number') {
    yield* cut(Buffer.concat(frames.map(encodeFrame)), chop);
    return;
  }
  let gathered: Buffer[] = [];
  let size = 0;
  for (const frame of frames) {
    size += gathered[gathered.push(encodeFrame(frame)) - 1]!.length;
    if (size < WRITE_SIZE) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(gathered);
}
