import { expect, test } from 'vitest';
import { type ConnectSettings, connectThroughHttp } from '../../../lib/dial/http-connect.js';
import { parseProxy } from '../../../lib/dial/proxy.js';
import { InvalidHeader, InvalidMessage, ProxyError, SecurityError } from '../../../lib/errors.js';
import { FakeStream } from '../fakes/handshake-stream.js';

const plain: ConnectSettings = { userAgent: undefined, proxyHeaders: [] };
const established = 'HTTP/1.1 200 Connection established\r\n\r\n';

function ask(stream: FakeStream, url = 'http://p:3128', settings: Partial<ConnectSettings> = {}): Promise<void> {
  return connectThroughHttp(stream, parseProxy('proxy', url), 'h.example:80', { ...plain, ...settings });
}

async function request(url?: string, settings?: Partial<ConnectSettings>): Promise<string> {
  const stream = new FakeStream(established);
  await ask(stream, url, settings);
  return stream.written;
}

test('a tunnel is asked for with CONNECT', async () => {
  expect(await request()).toBe('CONNECT h.example:80 HTTP/1.1\r\nHost: h.example:80\r\n\r\n');
});

test('credentials are sent as Basic authentication, in UTF-8', async () => {
  const credentials = Buffer.from('üser:päss', 'utf8').toString('base64');
  expect(await request('http://%C3%BCser:p%C3%A4ss@p')).toContain(`\r\nProxy-Authorization: Basic ${credentials}\r\n`);
});

test('the user agent is told to the proxy too', async () => {
  expect(await request(undefined, { userAgent: 'me/1' })).toContain('\r\nUser-Agent: me/1\r\n');
});

test('headers for the proxy are added, and replace those of the same name', async () => {
  const written = await request('http://user:pass@p', {
    userAgent: 'me/1',
    proxyHeaders: [
      ['X-A', '1'],
      ['x-a', '2'],
      ['user-agent', 'you/2'],
      ['proxy-authorization', 'Bearer t'],
      ['host', 'other'],
    ],
  });
  expect(written.split('\r\n')).toEqual([
    'CONNECT h.example:80 HTTP/1.1',
    'Host: other',
    'X-A: 1',
    'x-a: 2',
    'user-agent: you/2',
    'proxy-authorization: Bearer t',
    '',
    '',
  ]);
});

test.each([
  'HTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n',
  'HTTP/1.1 200\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 299 Fine\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
])('%j is a tunnel, and what comes behind is its own', async (answer) => {
  const stream = new FakeStream(`${answer}tunnelled`);
  await ask(stream);
  expect(stream.unread).toBe('tunnelled');
});

test('another status is a ProxyError that carries what the proxy said', async () => {
  const head = 'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 7\r\n\r\n';
  const error: ProxyError = await ask(new FakeStream(`${head}say whobeyond`), 'http://user:secret@p').catch((e) => e);
  expect(error).toBeInstanceOf(ProxyError);
  expect(error.message).toBe('proxy rejected connection: HTTP 407; the proxy is http://p:80');
  expect(error).toMatchObject({ code: 'HAWSER_PROXY', proxy: 'http://p:80', status: 407, text: 'say who' });
  expect(error.response?.headers.get('proxy-authenticate')).toBe('Basic realm="x"');
  expect(error.replyCode).toBeUndefined();
  expect(error).not.toHaveProperty('cause');
});

test.each([101, 301, 400, 403, 502, 503])('HTTP %i is no tunnel', async (status) => {
  const error: ProxyError = await ask(new FakeStream(`HTTP/1.1 ${status} No\r\n\r\n`)).catch((e) => e);
  expect(error).toBeInstanceOf(ProxyError);
  expect(error.status).toBe(status);
});

test('the body of a refusal is bounded', async () => {
  const stream = new FakeStream(`HTTP/1.0 403 No\r\n\r\n${'x'.repeat(3 * 1024 * 1024)}`);
  const error: ProxyError = await ask(stream).catch((e) => e);
  expect(error.body).toHaveLength(1024 * 1024);
});

test.each<[string, new (...args: never[]) => Error]>([
  ['220 smtp.example ESMTP\r\n\r\n', InvalidMessage],
  ['HTTP/2 200 OK\r\n\r\n', InvalidMessage],
  ['HTTP/1.1 200 OK', InvalidMessage],
  ['HTTP/1.0 200 OK\r\nX: y', InvalidMessage],
  ['HTTP/1.1 200 OK\r\nbad header: x\r\n\r\n', InvalidHeader],
  ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(9), SecurityError],
])('%j is what the stream’s failure is made of', async (answer, type) => {
  await expect(ask(new FakeStream(answer))).rejects.toThrow(type);
});
