/** The server behind the components: `ws` in this process, which knows what has come through to it. */

import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Certificate } from '../../support/certificates.js';

/** A request as it arrived. */
export interface Request {
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

export class Backend {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly #server: http.Server;
  readonly #requests: Request[];

  private constructor(server: http.Server, requests: Request[]) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#requests = requests;
  }

  /** Echoes; at `please close` it closes with 4001 and `as you wish`, at `please hang up` it just ends the stream. */
  static async listen(certificate?: Certificate): Promise<Backend> {
    const server = certificate
      ? https.createServer({ cert: certificate.chain, key: certificate.key })
      : http.createServer();
    const requests: Request[] = [];
    new WebSocketServer({ server }).on('connection', (socket, { url = '', headers }) => {
      requests.push({ url, headers });
      serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Backend(server, requests);
  }

  /** The request of the newest connection. */
  get lastRequest(): Request {
    const request = this.#requests.at(-1);
    if (request === undefined) throw new Error('there was no request');
    return request;
  }

  /** Does not wait for connections. */
  stop(): void {
    this.#server.close();
  }
}

function serve(socket: WebSocket): void {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => {
    const text = binary ? '' : data.toString();
    if (text === 'please close') socket.close(4001, 'as you wish');
    else if (text === 'please hang up') socket.terminate();
    else socket.send(data, { binary });
  });
}
