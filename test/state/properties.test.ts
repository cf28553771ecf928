import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareFacts, onlyCommentsDiffer } from '../../src/state/compare.ts';
import { maxFacts } from '../../src/state/format.ts';
import { compileGlobs } from '../../src/state/glob.ts';
import { formats } from '../../src/state/registry.ts';
import { factsOf, seen } from './make.ts';

/** Lines of each format whose order means nothing, and a path of it. */
const independent: Record<string, { path: string; lines: string[] }> = {
  cron: { path: '/etc/cron.d/x', lines: ['* * * * * root a', '@daily eve b --x', '1 2 3 4 5 root c'] },
  sysctl: { path: '/etc/sysctl.conf', lines: ['a.b = 1', 'c.d=2', '-e/f=3'] },
  hosts: { path: '/etc/hosts', lines: ['1.2.3.4 a b', '::1 localhost', '5.6.7.8 c'] },
  mounts: { path: '/etc/fstab', lines: ['/dev/a / ext4 ro 0 1', '/dev/b /b xfs rw', 'x none swap sw'] },
  login: { path: '/etc/login.defs', lines: ['UMASK 022', 'PASS_MAX_DAYS\t9', 'X yes'] },
  environment: { path: '/etc/environment', lines: ['A=1', 'B="2"', 'LD_PRELOAD=/x'] },
  'kernel-modules': { path: '/etc/modprobe.d/x.conf', lines: ['install a /b', 'blacklist c', 'options d e=f'] },
  'package-sources': { path: '/etc/apt/sources.list', lines: ['deb http://a b c', 'deb-src http://a b c'] },
  sudoers: { path: '/etc/sudoers', lines: ['eve ALL=(ALL) ALL', '%ops ALL=NOPASSWD: /x', 'User_Alias X = a, b'] },
  'authorized-keys': {
    path: '/etc/ssh/authorized_keys/eve',
    lines: [`ssh-ed25519 AAAA${'B'.repeat(40)}`, `no-pty ssh-rsa AAAA${'C'.repeat(40)} c`],
  },
  ssh: { path: '/etc/ssh/sshd_config', lines: ['Port 22', 'PermitRootLogin no', 'Subsystem sftp /x'] },
};

describe('what means nothing makes no difference', () => {
  it.each(Object.entries(independent))(
    '%s: comments, empty lines, blanks at the ends, order',
    (name, { path, lines }) => {
      const before = factsOf(name, path, `${lines.join('\n')}\n`);
      expect(before.length).toBeGreaterThanOrEqual(lines.length);
      const noise = fc.constantFrom('# a comment', '#', '', '   ', '\t# * * * * * root x');
      fc.assert(
        fc.property(
          fc.shuffledSubarray(lines, { minLength: lines.length }),
          fc.array(fc.tuple(fc.nat(9), noise)),
          (order, added) => {
            const text = [...order];
            for (const [at, line] of added) text.splice(at % (text.length + 1), 0, line);
            const padded = text.map((line, i) => (i % 2 ? `${line}  ` : line)).join('\n');
            expect(compareFacts(before, factsOf(name, path, padded))).toEqual([]);
          },
        ),
      );
    },
  );

  it.each(Object.entries(independent))(
    '%s: one line more is one fact more, one less is one less',
    (name, { path, lines }) => {
      const all = factsOf(name, path, lines.join('\n'));
      const fewer = factsOf(name, path, lines.slice(1).join('\n'));
      expect(compareFacts(fewer, all).map((d) => d.change)).toEqual(['added']);
      expect(compareFacts(all, fewer).map((d) => d.change)).toEqual(['removed']);
    },
  );
});

describe('garbage', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc
      .array(
        fc.constantFrom(
          '#',
          '\\',
          '\n',
          '=',
          ':',
          '"',
          "'",
          '{',
          '}',
          ';',
          ' ',
          '\t',
          'ALL',
          'Defaults',
          'auth',
          'deb',
          '[',
          ']',
          '-----BEGIN CERTIFICATE-----',
          '-----END CERTIFICATE-----',
          '-----BEGIN PGP PUBLIC KEY BLOCK-----',
          'ssh-rsa AAAAAAAAAAAA',
          '* * * * *',
          '%',
          '(',
          ')',
          ',',
        ),
        { maxLength: 200 },
      )
      .map((parts) => parts.join('')),
  );
  it.each(Object.keys(formats))('of %s never throws, and what comes out is bounded', (name) => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(...(formats[name]?.paths ?? [])),
        fc.constantFrom('f', 'l'),
        (body, path, type) => {
          const facts =
            formats[name]?.facts(
              seen(path.replace('~', ''), body, { type, link: type === 'l' ? body : '', textAt: () => body }),
            ) ?? [];
          for (const { subject, value, reason } of facts) {
            expect(subject.length).toBeLessThanOrEqual(1000 + 70_000);
            expect(reason.length + (typeof value === 'string' ? value.length : 0)).toBeLessThan(70_000);
          }
        },
      ),
    );
  });

  it.each(Object.keys(formats))('of %s that is long takes few facts', (name) => {
    const path = formats[name]?.paths[0]?.replace('~', '') ?? '';
    for (const line of [
      'a b c d e f',
      'x.y=1',
      '* * * * * root a',
      'deb http://h s c',
      `${'-a'.repeat(4000)}`,
      '"'.repeat(9000),
      'a'.repeat(60_000),
      '/*'.repeat(30_000),
      `-----BEGIN PGP PUBLIC KEY BLOCK-----${'\n'.repeat(60_000)}`,
      '-----BEGIN CERTIFICATE-----'.repeat(2000),
      `a${' '.repeat(20_000)}b${' '.repeat(20_000)}c${' '.repeat(20_000)}=`,
      'password'.repeat(7000),
    ]) {
      const long = Array.from({ length: Math.ceil(65_000 / (line.length + 6)) }, (_, i) => `${line}${i}`).join('\n');
      expect(factsOf(name, path, long).length).toBeLessThanOrEqual(maxFacts);
    }
  });
});

describe('only comments differ', () => {
  const comment = /^\s*(#|$)/;
  it.each([
    ['a\n#x\n', 'a\n', true],
    ['a\n', '\n\n# a\na', true],
    ['a\nb\n', 'b\na\n', false],
    ['a\n', 'a\n', false],
    ['a \\\n# b\n', 'a \\\n# c\n', false],
    ['a\n', '', false],
  ])('%j, %j: %s', (before, after, expected) => {
    expect(onlyCommentsDiffer(comment, before, after)).toBe(expected);
  });
});

describe('paths', () => {
  it.each([
    ['/etc/{a,b.d/*}', '/etc/b.d/x', true],
    ['/etc/{a,b.d/*}', '/etc/b.d/x/y', false],
    ['/etc/*.conf', '/etc/xconf', false],
    ['/a/**', '/a/b/c', true],
    ['~/.bashrc', '/var/lib/x/.bashrc', true],
    ['~/.bashrc', '/x.bashrc', false],
  ])('%s %s %s', (glob, path, expected) => {
    expect(compileGlobs([glob])(path) !== undefined).toBe(expected);
  });
});
