/** What a call with wrong arguments comes to. */

import { expect } from 'vitest';
import type { Connection } from '../../lib/connection.js';
import type { HawserError } from '../../lib/errors.js';
import { type ScriptedPeer, sendText } from './scripted-peer.js';

export function expectArgumentError(error: HawserError, type: new () => Error, message: string | RegExp): void {
  expect(error).toBeInstanceOf(type);
  expect(error.code).toBe('HAWSER_INVALID_ARGUMENT');
  if (typeof message === 'string') expect(error.message).toBe(message);
  else expect(error.message).toMatch(message);
}

/** After whatever was refused: the connection works, and the peer saw nothing of it. */
export async function expectUsable(connection: Connection, peer: ScriptedPeer): Promise<void> {
  expect(connection.state).toBe('OPEN');
  await connection.send('still usable');
  expect(await peer.expectFrame()).toMatchObject({ type: 'text', text: 'still usable' });
  await peer.do(sendText('indeed'));
  expect(await connection.recv()).toBe('indeed');
}
