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

  it('is of one kind, where that is asked', () => {
    expect([...stateOf(image, live, 'setting')].map((fact) => fact.value)).toEqual(['UTC']);
  });

  it('of an image is that of itself', () => {
    expect([...stateOf(image, image)].map((fact) => fact.path)).toEqual([
      '/etc/cron.d/edited',
      '/etc/cron.d/gone',
      '/etc/cron.d/kept',
    ]);
  });
});
