import { expect, test, vi } from 'vitest';
import { createDuplex, createWebStreams } from '../../../lib/streams/index.js';
import { fakeConnection } from '../fakes/connection.js';

vi.mock('../../../lib/native.js', () => import('../fakes/native.js'));

const { connection } = fakeConnection();
const duplexWith = (options: unknown) => () => createDuplex(connection, options as never);
const streamsWith = (options: unknown) => () => createWebStreams(connection, options as never);

test.each([undefined, null, {}, 'ws://localhost'])('%s is no connection', (value) => {
  expect(() => createDuplex(value as never)).toThrow('expected a Connection');
  expect(() => createWebStreams(value as never)).toThrow('expected a Connection');
});

test.each([
  [{ objectmode: true }, 'unknown option objectmode; did you mean objectMode?'],
  [{ read: () => {} }, 'unknown option read'],
  [{ objectMode: 1 }, 'objectMode is 1; expected true or false'],
  [{ decodeStrings: 'no' }, "decodeStrings is 'no'; expected true or false"],
  [{ highWaterMark: '1' }, "highWaterMark is '1'; expected an integer number of bytes or messages"],
  [{ encoding: 'latin2' }, "encoding is 'latin2'; expected an encoding of Node's"],
  [{ allowHalfOpen: true }, 'allowHalfOpen is true; expected false; a WebSocket connection is never half open'],
  [{ signal: {} }, 'signal is {}; expected an AbortSignal'],
  [null, 'options is null; expected an object'],
])('a Duplex with the options %j is a TypeError', (options, message) => {
  expect(duplexWith(options)).toThrow(TypeError);
  expect(duplexWith(options)).toThrow(message);
});

test('a Duplex with a mark below 0 is a RangeError', () => {
  expect(duplexWith({ readableHighWaterMark: -1 })).toThrow(RangeError);
});

test.each([
  [{ highWaterMark: 1 }, 'unknown option highWaterMark'],
  [{ readableStrategy: 1 }, 'readableStrategy is 1; expected a queuing strategy, which is an object'],
  [{ readableStrategy: { highWaterMark: '1' } }, "readableStrategy.highWaterMark is '1'; expected a number"],
  [{ writableStrategy: { size: 1 } }, 'writableStrategy.size is 1; expected a function'],
])('web streams with the options %j are a TypeError', (options, message) => {
  expect(streamsWith(options)).toThrow(TypeError);
  expect(streamsWith(options)).toThrow(message);
});

test.each([-1, Number.NaN])('web streams with a mark of %d are a RangeError', (highWaterMark) => {
  expect(streamsWith({ writableStrategy: { highWaterMark } })).toThrow(RangeError);
});

test('options reach the Duplex', () => {
  const duplex = createDuplex(connection, {
    readableObjectMode: true,
    readableHighWaterMark: 3,
    writableHighWaterMark: 5,
    allowHalfOpen: false,
  });
  expect(duplex).toMatchObject({
    readableObjectMode: true,
    writableObjectMode: false,
    readableHighWaterMark: 3,
    writableHighWaterMark: 5,
    allowHalfOpen: false,
  });
});
