import { describe, expect, test } from 'vitest';
import { InvalidHeader, SecurityError } from '../../../lib/errors.js';
import { type HeaderEntry, HeaderList } from '../../../lib/handshake/headers.js';
import { forAnotherOrigin, isRedirect, redirectTarget, sameOrigin } from '../../../lib/handshake/redirect.js';
import { parseUrl } from '../../../lib/handshake/url.js';
import { randomNumbers } from '../../support/random.js';

/** Where a redirect from one URL with these values of Location leads. */
function follow(from: string, ...locations: string[]) {
  const headers = new HeaderList(locations.map((value) => ['Location', value]));
  return redirectTarget(parseUrl(from), { status: 302, statusText: '', headers });
}

/** What following throws. */
function problem(from: string, ...locations: string[]): Error {
  try {
    return expect.unreachable(`led to ${follow(from, ...locations).href}`);
  } catch (error) {
    return error as Error;
  }
}

test.each([301, 302, 303, 307, 308])('status %i redirects', (status) => {
  expect(isRedirect(status)).toBe(true);
});

test.each([101, 200, 300, 304, 305, 306, 309, 400])('status %i does not', (status) => {
  expect(isRedirect(status)).toBe(false);
});

describe('the target', () => {
  test.each([
    ['ws://h/a/b?c', '/d', 'ws://h/d'],
    ['ws://h/a/b?c', 'd?e', 'ws://h/a/d?e'],
    ['ws://h/a/b?c', '../d', 'ws://h/d'],
    ['ws://h/a/b?c', '?e', 'ws://h/a/b?e'],
    ['ws://h:81/a', '/d', 'ws://h:81/d'],
    ['wss://h/a', '/d', 'wss://h/d'],
    ['ws://h/a', '//i/d', 'ws://i/d'],
    ['wss://h/a', '//i/d', 'wss://i/d'],
    ['ws://h/a', 'ws://i:81', 'ws://i:81/'],
    ['ws://h/a', 'wss://i/', 'wss://i/'],
    ['ws://h/a', 'http://i/', 'ws://i/'],
    ['ws://h/a', 'https://i/', 'wss://i/'],
    ['ws://h/a', 'HTTPS://I:443/', 'wss://i/'],
    ['ws://h/a', 'http://i:443/', 'ws://i:443/'],
    ['wss://h/a', 'https://h:80/', 'wss://h:80/'],
    ['ws://[::1]:81/', 'http://[::2]/', 'ws://[::2]/'],
    ['ws://h/', 'http://bücher.example/', 'ws://xn--bcher-kva.example/'],
    ['ws://h/', '/a b', 'ws://h/a%20b'],
    ['ws+unix:/s.sock:/a', '/d?e', 'ws+unix:/s.sock:/d?e'],
    ['wss+unix:/s.sock:/a/b', 'd', 'wss+unix:/s.sock:/a/d'],
    ['ws+unix:/s.sock:/a', 'http://i/', 'ws://i/'],
    ['ws://[fe80::1%25lo]:81/a', '/d', 'ws://[fe80::1%25lo]:81/d'],
    ['ws://[fe80::1%25lo]:81/a', 'ws://[fe80::1]:81/d', 'ws://[fe80::1%25lo]:81/d'],
  ])('of %s by %j is %s', (from, location, to) => {
    const { href } = follow(from, Buffer.from(location, 'utf8').toString('latin1'));
    expect(href).toBe(to);
  });

  test.each([
    ['/d#top', 'ws://h/d'],
    ['#top', 'ws://h/a?b'],
    ['http://i/#', 'ws://i/'],
  ])('has no fragment: %j', (location, to) => {
    expect(follow('ws://h/a?b', location).href).toBe(to);
  });

  test('may be written in UTF-8 or in latin1', () => {
    expect(follow('ws://h/', '/\xc3\xa9').resource).toBe('/%C3%A9');
    expect(follow('ws://h/', '/\xe9').resource).toBe('/%C3%A9');
  });

  test('keeps the credentials of the URL within its origin', () => {
    const credentials = { username: 'u', password: 'p' };
    for (const location of ['/b', 'ws://h/b', 'http://h:80/b', 'https://h/b']) {
      expect(follow('ws://u:p@h/a', location)).toMatchObject({ resource: '/b', credentials });
    }
  });

  test('loses them outside of it', () => {
    for (const location of ['ws://i/', 'ws://h:81/', 'ws://sub.h/', 'https://h:444/', '//i']) {
      expect(follow('ws://u:p@h/a', location).credentials).toBeUndefined();
    }
  });

  test('has the credentials that Location has', () => {
    for (const location of ['http://v:q@i/', 'http://v:q@h/']) {
      const to = follow('ws://u:p@h/a', location);
      expect(to.credentials).toEqual({ username: 'v', password: 'q' });
      expect(to.href).not.toContain('q@');
    }
  });
});

