/** The client under test: hawser, echoing every message with its type until the connection has ended. */

import { ConnectionClosed, type ConnectOptions, connect } from '../../../lib/index.js';
import type { CompressionOffer } from '../cases/compression.js';

export async function echoWithHawser(url: string, compression?: CompressionOffer): Promise<void> {
  const options: Omit<ConnectOptions, 'compression'> & { compression?: CompressionOffer | undefined } = { compression };
  const connection = await connect(url, options as ConnectOptions);
  try {
    for await (const message of connection) await connection.send(message);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
  await connection.closed;
}
