import { describe, expect, it } from 'vitest';
import { escapeName } from '../../src/core/bytes.ts';
import { stateOf } from '../../src/state/state.ts';
import { fingerprint, sum } from '../drift/make.ts';

type Tree = Record<string, { value: string; text?: string }>;
const file = (c: string, text?: string) => ({
  value: `f 644 0 0 9 ${sum(c)} -`,
  ...(text === undefined ? {} : { text }),
});

function print(tree: Tree, accounts: Record<string, string> = {}) {
  const files = Object.fromEntries(Object.entries(tree).map(([path, { value }]) => [path, value]));
  return fingerprint(files, (draft) => {
    for (const [name, fields] of Object.entries(accounts)) draft.accounts.set(`user ${name}`, fields);
    for (const [path, { text }] of Object.entries(tree))
      if (text !== undefined) draft.contents.set(path, escapeName(text));
  });
}

const image = print({
  '/etc/cron.d/kept': file('a', '* * * * * root kept\n'),
  '/etc/cron.d/edited': file('b', '* * * * * root old\n'),
  '/etc/cron.d/gone': file('c', '* * * * * root gone\n'),
});
const live = print(
  {
    '/etc/cron.d/kept': file('a'),
    '/etc/cron.d/edited': file('d', '* * * * * root new\n'),
    '/etc/cron.d/hidden': file('e'),
    '/etc/localtime': { value: 'l 777 0 0 - - - /usr/share/zoneinfo/UTC' },
    '/srv/app/.ssh/authorized_keys': file('f', `ssh-rsa AAAA${'B'.repeat(20)}\n`),
    '/srv/else/.ssh/authorized_keys': file('f', `ssh-rsa AAAA${'B'.repeat(20)}\n`),
    '/var/spool/cron/atjobs/a0000201c3a5d4': { value: `f 600 33 0 9 ${sum('g')} -` },
  },
  { app: '33\t33\t\t/srv/app/\t/bin/sh\tlocked -', twin: '44\t33\t\t/srv/app\t/bin/sh\tlocked -' },
);

describe('the state of an instance', () => {
  it('is all facts of its files; what equals the image has the image’s text, what is unknown says nothing', () => {
    const facts = [...stateOf(image, live)].map(({ path, format, subject }) => [
      path,
      format,
      subject.replace(/SHA256:.*/, 'SHA256'),
    ]);
    expect(facts).toEqual([
      ['/etc/cron.d/edited', 'cron', 'cron job of root: * * * * * new'],
      ['/etc/cron.d/kept', 'cron', 'cron job of root: * * * * * kept'],
      ['/etc/localtime', 'time-zone', 'time zone'],
      ['/srv/app/.ssh/authorized_keys', 'authorized-keys', 'authorized key of app SHA256'],
      ['/var/spool/cron/atjobs/a0000201c3a5d4', 'at', 'at job 2 of app'],
    ]);
  });

  it('names root, not another account that an intruder gave its id and home', () => {
    const key = { '/root/.ssh/authorized_keys': file('f', `ssh-rsa AAAA${'B'.repeat(20)}\n`) };
    const root = '0\t0\t\t/root\t/bin/sh\tlocked -';
    const [fact] = stateOf(image, print(key, { eve: root, root }));
    expect(fact?.subject).toMatch(/^authorized key of root /);
  });

  it('of an image is that of itself', () => {
    expect([...stateOf(image, image)].map((fact) => fact.path)).toEqual([
      '/etc/cron.d/edited',
      '/etc/cron.d/gone',
      '/etc/cron.d/kept',
    ]);
  });
});

describe('of what several files say, that is in force which the program itself would take', () => {
  const valuesOf = (tree: Tree, subject: string) =>
    stateOf(print(tree), print(tree))
      .filter((fact) => fact.subject === subject)
      .map(({ path, value }) => `${path} ${value}`);
  const root = (c: string, word: string) => file(c, `PermitRootLogin ${word}\n`);
  const include = 'Include /etc/ssh/sshd_config.d/*.conf\n';
  const dropIns = {
    '/etc/ssh/sshd_config.d/20-b.conf': root('b', 'b'),
    '/etc/ssh/sshd_config.d/10-a.conf': root('c', 'a'),
    '/etc/ssh/sshd_config.d/05-x.txt': root('d', 'x'),
  };

  it.each<[string, string, string[]]>([
    ['the first drop-in, where they are included first', `${include}PermitRootLogin main\n`, ['10-a.conf a']],
    ['the file, where it speaks first', `PermitRootLogin main\n${include}`, ['sshd_config main']],
    ['no drop-in, where none is included', 'PermitRootLogin main\n', ['sshd_config main']],
    ['a drop-in, where the file says nothing', include, ['10-a.conf a']],
    ['what a relative pattern names', 'Include sshd_config.d/*.txt\n', ['05-x.txt x']],
  ])('sshd: %s', (_, main, expected) => {
    const found = valuesOf({ ...dropIns, '/etc/ssh/sshd_config': file('a', main) }, 'sshd permitrootlogin');
    expect(found.map((one) => one.replace(/^.*\//, ''))).toEqual(expected);
  });

  it('sshd: directives that add up all stand, and a block has its own', () => {
    const tree = {
      '/etc/ssh/sshd_config': file('a', `${include}AllowUsers ann\nMatch User bob\nPermitRootLogin yes\n`),
      '/etc/ssh/sshd_config.d/a.conf': file('b', 'AllowUsers bob\nPermitRootLogin no\n'),
    };
    expect(valuesOf(tree, 'sshd allowusers')).toHaveLength(2);
    expect(valuesOf(tree, 'sshd permitrootlogin')).toEqual(['/etc/ssh/sshd_config.d/a.conf no']);
    expect(valuesOf(tree, 'sshd permitrootlogin for match User bob')).toHaveLength(1);
  });

  it('sysctl: the last by name, not one that a nearer file of the same name hides, and sysctl.conf after all', () => {
    const set = (c: string, value: string) => file(c, `kernel.kptr_restrict = ${value}\n`);
    const tree = {
      '/usr/lib/sysctl.d/50-a.conf': set('a', '50'),
      '/etc/sysctl.d/10-b.conf': set('b', '10'),
      '/usr/lib/sysctl.d/99-c.conf': set('c', '99'),
      '/etc/sysctl.d/99-c.conf': { value: 'l 777 0 0 - - - /dev/null' },
    };
    const name = 'sysctl kernel.kptr_restrict';
    expect(valuesOf(tree, name)).toEqual(['/usr/lib/sysctl.d/50-a.conf 50']);
    expect(valuesOf({ ...tree, '/etc/sysctl.conf': set('d', '1') }, name)).toEqual(['/etc/sysctl.conf 1']);
  });

  it('systemd: the last drop-in by name, before the file', () => {
    const set = (c: string, value: string) => file(c, `[Journal]\nStorage=${value}\n`);
    const tree = {
      '/etc/systemd/journald.conf': set('a', 'main'),
      '/etc/systemd/journald.conf.d/10.conf': set('b', 'ten'),
      '/etc/systemd/journald.conf.d/20.conf': set('c', 'twenty'),
    };
    expect(valuesOf(tree, 'systemd journald Storage')).toEqual(['/etc/systemd/journald.conf.d/20.conf twenty']);
  });
});
