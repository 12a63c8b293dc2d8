import { describe, expect, test } from 'vitest';
import { echoOfText, fails, late, reacts } from './cases/build.js';
import { judge, type Observation } from './server/judge.js';

const good: Observation = {
  reactions: [],
  closeCode: 1000,
  serverClosedFirst: true,
  actedInTime: true,
  end: 'fin',
  incomplete: 0,
};
const failed: Observation = { ...good, closeCode: 1002, serverClosedFirst: false };
const { end: _, ...endless } = good;
const { closeCode: __, ...closeless } = failed;

const nothing = reacts([], []);
const hello = reacts([], [echoOfText('hello')]);
const protocolError = fails(1002, [], [echoOfText('hello')], [[], [late]]);

describe('a connection that is to close in good order', () => {
  test('is OK when it does', () => {
    expect(judge(nothing, good)).toBe('OK');
    expect(judge(hello, { ...good, reactions: [echoOfText('hello')] })).toBe('OK');
  });

  test('fails when the client has not ended its stream', () => {
    expect(judge(nothing, endless)).toBe('FAILED: the client did not end the TCP connection');
  });

  test('fails when it ends within a frame', () => {
    expect(judge(nothing, { ...good, incomplete: 3 })).toBe('FAILED: the connection ended 3 bytes into a frame');
  });

  test('fails when it is reset', () => {
    expect(judge(nothing, { ...good, end: 'reset' })).toBe('FAILED: the client reset the connection');
  });

  test('fails when the client fails it', () => {
    expect(judge(nothing, failed)).toBe('FAILED: expected Close 1000, got Close 1002');
  });

  test('fails when the client closes it first', () => {
    expect(judge(nothing, { ...good, serverClosedFirst: false })).toBe(
      'FAILED: the client sent a Close before the server did',
    );
  });

  test('fails when the client did what no client may do, whatever else is right', () => {
    expect(judge(nothing, { ...good, illegal: 'client sent nonsense' })).toBe('FAILED: client sent nonsense');
  });

  test('fails at the first reaction that is wrong', () => {
    const reactions = [echoOfText('hallo')];
    expect(judge(hello, { ...good, reactions })).toBe("FAILED: expected text 'hello', got text 'hallo'");
  });

  test('is not strict when nothing was compressed that could have been', () => {
    expect(judge(nothing, { ...good, compressedCount: 0 })).toBe('NON-STRICT: no message was compressed');
    expect(judge(nothing, { ...good, compressedCount: 1 })).toBe('OK');
  });
});

describe('a connection that is to fail', () => {
  const reactions = [echoOfText('hello')];

  test('is OK when it does, with the right code', () => {
    expect(judge(protocolError, { ...failed, reactions })).toBe('OK');
  });

  test('is not strict when less was done before', () => {
    expect(judge(protocolError, failed)).toBe('NON-STRICT: reactions are none');
  });

  test('is not strict when the client dropped it', () => {
    expect(judge(protocolError, { ...closeless, reactions })).toBe('NON-STRICT: no Close');
    expect(judge(protocolError, { ...closeless, reactions, end: 'reset' })).toBe('NON-STRICT: no Close');
    expect(judge(protocolError, { ...failed, reactions, end: 'reset' })).toBe('NON-STRICT: the connection was reset');
  });

  test('fails when it was the server that gave up', () => {
    expect(judge(protocolError, { ...closeless, reactions, actedInTime: false })).toBe(
      'FAILED: the client did not fail the connection',
    );
  });
});

describe('a connection whose end is left open', () => {
  const open = reacts([], [], { ending: { kind: 'open' } });

  test('is put on record', () => {
    expect(judge(open, good)).toBe('INFORMATIONAL: Close 1000');
    expect(judge(open, { ...good, closeCode: 1005 })).toBe('INFORMATIONAL: a Close without a code');
    expect(judge(open, closeless)).toBe('INFORMATIONAL: no Close');
  });

  test('fails all the same when the client did what no client may do', () => {
    expect(judge(open, { ...good, illegal: 'client sent nonsense' })).toBe('FAILED: client sent nonsense');
  });
});
