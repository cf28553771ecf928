import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { techniqueOf } from '../../src/policy/attack.ts';
import { makeFinding } from '../../src/policy/make.ts';

const finding = (
  [kind, change, subject]: [Finding['kind'], Finding['change'], string],
  rule: string,
  more: Partial<Finding> = {},
): Finding => ({
  ...makeFinding('web-1', kind, change, subject, {
    ...{ severity: 'high', disposition: 'drift', rule, reason: 'a reason of a test' },
  }),
  ...more,
});

describe('the technique of a finding', () => {
  it.each<[string, string, Finding]>([
    ['a program with set-user-id', 'T1548.001', finding(['file', 'added', '/usr/bin/x'], 'severity/set-id')],
    [
      'a key that may log in',
      'T1098.004',
      finding(['key', 'added', 'SHA256:x'], 'severity/authorized-keys', {
        after: { file: '/root/.ssh/authorized_keys' },
      }),
    ],
    [
      'a line of sudoers',
      'T1548.003',
      finding(['account', 'added', 'eve ALL'], 'severity/accounts', { after: { file: '/etc/sudoers.d/eve' } }),
    ],
    ['a new account', 'T1136.001', finding(['account', 'added', 'user eve'], 'account/added')],
    [
      'a job of cron',
      'T1053.003',
      finding(['job', 'added', '* * * * * root x'], 'severity/jobs', { after: { file: '/etc/cron.d/x' } }),
    ],
    ['a timer', 'T1053.006', finding(['service', 'added', '/etc/systemd/system/x.timer'], 'severity/services')],
    ['a service', 'T1543.002', finding(['service', 'added', '/etc/systemd/system/x.service'], 'severity/services')],
    ['a rule of udev', 'T1546.017', finding(['file', 'added', '/etc/udev/rules.d/99-x.rules'], 'severity/startup')],
    ['the preload file', 'T1574.006', finding(['file', 'added', '/etc/ld.so.preload'], 'severity/preload')],
    ['a program in memory only', 'T1620', finding(['process', 'violates', '/memfd:x'], 'process/memory-only')],
    ['a program of a package', 'T1554', finding(['file', 'changed', '/usr/bin/ls'], 'severity/tampered-program')],
    ['a mount over the image', 'T1564.013', finding(['mount', 'added', '/usr/bin'], 'mount/over-image')],
    [
      'a line of PAM',
      'T1556.003',
      finding(['account', 'added', 'auth x'], 'severity/pam', { after: { file: '/etc/pam.d/sshd' } }),
    ],
  ])('%s is %s', (_, id, one) => {
    expect(techniqueOf(one)).toMatchObject({ id, tactic: expect.stringMatching(/^[A-Z]/) });
  });

  it.each<[string, Finding]>([
    ['a configuration file', finding(['file', 'changed', '/etc/app.conf'], 'severity/configuration')],
    ['a service that is gone', finding(['service', 'removed', '/etc/systemd/system/x.service'], 'severity/services')],
    [
      'what a package explains',
      finding(['package', 'changed', 'cron'], 'package/not-as-in-image', { explained: true }),
    ],
    [
      'what is expected',
      finding(['key', 'added', '/root/.ssh/authorized_keys'], 'first-boot/launch-key', { disposition: 'expected' }),
    ],
  ])('%s has none', (_, one) => {
    expect(techniqueOf(one)).toBeUndefined();
  });
});
