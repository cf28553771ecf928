import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSecret } from '../../../src/transport/secret.ts';
import { parseSshUri } from '../../../src/transport/ssh/address.ts';
import { remoteCommand } from '../../../src/transport/ssh/command.ts';
import { matchesList, matchesPattern } from '../../../src/transport/ssh/pattern.ts';
import { saying, seconds } from '../../../src/transport/text.ts';
import { makeScratch, type Scratch } from './scratch.ts';

describe('ssh URI', () => {
  it.each([
    ['ssh://web1', { host: 'web1' }],
    ['ssh://ops@Web-1.example.com:2222/', { host: 'Web-1.example.com', user: 'ops', port: 2222 }],
    ['ssh://[2001:db8::1]', { host: '2001:db8::1' }],
    ['ssh://root@[fe80::1%25eth0]:22', { host: 'fe80::1%eth0', user: 'root', port: 22 }],
    ['ssh://me%40corp@10.0.0.1', { host: '10.0.0.1', user: 'me@corp' }],
  ])('%s', (uri, expected) => expect(parseSshUri(uri)).toEqual(expected));

  it.each([
    'ssh://',
    'ssh:web1',
    'ssh://@web1',
    'ssh://web1:0',
    'ssh://web1:65536',
    'ssh://web1:ssh',
    'ssh://web1/etc',
    'ssh://web1?x',
    'ssh://-oProxyCommand=x',
    'ssh://web 1',
    'ssh://[web1]',
    'ssh://2001:db8::1',
    'ssh://%ff@web1',
    'http://web1',
  ])('refuses %s', (uri) => {
    expect(() => parseSshUri(uri)).toThrow(expect.objectContaining({ name: 'ReachError', reason: 'unsupported' }));
  });

  it.each(['ssh://ops:hunter2@web1', 'ssh://ops:hun@ter2@web1/x', 'ssh://:hunter2@'])(
    'does not repeat the password of %s',
    (uri) => {
      let error: unknown;
      try {
        parseSshUri(uri);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ reason: 'unsupported', hint: expect.stringContaining('env:NAME') });
      expect(JSON.stringify([String(error), error])).not.toMatch(/hun|ter2/);
    },
  );
});

describe('remote command', () => {
  const at = (root: string) => remoteCommand({ root, mode: 'live', since: 12 }, undefined, 9);
  it('becomes the shell that reads the program', () => {
    expect(at('/')).toBe("exec /bin/sh -s -- '/' live 12");
    expect(remoteCommand({ root: '/a b$c', mode: 'offline', since: 0 }, { prompt: 'p', ready: 'r' }, 9)).toBe(
      "exec env LC_ALL=C sudo -n /bin/sh -s -- '/a b$c' offline 0",
    );
  });
  it.each(["/it's", '/a"b', '/a\\b', '/a`b', '/a!b', '/a\nb', '/a\u007fb', '/é', 'relative', ''])(
    'refuses %j',
    (root) => {
      expect(() => at(root)).toThrow(expect.objectContaining({ reason: 'unsupported' }));
    },
  );
  it('refuses a time that is none', () => {
    expect(() => remoteCommand({ root: '/', mode: 'live', since: -1 }, undefined, 9)).toThrow(RangeError);
    expect(() => remoteCommand({ root: '/', mode: 'live', since: 1.5 }, undefined, 9)).toThrow(RangeError);
  });
});

describe('secret', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await makeScratch();
  });
  afterAll(() => scratch.remove());
  afterEach(() => vi.unstubAllEnvs());

  it('comes from a variable or a file, without the newline at its end', async () => {
    vi.stubEnv('SECRET_OF_TEST', ' a b \n');
    expect(await readSecret('env:SECRET_OF_TEST', 'password')).toBe(' a b ');
    expect(await readSecret(`file:${await scratch.write('s', 'öß\n\r\n')}`, 'password')).toBe('öß\n');
  });
  it.each([
    ['env:NO_SUCH_VARIABLE', 'NO_SUCH_VARIABLE, which is not set'],
    ['file:/no/such/file', '/no/such/file'],
    ['hunter2', 'not given by reference'],
    ['env:', 'not given by reference'],
  ])('refuses %s', async (reference, said) => {
    const error: unknown = await readSecret(reference, 'password').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ReachError', reason: 'auth', message: expect.stringContaining(said) });
    expect(String(error)).not.toContain('hunter2');
  });
  it('refuses an empty file', async () => {
    await expect(readSecret(`file:${await scratch.write('e', '\n')}`, 'passphrase')).rejects.toThrow('is empty');
  });
});

describe('patterns', () => {
  it('agree with regular expressions', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(text, pattern, (t, p) => {
        const source = p.replace(/[.*?]/g, (c) => ({ '.': '\\.', '*': '.*', '?': '.' })[c] ?? c);
        expect(matchesPattern(t, p)).toBe(new RegExp(`^(?:${source})$`).test(t));
      }),
      { numRuns: 2000 },
    );
  });
  it('stay fast on a hostile pattern', () => {
    const started = performance.now();
    expect(matchesPattern('a'.repeat(5000), `${'*a'.repeat(500)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
  it('let a negated pattern outrank the others', () => {
    expect(matchesList('db.example.com', ['*.example.com', '!db.*'])).toBe(false);
    expect(matchesList('web.example.com', ['!db.*', '*.example.com'])).toBe(true);
    expect(matchesList('web', ['!db'])).toBe(false);
  });
});

it('shows what a server said in one line, without control characters, cut', () => {
  expect(saying('a\r\n\u001b[31mb\u202e  ')).toBe('a \\x1b[31mb\\u{202e}');
  expect(saying('x'.repeat(300))).toBe(`${'x'.repeat(200)}...`);
  expect([seconds(250), seconds(1500), seconds(10_000)]).toEqual(['250 ms', '1.5 s', '10 s']);
});
