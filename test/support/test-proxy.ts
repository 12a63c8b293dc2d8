/**
 * A well-behaved proxy on loopback: HTTP CONNECT, SOCKS4, 4a and 5, told apart by the client's first byte, with or
 * without credentials. Records what it is asked for, and connects to where it is told in place of any name.
 */

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';

export interface ProxyOptions {
  /** Whom it serves; everybody unless given. */
  readonly user?: { readonly username: string; readonly password: string };
  /** Where names lead, as IP addresses. */
  readonly names?: Readonly<Record<string, string>>;
  /** What it says where it has connected, to HTTP clients. */
  readonly success?: string;
  /** The type of address, its bytes and a port in SOCKS5 replies. */
  readonly bound?: readonly number[];
  /** Whether all it says comes in pieces of a byte. */
  readonly slow?: boolean;
  /** Makes it a proxy over TLS. */
  readonly tls?: TlsOptions;
}

/** What a client asked for. */
export interface ProxyRequest {
  readonly protocol: 'http' | 'socks4' | 'socks4a' | 'socks5';
  readonly hostname: string;
  readonly port: number;
  /** The head of an HTTP client's request, and the name that a SOCKS4 client gave. */
  readonly head?: string;
  readonly username?: string;
}

export class TestProxy implements AsyncDisposable {
  readonly requests: ProxyRequest[] = [];
  readonly #options: ProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: ProxyOptions) {
    this.#options = options;
    const serve = (socket: Socket) => void this.#serve(socket).catch(() => socket.destroy());
    const settings = { allowHalfOpen: true, noDelay: true, ...options.tls };
    this.#server = options.tls === undefined ? createServer(settings, serve) : createSecureServer(settings, serve);
  }

  static async listen(options: ProxyOptions = {}): Promise<TestProxy> {
    const proxy = new TestProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(scheme: string, user = ''): string {
    return `${scheme}://${user === '' ? '' : `${user}@`}127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  async #serve(socket: Socket): Promise<void> {
    this.#track(socket);
    const [first] = await exactly(socket, 1);
    if (first === 4) await this.#serveSocks4(socket);
    else if (first === 5) await this.#serveSocks5(socket);
    else await this.#serveHttp(socket, String.fromCharCode(first as number));
  }

  async #serveHttp(socket: Socket, start: string): Promise<void> {
    const head = start + (await until(socket, '\r\n\r\n'));
    const [, hostname = '', port] = /^CONNECT \[?([^ \]]*)\]?:([0-9]+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const { user, success = 'HTTP/1.1 200 Connection established\r\n\r\n' } = this.#options;
    const basic = user && Buffer.from(`${user.username}:${user.password}`).toString('base64');
    if (basic !== undefined && !head.includes(`\r\nProxy-Authorization: Basic ${basic}\r\n`)) {
      const challenge = 'Proxy-Authenticate: Basic realm="test"\r\nContent-Length: 7\r\n';
      return this.#refuse(socket, `HTTP/1.1 407 Authentication Required\r\n${challenge}\r\nwho are`);
    }
    const onward = await this.#connect({ protocol: 'http', hostname, port: Number(port), head });
    if (onward === undefined) return this.#refuse(socket, 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    await this.#join(socket, onward, success);
  }

  async #serveSocks4(socket: Socket): Promise<void> {
    const request = await exactly(socket, 7);
    const username = (await until(socket, '\0')).slice(0, -1);
    const address = request.subarray(3).join('.');
    const named = address === '0.0.0.1';
    const hostname = named ? (await until(socket, '\0')).slice(0, -1) : address;
    const protocol = named ? 'socks4a' : 'socks4';
    const onward = await this.#connect({ protocol, hostname, port: request.readUInt16BE(1), username });
    const answer = (code: number) => Buffer.from([0, code, 1, 2, 3, 4, 5, 6]);
    if (onward === undefined) return this.#refuse(socket, answer(91));
    await this.#join(socket, onward, answer(90));
  }

  async #serveSocks5(socket: Socket): Promise<void> {
    const [count = 0] = await exactly(socket, 1);
    const methods = await exactly(socket, count);
    const { user, bound = [1, 0, 0, 0, 0, 0, 0] } = this.#options;
    const method = user === undefined ? 0 : 2;
    if (!methods.includes(method)) return this.#refuse(socket, Buffer.from([5, 255]));
    await this.#say(socket, Buffer.from([5, method]));
    let username: string | undefined;
    if (user !== undefined) {
      await exactly(socket, 1);
      username = await counted(socket);
      const right = username === user.username && (await counted(socket)) === user.password;
      if (!right) return this.#refuse(socket, Buffer.from([1, 1]));
      await this.#say(socket, Buffer.from([1, 0]));
    }
    const [, , , type] = await exactly(socket, 4);
    const hostname = await readAddress(socket, type);
    const port = (await exactly(socket, 2)).readUInt16BE();
    const onward = await this.#connect({ protocol: 'socks5', hostname, port, ...(username && { username }) });
    if (onward === undefined) return this.#refuse(socket, Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
    await this.#join(socket, onward, Buffer.from([5, 0, 0, ...bound]));
  }

  /** undefined where nobody is there. */
  async #connect(request: ProxyRequest): Promise<Socket | undefined> {
    this.requests.push(request);
    const { hostname, port } = request;
    const onward = connect({
      host: this.#options.names?.[hostname] ?? hostname,
      port,
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#track(onward);
    try {
      await once(onward, 'connect');
      return onward;
    } catch {
      return undefined;
    }
  }

  async #join(socket: Socket, onward: Socket, success: string | Uint8Array): Promise<void> {
    await this.#say(socket, success);
    socket.pipe(onward).pipe(socket);
  }

  async #refuse(socket: Socket, answer: string | Uint8Array): Promise<void> {
    await this.#say(socket, answer);
    socket.end();
    socket.resume();
  }

  async #say(socket: Socket, answer: string | Uint8Array): Promise<void> {
    const bytes = typeof answer === 'string' ? Buffer.from(answer, 'latin1') : answer;
    const size = this.#options.slow === true ? 1 : bytes.length;
    for (let i = 0; i < bytes.length; i += size) {
      socket.write(bytes.subarray(i, i + size));
      await nextTurn();
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

async function exactly(socket: Socket, size: number): Promise<Buffer> {
  for (;;) {
    const bytes: Buffer | null = socket.read(size);
    if (bytes?.length === size) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed) throw new Error('the client has ended its stream');
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}

async function until(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) text += (await exactly(socket, 1)).toString('latin1');
  return text;
}

/** A text behind its length in a byte. */
async function counted(socket: Socket): Promise<string> {
  const [size = 0] = await exactly(socket, 1);
  return size === 0 ? '' : (await exactly(socket, size)).toString('utf8');
}

async function readAddress(socket: Socket, type: number | undefined): Promise<string> {
  if (type === 3) return counted(socket);
  if (type === 1) return (await exactly(socket, 4)).join('.');
  const groups = (await exactly(socket, 16)).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
