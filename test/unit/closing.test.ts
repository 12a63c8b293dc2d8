import { describe, expect, it, vi } from 'vitest';
import { ConnectionClosedError, ConnectionClosedOK } from '../../lib/errors.js';
import { Session } from '../../lib/session.js';
import { fakeConnection, turn } from './fakes/connection.js';
import { FakeSession } from './fakes/native.js';

vi.mock('../../lib/native.js', () => import('./fakes/native.js'));

describe('close', () => {
  it('sends a Close behind what was sent, and resolves when the reader was joined', async () => {
    const { connection, reader } = fakeConnection();
    connection.send('last');
    const closing = connection.close(4000, 'done');
    expect(reader.commands.map(({ type, payload }) => `${type} ${payload}`)).toEqual(['text last', 'close 4000 done']);
    expect(connection.state).toBe('CLOSING');
    expect([connection.closeCode, connection.closeReason]).toEqual([undefined, undefined]);
    reader.finish({ received: { code: 4000, reason: 'done' }, sent: { code: 4000, reason: 'done' } });
    const outcome = await closing;
    expect(outcome).toEqual({
      code: 4000,
      reason: 'done',
      wasClean: true,
      received: { code: 4000, reason: 'done' },
      sent: { code: 4000, reason: 'done' },
      receivedFirst: false,
    });
    expect(Object.isFrozen(outcome)).toBe(true);
    expect([connection.state, connection.closeCode, connection.closeReason]).toEqual(['CLOSED', 4000, 'done']);
  });

  it('sends one Close however often it is called, and has one outcome for all', async () => {
    const { connection, reader } = fakeConnection();
    const calls = [connection.close(), connection.close(3000), connection.closed];
    reader.finish();
    const outcomes = await Promise.all([...calls, connection.close()]);
    expect(new Set(outcomes).size).toBe(1);
    expect(reader.commands).toHaveLength(1);
  });

  it('sends none where the peer was first', async () => {
    const { connection, reader } = fakeConnection();
    reader.notify({ kind: 'closing' });
    expect(connection.state).toBe('CLOSING');
    connection.close();
    expect(reader.commands).toEqual([]);
  });

  it.each([
    [[1005], 'close code is 1005; expected'],
    [[999], 'close code is 999; expected'],
    [['1000'], "close code is '1000'; expected a number"],
    [[1000, 'ä'.repeat(62)], 'close reason is 124 bytes; the limit is 123'],
    [[1000, 7], 'close reason is 7; expected a string'],
  ])('refuses %o and leaves the connection open', async (args, message) => {
    const { connection, reader } = fakeConnection();
    await expect(connection.close(...(args as [number]))).rejects.toThrow(message);
    expect(connection.state).toBe('OPEN');
    expect(reader.commands).toEqual([]);
  });

  it('is what disposing does', async () => {
    const { connection, reader } = fakeConnection();
    setImmediate(() => reader.finish());
    await connection[Symbol.asyncDispose]();
    expect(reader.commands).toEqual([{ type: 'close', payload: '1000 ' }]);
  });
});

describe('terminate', () => {
  it('ends at once, also while closing', async () => {
    const { connection, reader } = fakeConnection();
    const closing = connection.close();
    const terminated = connection.terminate();
    expect(reader.commands.map(({ type }) => type)).toEqual(['close', 'terminate']);
    reader.finish({ received: undefined, cause: 'terminated' });
    expect(await terminated).toBe(await closing);
    expect((await terminated).cause).toMatchObject({ code: 'HAWSER_TERMINATED' });
    expect(await connection.terminate()).toBe(await terminated);
    expect(reader.commands).toHaveLength(2);
  });
});

describe('while the connection is closing', () => {
  it('sends nothing and says why once that is known', async () => {
    const { connection, reader } = fakeConnection();
    reader.notify({ kind: 'closing' });
    const refused = [connection.send('late'), connection.ping(), connection.pong(), connection.send(null as never)];
    const settled = Promise.allSettled(refused);
    await turn();
    expect(reader.commands).toEqual([]);
    reader.finish();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(ConnectionClosedOK) });
    }
    await expect(connection.send('later')).rejects.toThrow(ConnectionClosedOK);
  });

  it('drops what was staged for a reader that ended', async () => {
    const { connection, reader } = fakeConnection();
    connection.send('too late');
    reader.finish({ received: undefined, sent: undefined, cause: 'end-of-stream' });
    await turn();
    expect(reader.posts).toBe(0);
    await expect(connection.send('later')).rejects.toThrow(ConnectionClosedError);
  });
});

describe('ref and unref', () => {
  it('go to the reader while there is one', () => {
    const { connection, reader } = fakeConnection();
    expect(connection.unref()).toBe(connection);
    expect(reader.referenced).toBe(false);
    expect(connection.ref()).toBe(connection);
    expect(reader.referenced).toBe(true);
    reader.finish();
    connection.unref();
    expect(reader.referenced).toBe(true);
  });
});

describe('a session', () => {
  it('hears of notices first, then of messages, then of the end, and joins once', () => {
    const reader = new FakeSession();
    const session = new Session(reader);
    const heard: string[] = [];
    session.onNotice = (notice) => heard.push(notice.kind);
    session.onMessages = () => heard.push(`messages, joined ${reader.joins}`);
    session.onFinished = () => heard.push(`finished, joined ${reader.joins}`);
    reader.notices = () => [{ kind: 'closing' }];
    reader.finish();
    expect(heard).toEqual(['messages, joined 0', 'finished, joined 1']);
    session.wake(7);
    expect(reader.joins).toBe(1);
  });

  it('reports a handler that fails and still does the rest', async () => {
    const reader = new FakeSession();
    const session = new Session(reader);
    const failures: unknown[] = [];
    const report = vi.spyOn(process, 'nextTick').mockImplementation((callback) => {
      try {
        callback();
      } catch (error) {
        failures.push(error);
      }
    });
    session.onNotice = () => {
      throw new Error('notice');
    };
    session.onMessages = () => {
      throw new Error('messages');
    };
    let outcome: unknown;
    session.onFinished = (native) => {
      outcome = native;
    };
    reader.notify({ kind: 'closing' }, { kind: 'drained' });
    reader.finish();
    report.mockRestore();
    expect(failures).toEqual([new Error('notice'), new Error('notice'), new Error('messages')]);
    expect(outcome).toMatchObject({ cause: 'none' });
  });

  it('ends when it is told to', async () => {
    const reader = new FakeSession();
    const session = new Session(reader);
    const ended = session.end();
    expect(reader.commands).toEqual([{ type: 'terminate', payload: '' }]);
    reader.finish({ cause: 'terminated' });
    expect(await ended).toBe(session.joined);
    expect(await session.end()).toBe(session.joined);
  });
});
