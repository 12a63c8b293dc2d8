import { describe, expect, test } from 'vitest';
import { parseProxy } from '../../../lib/dial/proxy.js';
import { connectThroughSocks, type Destination } from '../../../lib/dial/socks.js';
import { EndOfStream, ProxyError } from '../../../lib/errors.js';
import { FakeStream } from '../fakes/handshake-stream.js';

const named: Destination = { hostname: 'h.example', port: 443 };
const port443 = [0x01, 0xbb];

function ask(stream: FakeStream, url: string, destination = named): Promise<void> {
  return connectThroughSocks(stream, parseProxy('proxy', url), destination);
}

/** What was written where the proxy answers so, and what was left unread of what it says. */
async function conversation(answer: number[], url: string, destination?: Destination) {
  const stream = new FakeStream([...answer, ...bytes('tunnel')]);
  await ask(stream, url, destination);
  expect(stream.unread).toBe('tunnel');
  return stream.writes;
}

async function refusal(answer: number[], url: string, destination?: Destination): Promise<ProxyError> {
  const error = await ask(new FakeStream([...answer, ...bytes('more')]), url, destination).catch((e) => e);
  expect(error).toBeInstanceOf(ProxyError);
  return error;
}

function bytes(text: string): number[] {
  return [...Buffer.from(text, 'utf8')];
}

describe('SOCKS5', () => {
  const choice = [5, 0];
  const reply = [5, 0, 0, 1, 10, 0, 0, 1, 0x1f, 0x90];

  test('has the proxy resolve a name', async () => {
    expect(await conversation([...choice, ...reply], 'socks5h://p')).toEqual([
      [5, 1, 0],
      [5, 1, 0, 3, 9, ...bytes('h.example'), ...port443],
    ]);
  });

  test('connects to IPv4 and IPv6 addresses', async () => {
    const [, toV4] = await conversation([...choice, ...reply], 'socks5://p', { hostname: '10.1.2.3', port: 80 });
    expect(toV4).toEqual([5, 1, 0, 1, 10, 1, 2, 3, 0, 80]);
    const [, toV6] = await conversation([...choice, ...reply], 'socks5h://p', { hostname: '2001:db8::1', port: 80 });
    expect(toV6).toEqual([5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80]);
  });

  test('authenticates with user and password where the proxy wants it', async () => {
    const writes = await conversation([5, 2, 1, 0, ...reply], 'socks5h://us%3Aer:p%E2%98%83@p');
    expect(writes.slice(0, 2)).toEqual([
      [5, 2, 0, 2],
      [1, 5, ...bytes('us:er'), 4, ...bytes('p☃')],
    ]);
  });

  test('tells no credentials to a proxy that wants none', async () => {
    const writes = await conversation([...choice, ...reply], 'socks5h://user:pass@p');
    expect(writes).toHaveLength(2);
    expect(writes[0]).toEqual([5, 2, 0, 2]);
  });

  test('takes names of up to 255 bytes', async () => {
    const hostname = 'h'.repeat(255);
    const [, request] = await conversation([...choice, ...reply], 'socks5h://p', { hostname, port: 443 });
    expect(request).toEqual([5, 1, 0, 3, 255, ...bytes(hostname), ...port443]);
    const error = await refusal(choice, 'socks5h://p', { hostname: `${hostname}h`, port: 443 });
    expect(error.message).toContain('the host’s name has 256 bytes; the limit of SOCKS5 is 255'.replace('’', "'"));
  });

  test.each([
    ['IPv4', [1, 10, 0, 0, 1]],
    ['IPv6', [4, ...new Array(16).fill(7)]],
    ['domain name', [3, 4, ...bytes('host')]],
    ['empty domain name', [3, 0]],
    ['domain name of 255 bytes', [3, 255, ...new Array(255).fill(0x68)]],
  ])('reads exactly a bound address that is an %s', async (_what, address) => {
    expect(await conversation([...choice, 5, 0, 0, ...address, 0x1f, 0x90], 'socks5h://p')).toHaveLength(2);
  });

  test.each([
    [1, 'general SOCKS server failure'],
    [2, 'connection not allowed by ruleset'],
    [3, 'network unreachable'],
    [4, 'host unreachable'],
    [5, 'connection refused'],
    [6, 'TTL expired'],
    [7, 'command not supported'],
    [8, 'address type not supported'],
    [99, 'unknown reply'],
  ])('reply %i is a ProxyError: %s', async (code, words) => {
    const error = await refusal([...choice, 5, code], 'socks5h://user:secret@p');
    expect(error.message).toBe(
      `SOCKS proxy failed to connect: ${words} (reply ${code}); the proxy is socks5h://p:1080`,
    );
    expect(error).toMatchObject({ proxy: 'socks5h://p:1080', replyCode: code });
    expect(error.status).toBeUndefined();
  });

  const failed = 'failed to connect to SOCKS proxy: ';
  test.each<[string, number[], string]>([
    ['p', [5, 0xff], `${failed}it requires authentication; no credentials were given`],
    ['u:p@p', [5, 0xff], `${failed}it requires authentication; other than by username and password`],
    ['p', [5, 2], `${failed}it chose authentication method 2; offered were 0`],
    ['u:p@p', [5, 1], `${failed}it chose authentication method 1; offered were 0 and 2`],
    ['p', [4, 0], `${failed}it answered with version 4; expected 5`],
    ['p', bytes('HTTP/1.1 400'), `${failed}it answered with version 72, and seems to be an HTTP proxy; expected 5`],
    ['u:p@p', [5, 2, 1, 1], `${failed}it rejected the credentials with status 1`],
    ['u:p@p', [5, 2, 5, 0], `${failed}it answered with version 5 of the authentication; expected 1`],
    ['p', [5, 0, 4, 0], `${failed}it answered with version 4; expected 5`],
    ['p', [5, 0, 5, 0, 0, 2], `${failed}its reply has an address of type 2; expected 1, 3 or 4`],
  ])('from %s, %j is an error', async (proxy, answer, message) => {
    const error = await refusal(answer, `socks5h://${proxy}`);
    expect(error.message).toBe(`${message}; the proxy is socks5h://p:1080`);
    expect(error.replyCode).toBeUndefined();
  });

  test('an end anywhere in the answers is the stream’s', async () => {
    const whole = [5, 2, 1, 0, ...reply];
    for (let size = 0; size < whole.length; size++) {
      const stream = new FakeStream(whole.slice(0, size));
      await expect(ask(stream, 'socks5h://u:p@p')).rejects.toThrow(EndOfStream);
    }
  });
});

