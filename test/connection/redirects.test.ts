/** Redirects over sockets: where they lead, what comes along, and how they end. What is a redirect is the unit tests'. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../lib/connect.js';
import type { Connection } from '../../lib/connection.js';
import * as errors from '../../lib/errors.js';
import type { ConnectOptions } from '../../lib/options.js';
import { liveReaders } from '../support/live-readers.js';
import { listen, refusedBy } from '../support/refused.js';
import {
  accept,
  delay,
  halfClose,
  mark,
  neverAnswer,
  type Request,
  reset,
  respond,
  type Script,
  ScriptedPeer,
  type Step,
  sendRaw,
  sendText,
} from '../support/scripted-peer.js';
import { LONG, MEDIUM, now, SHORT } from '../support/times.js';

const redirect = (location: string, status = 302): Step => respond({ status, headers: { Location: location } });
const serving: Script = [accept(), sendText('here')];

/** Connects and receives what `serving` sends. */
async function arrive(url: string, options?: ConnectOptions): Promise<Connection> {
  const connection = await connect(url, options);
  onTestFinished(async () => {
    await connection.terminate();
  });
  expect(await connection.recv()).toBe('here');
  expect(liveReaders()).toBe(1);
  return connection;
}

/** The request of each connection that a peer has had. */
async function requests(peer: ScriptedPeer): Promise<Request[]> {
  const count = await peer.connectionCount();
  return Promise.all(Array.from({ length: count }, async (_, i) => (await peer.connection(i)).request()));
}

describe('a redirect is followed', () => {
  test.each([301, 302, 303, 307, 308])('with status %i, and url is where it led', async (status) => {
    const peer = await listen([redirect('/b?c', status)], serving);
    const connection = await arrive(`${peer.url}a`);
    expect(connection.url).toBe(`${peer.url}b?c`);
    expect((await requests(peer)).map(({ requestLine }) => requestLine)).toEqual([
      'GET /a HTTP/1.1',
      'GET /b?c HTTP/1.1',
    ]);
    expect(connection.response.status).toBe(101);
  });

  test.each(['ws', 'http'])('to another host by %s', async (scheme) => {
    const there = await listen(serving);
    const here = await listen([redirect(there.url.replace('ws', scheme))]);
    const connection = await arrive(here.url);
    expect(connection.url).toBe(there.url);
    expect((await there.request()).headers['host']).toBe(`127.0.0.1:${there.port}`);
    expect(connection.remoteAddress.port).toBe(there.port);
  });

  test('as often as maxRedirects allows', async () => {
    const peer = await listen([redirect('/1')], [redirect('/2')], [redirect('/3')], serving);
    const connection = await arrive(peer.url, { maxRedirects: 3 });
    expect(connection.url).toBe(`${peer.url}3`);
  });

  test('after the one that redirects has been hung up on', async () => {
    const there = await listen([accept(), sendText('here')]);
    const here = await listen([redirect(there.url), neverAnswer()]);
    await arrive(here.url);
    await here.ended();
  });

  test('whatever its body, which is not waited for', async () => {
    const endless = sendRaw('HTTP/1.1 302 Found\r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe');
    const peer = await listen([endless, neverAnswer()], serving);
    const began = now();
    await arrive(peer.url);
    expect(now() - began).toBeLessThan(LONG);
  });

  test('with a key of its own each time', async () => {
    const peer = await listen([redirect('/b')], serving);
    await arrive(peer.url);
    const keys = (await requests(peer)).map(({ headers }) => headers['sec-websocket-key']);
    expect(new Set(keys).size).toBe(2);
  });

  test('with the same offer', async () => {
    const there = await listen([accept({ headers: { 'Sec-WebSocket-Protocol': 'b' } }), sendText('here')]);
    const here = await listen([redirect(there.url)]);
    const connection = await arrive(here.url, { subprotocols: ['a', 'b'], compression: { clientMaxWindowBits: 10 } });
    expect(connection.subprotocol).toBe('b');
    expect((await there.request()).headers).toMatchObject({
      'sec-websocket-protocol': 'a, b',
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits=10',
    });
  });
});