describe('a redirect is refused', () => {
  test('without a Location', () => {
    const error = problem('ws://h/');
    expect(error).toBeInstanceOf(InvalidHeader);
    expect(error).toMatchObject({ headerName: 'Location', headerValue: undefined });
    expect(error.message).toBe('missing Location header in a response with status 302');
  });

  test('with two, even of the same value', () => {
    expect(problem('ws://h/', '/a', '/a').message).toBe('response has 2 Location headers; expected one');
  });

  test.each(['', 'http://', 'http://h:99999/', 'ws://a b/', 'http://[::1/', 'http://h:0/', 'http://%75%ff@h/'])(
    'with the Location %j',
    (location) => {
      const error = problem('ws://h/', location);
      expect(error).toBeInstanceOf(InvalidHeader);
      expect(error).toMatchObject({
        headerName: 'Location',
        message: expect.stringMatching(/^invalid Location header/),
      });
    },
  );

  test('without a word of the password that Location has', () => {
    const error = problem('ws://h/', 'http://user:secret@h:0/');
    expect(JSON.stringify([error.message, error])).not.toContain('secret');
  });

  test('in a message of bounded length', () => {
    expect(problem('ws://h/', `http://${'a'.repeat(5000)}:x/`).message.length).toBeLessThan(200);
  });

  test.each(['http://h/', 'ws://h/', 'ws://other/', 'HTTP://h/'])('from wss: to %j', (location) => {
    const error = problem('wss://h/', location);
    expect(error).toBeInstanceOf(SecurityError);
    expect(error.message).toMatch(/^redirect leads from 'wss:' to '(ws|http):'; expected 'wss:' or 'https:'$/);
  });

  test.each(['ftp://h/', 'file:///etc/passwd', 'data:,x', 'ws+unix:/a.sock:/b', 'javascript:1', 'about:blank'])(
    'to the scheme of %j',
    (location) => {
      for (const from of ['ws://h/', 'wss://h/']) expect(problem(from, location)).toBeInstanceOf(SecurityError);
    },
  );
});

test('any Location at all gives a target that may be connected to, or one of two errors', () => {
  const random = randomNumbers(11);
  const parts = [
    'ws:',
    'wss:',
    'http:',
    'https:',
    'file:',
    '/',
    '//',
    'h',
    ':',
    '81',
    '@',
    '#',
    '?',
    '%',
    '%2f',
    '[',
    ']',
  ];
  const alphabet = [...parts, '::1', '.', '..', '\\', ' ', '\t', '\xe9', '\xc3\xa9', '\x7f', 'u:p@'];
  for (let round = 0; round < 5_000; round++) {
    const location = Array.from({ length: random(9) }, () => alphabet[random(alphabet.length)]).join('');
    const secure = random(2) === 0;
    try {
      const { href } = follow(`${secure ? 'wss' : 'ws'}://user:pw@h/a`, location);
      expect(href).toMatch(secure ? /^wss:\/\/[^/#@]+\/[^#]*$/ : /^wss?:\/\/[^/#@]+\/[^#]*$/);
      expect(parseUrl(href).href).toBe(href);
    } catch (error) {
      expect([InvalidHeader, SecurityError], location).toContain((error as Error).constructor);
    }
  }
});

test.each([
  ['ws://h/', 'ws://h/b', true],
  ['ws://h/', 'ws://h:80/', true],
  ['ws://h/', 'wss://h/', true],
  ['ws://h:81/', 'wss://h:81/', true],
  ['wss://h/', 'wss://h:443/', true],
  ['ws://h/', 'ws://i/', false],
  ['ws://h/', 'ws://h:81/', false],
  ['ws://h/', 'ws://h.h/', false],
  ['ws://h/', 'ws://h./', false],
  ['ws://h:81/', 'wss://h/', false],
  ['ws://h:443/', 'wss://h/', false],
  ['wss://h/', 'ws://h/', false],
])('whether %s and %s are of one origin: %s', (from, to, same) => {
  expect(sameOrigin(parseUrl(from), parseUrl(to))).toBe(same);
});

const noSettings = {
  headers: [],
  auth: undefined,
  tls: { cert: [], key: [], pfx: [], servername: undefined, session: undefined },
};

test('another origin sees the headers that tell nothing, and no others', () => {
  const harmless: HeaderEntry[] = [
    ['User-Agent', 'mine'],
    ['accept-language', 'en'],
    ['Origin', 'https://o.example'],
  ];
  const secret: HeaderEntry[] = [
    ['Authorization', 'Bearer t'],
    ['Proxy-Authorization', 'Basic t'],
    ['Cookie', 'a=b'],
    ['Host', 'h.example'],
    ['X-Api-Key', 'k'],
    ['X-Whatever', 'w'],
    ['Referer', 'https://o.example/?token=t'],
  ];
  const auth = { username: 'u', password: 'p' };
  const settings = { ...noSettings, headers: [...harmless, ...secret], auth, origin: 'o' };
  expect(forAnotherOrigin(settings)).toMatchObject({ headers: harmless, auth: undefined, origin: 'o' });
  expect(settings.auth).toBe(auth);
});

test('another origin is offered no certificate, and judged by its own name', () => {
  const pem = Buffer.from('x');
  const secrets = { cert: [pem], key: [{ pem, passphrase: 'p' }], pfx: [{ der: pem, passphrase: 'p' }], session: pem };
  const trust = { ca: [pem], rejectUnauthorized: false };
  const { tls } = forAnotherOrigin({ ...noSettings, tls: { ...secrets, ...trust, servername: 'h.example' } });
  expect(tls).toEqual({ ...noSettings.tls, ...trust });
});

test('another origin is not looked for behind the same socket', () => {
  expect(forAnotherOrigin({ ...noSettings, socketPath: '/a.sock' }).socketPath).toBeUndefined();
});

test.each([
  ['ws+unix:/s.sock:/a', 'ws://localhost/'],
  ['ws://localhost/', 'ws+unix:/s.sock:/a'],
  ['ws+unix:/s.sock:/a', 'ws+unix:/t.sock:/a'],
])('a socket is an origin of its own: %s and %s', (one, other) => {
  expect(sameOrigin(parseUrl(one), parseUrl(other))).toBe(false);
});

test('nobody is led to a socket of the client’s system', () => {
  expect(problem('ws://h/', 'ws+unix:/run/docker.sock:/')).toBeInstanceOf(SecurityError);
});
