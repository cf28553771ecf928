import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskLine, maskWords, namesSecret } from '../../src/core/mask.ts';

describe('a command line', () => {
  it.each([
    ['backup --password=hunter2 /srv', 'backup --password=<not shown> /srv'],
    ['backup --db-password hunter2 /srv', 'backup --db-password <not shown> /srv'],
    ['TOKEN="hunter2 x" run', 'TOKEN=<not shown> run'],
    ['curl https://eve:hunter2@example.org/x', 'curl https://eve:<not shown>@example.org/x'],
    ['curl -u eve:hunter2 http://x', 'curl -u eve:<not shown> http://x'],
    ['curl -H "Authorization: Bearer hunter2hunter2"', 'curl -H "Authorization: Bearer <not shown>"'],
    ['mysqldump -u root -phunter2 db', 'mysqldump -u root -p<not shown> db'],
    ['wpa-psk hunter2', 'wpa-psk <not shown>'],
    ['username=a,password=hunter2,ro', 'username=a,password=<not shown>,ro'],
    ['x AKIAABCDEFGHIJKLMNOP', 'x <not shown>'],
  ])('%s', (text, masked) => {
    expect(maskWords(text)).toBe(masked);
    expect(maskWords(masked)).toBe(masked);
  });

  it.each([
    'eve ALL=(ALL) NOPASSWD: ALL',
    'ssh -p 22 host',
    'Basic settings of the server',
    'passwd -l eve',
    'auth required pam_unix.so try_first_pass',
    'run-parts --report /etc/cron.daily',
  ])('without a secret stays as it is: %s', (text) => {
    expect(maskWords(text)).toBe(text);
  });

  it('hides a word whatever stands around it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (before, after) => {
        expect(maskWords(`${before} --api-key=hunter2hunter2 ${after}`)).not.toContain('hunter2hunter2');
      }),
    );
  });
});

describe('a line of configuration', () => {
  it.each([
    ['db_password = hunter2 and more', 'db_password = <not shown>'],
    ['+passwd: hunter2', '+passwd: <not shown>'],
    ['+passwd:         files systemd', '+passwd:         files systemd'],
    [' eve ALL=(ALL) NOPASSWD: ALL', ' eve ALL=(ALL) NOPASSWD: ALL'],
  ])('%s', (line, masked) => {
    expect(maskLine(line)).toBe(masked);
  });
});

it('names of variables that hold secrets', () => {
  expect(['DB_PASSWORD', 'API_KEY', 'GITHUB_TOKEN'].filter(namesSecret)).toHaveLength(3);
  expect(['PATH', 'MAILTO', 'NOPASSWD'].filter(namesSecret)).toEqual([]);
});