describe('SOCKS4', () => {
  const granted = [0, 90, 1, 2, 3, 4, 5, 6];
  const address = { hostname: '10.1.2.3', port: 443 };

  test('connects to IPv4 addresses, as a user or none', async () => {
    const start = [4, 1, ...port443, 10, 1, 2, 3];
    expect(await conversation(granted, 'socks4://p', address)).toEqual([[...start, 0]]);
    expect(await conversation(granted, 'socks4://us%C3%A9r@p', address)).toEqual([[...start, ...bytes('usér'), 0]]);
    expect(await conversation(granted, 'socks4a://p', address)).toEqual([[...start, 0]]);
  });

  test('4a has the proxy resolve a name', async () => {
    const request = [4, 1, ...port443, 0, 0, 0, 1, ...bytes('user'), 0, ...bytes('h.example'), 0];
    expect(await conversation(granted, 'socks4a://user@p')).toEqual([request]);
  });

  test.each(['socks4', 'socks4a'])('%s can’t connect to IPv6 addresses', async (scheme) => {
    const error = await refusal([], `${scheme}://p`, { hostname: '::1', port: 80 });
    expect(error.message).toContain('SOCKS4 can only connect to IPv4 addresses; the host is ::1');
  });

  test.each([
    [91, 'request rejected or failed'],
    [92, 'identd of this host cannot be reached'],
    [93, 'identd of this host reports another user'],
    [94, 'unknown reply'],
  ])('reply %i is a ProxyError: %s', async (code, words) => {
    const error = await refusal([0, code, 0, 0, 0, 0, 0, 0], 'socks4a://p');
    expect(error.message).toBe(
      `SOCKS proxy failed to connect: ${words} (reply ${code}); the proxy is socks4a://p:1080`,
    );
    expect(error.replyCode).toBe(code);
  });

  test('another version is an error', async () => {
    const error = await refusal([5, 90, 0, 0, 0, 0, 0, 0], 'socks4a://p');
    expect(error.message).toContain('failed to connect to SOCKS proxy: it answered with version 5; expected 0');
  });

  test('an end anywhere in the answer is the stream’s', async () => {
    for (let size = 0; size < granted.length; size++) {
      await expect(ask(new FakeStream(granted.slice(0, size)), 'socks4a://p')).rejects.toThrow(EndOfStream);
    }
  });
});