describe('what the caller set', () => {
  const options: ConnectOptions = {
    auth: 'user:secret',
    origin: 'https://o.example',
    userAgent: 'mine/1',
    headers: {
      Host: 'h.example',
      Cookie: ['a=secret', 'b=secret'],
      'Proxy-Authorization': 'Basic secret',
      'X-Api-Key': 'secret',
      'X-Trace': 'secret',
      'Accept-Language': 'en',
    },
  };
  const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`;

  test('goes along within the origin', async () => {
    const peer = await listen([redirect('/b')], serving);
    await arrive(peer.url, options);
    const [, { headers } = { headers: {} }] = await requests(peer);
    expect(headers).toMatchObject({
      authorization,
      host: 'h.example',
      cookie: 'a=secret; b=secret',
      'x-api-key': 'secret',
      'accept-language': 'en',
    });
  });

  test('stays where it is secret, and the origin is another', async () => {
    const there = await listen(serving);
    const here = await listen([redirect(there.url)]);
    await arrive(here.url, options);
    const { head, headers } = await there.request();
    expect(head).not.toMatch(/secret|authorization|cookie|x-trace/i);
    expect(headers).toMatchObject({
      host: `127.0.0.1:${there.port}`,
      origin: 'https://o.example',
      'user-agent': 'mine/1',
      'accept-language': 'en',
    });
    expect((await here.request()).headers).toMatchObject({ authorization, 'x-api-key': 'secret' });
  });

  test('does not come back where another origin leads back', async () => {
    const here = await ScriptedPeer.listen([neverAnswer()]);
    onTestFinished(() => here.stop());
    const there = await listen([redirect(here.url)]);
    await (await connectionOf(here, there)).terminate();
    const [, back] = await requests(here);
    expect(back?.head).not.toMatch(/secret|authorization|cookie/i);
  });

  /** Connects to a peer that leads away and then serves; its scripts need to know where. */
  async function connectionOf(here: ScriptedPeer, there: ScriptedPeer): Promise<Connection> {
    const connecting = connect(here.url, options);
    connecting.catch(() => {});
    const first = await here.connection(0);
    await first.request();
    await first.do(redirect(there.url));
    const second = await here.connection(1);
    await second.request();
    await second.do(accept());
    return connecting;
  }

  test('in a URL goes along within the origin, and not to another', async () => {
    const there = await listen(serving);
    const here = await listen([redirect('/b')], [redirect(there.url)]);
    const connection = await arrive(here.url.replace('//', '//user:secret@'));
    expect((await requests(here)).map(({ headers }) => headers['authorization'])).toEqual([
      authorization,
      authorization,
    ]);
    expect((await there.request()).headers).not.toHaveProperty('authorization');
    expect(connection.url).not.toContain('secret');
  });

  test('gives way to the credentials of Location, which the next origin does not see', async () => {
    const last = await listen(serving);
    const there = await listen([redirect('/b')], [redirect(last.url)]);
    const here = await listen([redirect(there.url.replace('//', '//v:q@'))]);
    await arrive(here.url, options);
    const theirs = `Basic ${Buffer.from('v:q').toString('base64')}`;
    expect((await requests(there)).map(({ headers }) => headers['authorization'])).toEqual([theirs, theirs]);
    expect((await last.request()).headers).not.toHaveProperty('authorization');
  });
});

describe('a redirect is not followed', () => {
  test('where maxRedirects is 0: it is a status like others', async () => {
    const peer = await listen([respond({ status: 302, headers: { Location: '/b' }, body: 'over there' })]);
    const error = await refusedBy<errors.InvalidStatus>(peer.url, { maxRedirects: 0 });
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    expect(error.message).toBe('server rejected WebSocket connection: HTTP 302; Location is "/b"');
    expect(error.text).toBe('over there');
    expect(error.url).toBeUndefined();
  });

  test.each([300, 304, 305])('where its status is %i', async (status) => {
    const peer = await listen([redirect('/b', status)]);
    expect(await refusedBy(peer.url)).toBeInstanceOf(errors.InvalidStatus);
  });

  test('where it is one too many', async () => {
    const peer = await listen([redirect('/1')], [redirect('/2')], [redirect('/3')], serving);
    const error = await refusedBy(peer.url, { maxRedirects: 2 });
    expect(error).toBeInstanceOf(errors.SecurityError);
    expect(error.message).toBe(
      `server redirected more than 2 times, which is what maxRedirects allows; redirected to "${peer.url}3"`,
    );
    expect(await peer.connectionCount()).toBe(3);
  });

  test('for ever: a loop ends after ten', async () => {
    const peer = await listen([redirect('/')]);
    expect(await refusedBy(peer.url)).toBeInstanceOf(errors.SecurityError);
    expect(await peer.connectionCount()).toBe(11);
  });

  test.each([
    ['lacks Location', sendRaw('HTTP/1.1 302 Found\r\n\r\n'), errors.InvalidHeader],
    ['has two', sendRaw('HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n\r\n'), errors.InvalidHeader],
    ['leads to what is no URL', redirect('http://:x/'), errors.InvalidHeader],
    ['leads to a file', redirect('file:///etc/passwd'), errors.SecurityError],
    ['leads to a socket', redirect('ws+unix:/a.sock:/b'), errors.SecurityError],
  ])('where it %s', async (_what, step, type) => {
    const peer = await listen([step, neverAnswer()]);
    expect(await refusedBy(peer.url)).toBeInstanceOf(type);
    expect(await peer.connectionCount()).toBe(1);
  });
});

describe('a failure after a redirect', () => {
  test('names the URL that failed', async () => {
    const peer = await listen([redirect('/b')], [respond({ status: 404, body: 'no b' })]);
    const error = await refusedBy<errors.InvalidStatus>(peer.url);
    expect(error).toBeInstanceOf(errors.InvalidStatus);
    expect(error).toMatchObject({ url: `${peer.url}b`, text: 'no b', response: { status: 404 } });
    expect(error.message).toBe(`server rejected WebSocket connection: HTTP 404; redirected to "${peer.url}b"`);
    expect(error.stack).toContain(error.message);
  });

  test('names it without its credentials', async () => {
    const peer = await listen([respond({ status: 404 })]);
    const here = await listen([redirect(peer.url.replace('//', '//u:secret@'))]);
    const error = await refusedBy(here.url);
    expect(error).toMatchObject({ url: peer.url, message: expect.not.stringContaining('secret') });
  });

  test('to dial names it too', async () => {
    const gone = await ScriptedPeer.listen([accept()]);
    await gone.stop();
    const here = await listen([redirect(gone.url)]);
    const error = await refusedBy(here.url);
    expect(error).toBeInstanceOf(errors.TransportError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', port: gone.port, url: gone.url });
  });

  test('of the next redirect names who redirected', async () => {
    const peer = await listen([redirect('/b')], [redirect('ftp://h/')]);
    const error = await refusedBy(peer.url);
    expect(error).toBeInstanceOf(errors.SecurityError);
    expect(error.url).toBe(`${peer.url}b`);
  });

  test.each<[string, Script, unknown]>([
    ['the end of the stream', [accept({ head: '' }), halfClose()], errors.InvalidMessage],
    ['a reset', [delay(SHORT), reset()], errors.TransportError],
    ['a wrong accept', [accept({ accept: 'wrong' })], errors.InvalidHeader],
  ])('by %s is what it would be without', async (_what, script, type) => {
    const peer = await listen([redirect('/b')], script);
    const error = await refusedBy(peer.url);
    expect(error).toBeInstanceOf(type);
    expect(error.url).toBe(`${peer.url}b`);
  });
});

describe('openTimeout', () => {
  test('is one for all hops', async () => {
    const slow: Script = [delay(MEDIUM), redirect('/again')];
    const peer = await listen(slow, slow, slow, [neverAnswer()]);
    const began = now();
    const error = await refusedBy(peer.url, { openTimeout: 5 * MEDIUM });
    expect(error).toBeInstanceOf(errors.TimeoutError);
    expect(error.url).toBe(`${peer.url}again`);
    expect(now() - began).toBeGreaterThanOrEqual(5 * MEDIUM - 2);
    expect(now() - began).toBeLessThan(5 * MEDIUM + LONG);
    expect(await peer.connectionCount()).toBe(4);
  });

  test('ends a chain of slow redirects that would be followed', async () => {
    const peer = await listen([delay(MEDIUM), redirect('/again')]);
    const began = now();
    expect(await refusedBy(peer.url, { openTimeout: 3 * MEDIUM })).toBeInstanceOf(errors.TimeoutError);
    expect(now() - began).toBeLessThan(3 * MEDIUM + LONG);
  });
});

describe('a signal', () => {
  test('aborts a later hop at once, with its reason as it is', async () => {
    const peer = await listen([redirect('/b')], [mark('asked'), neverAnswer()]);
    const abort = new AbortController();
    const reason = new errors.HawserError('enough');
    const connecting = refusedBy(peer.url, { signal: abort.signal });
    await (await peer.connection(1)).request();
    const aborted = now();
    abort.abort(reason);
    expect(await connecting).toBe(reason);
    expect(now() - aborted).toBeLessThan(LONG);
    expect(reason.message).toBe('enough');
    expect(reason).not.toHaveProperty('url');
  });

  test('aborts between two hops', async () => {
    const peer = await listen([redirect('/')]);
    const abort = new AbortController();
    const connecting = refusedBy(peer.url, { signal: abort.signal, maxRedirects: 100 });
    await peer.connection(3);
    abort.abort(new Error('enough'));
    expect((await connecting).message).toBe('enough');
    expect(await peer.connectionCount()).toBeLessThan(100);
  });
});
