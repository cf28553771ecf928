import { describe, expect, it } from 'vitest';
import { parseFileValue } from '../../src/fingerprint/files.ts';
import { type FileSight, misfit } from '../../src/policy/expectation.ts';
import type { ExpectRule } from '../../src/schema/policy.ts';

const sum = 'a'.repeat(64);
const rule = (only: ExpectRule['only'], changes: ExpectRule['changes'] = ['added', 'changed']): ExpectRule => ({
  id: 'test/rule',
  kind: 'expect',
  reason: 'a rule of a test',
  fact: 'file',
  changes,
  ...(only ? { only } : {}),
});
const sight = (after: string, more: Partial<FileSight> = {}): FileSight => ({
  change: 'changed',
  before: parseFileValue(`f 644 0 0 5 ${sum} -`),
  after: parseFileValue(after),
  launchKeys: [],
  ...more,
});
const plain = `f 644 0 0 5 ${sum} -`;

describe('an expectation says in words what is not as it must be', () => {
  it.each<[string, ExpectRule, FileSight, string | undefined]>([
    ['nothing', rule({ type: 'f', modes: ['0644'], owners: ['0:0'], maxSize: 5 }), sight(plain), undefined],
    ['the change', rule(undefined, ['added']), sight(plain), 'it was changed, allowed is added'],
    ['the type', rule({ type: 'l' }), sight(plain), 'its type is f, allowed is l'],
    ['the mode', rule({ modes: ['600', '640'] }), sight(plain), 'its mode is 644, allowed is 600 or 640'],
    ['the owner', rule({ owners: ['0:0'] }), sight(`f 644 33 0 5 ${sum} -`), 'its owner is 33:0, allowed is 0:0'],
    ['the size', rule({ maxSize: 4 }), sight(plain), 'its size is 5 bytes, allowed is 4'],
    ['new capabilities', rule({ type: 'f' }), sight(`f 644 0 0 5 ${sum} 0100`), 'it has file capabilities'],
    ['a link', rule({ link: '/etc/x' }), sight('l 777 0 0 - - - /etc/xy'), 'it points to /etc/xy'],
    ['attributes', rule({ attributes: 'content' }), sight(`f 755 0 0 5 ${sum} -`), 'more than its content differs'],
    ['a content nobody has', rule({ content: '.*' }), sight(plain), 'its content could not be read'],
    [
      'the content, whole',
      rule({ content: 'a+' }),
      sight(plain, { newContent: 'aab' }),
      'its content is not of the expected form',
    ],
    ['an empty content', rule({ content: '' }), sight(`f 644 0 0 0 ${sum} -`), undefined],
    [
      'a line',
      rule({ lines: '# .*' }),
      sight(plain, { oldContent: 'x\n', newContent: 'x\n# fine\nevil\n' }),
      'a line that is not expected was added or removed: evil',
    ],
    [
      'a line that is gone',
      rule({ lines: '# .*' }),
      sight(plain, { oldContent: 'x\ny\n', newContent: 'x\n' }),
      'a line that is not expected was added or removed: y',
    ],
    [
      'a key with a known one in its comment',
      rule({ launchKeys: true }),
      sight(plain, { newContent: 'ssh-rsa AAAAevil AAAAgood\n', launchKeys: ['AAAAgood'] }),
      'it holds 1 public key that the platform did not give it at launch',
    ],
    [
      'a key with a known one in an option',
      rule({ launchKeys: true }),
      sight(plain, { newContent: 'command="x AAAAgood" ssh-rsa AAAAevil\n', launchKeys: ['AAAAgood'] }),
      'it holds 1 public key that the platform did not give it at launch',
    ],
    [
      'a key',
      rule({ launchKeys: true }),
      sight(plain, { newContent: '# c\nssh-rsa AAAAgood me\nssh-rsa AAAAevil x\n', launchKeys: ['AAAAgood'] }),
      'it holds 1 public key that the platform did not give it at launch',
    ],
    [
      'a known key',
      rule({ launchKeys: true }),
      sight(plain, { newContent: 'ssh-rsa AAAAgood me\n', launchKeys: ['AAAAgood'] }),
      undefined,
    ],
  ])('%s', (_, expectation, seen, said) => {
    expect(misfit(expectation, seen)).toBe(said);
  });
});
