import { describe, expect, it } from 'vitest';
import type { Draft } from '../../src/core/draft.ts';
import type { ProcessFact } from '../../src/core/facts.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { failedExamples, hits } from '../../src/policy/examples.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Example, LimitRule, RequireRule, Rule } from '../../src/schema/policy.ts';
import { file, fingerprint } from '../drift/make.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const day = 86_400_000;

/** What breaks the rules on an instance that is as its image. */
function broken(
  rules: Rule[],
  files: Record<string, string>,
  set: (d: Draft) => void = () => {},
  supersededAt?: number,
) {
  const live = fingerprint(files, set);
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image: live, live, now },
    drifts: compare(live, live).drifts,
    policy: compilePolicy([{ schema: 'snowfence.policy/v1', name: 'test', rules }], {
      ...{ os: ['debian'], image: 'web:42', group: 'web' },
    }),
    ...(supersededAt === undefined ? {} : { supersededAt }),
  }).findings;
}

const require = (rest: Partial<RequireRule>): RequireRule => ({
  ...{ id: 'our/rule', kind: 'require', reason: 'we want it so', fact: 'file', severity: 'high', controls: ['CM-6'] },
  ...rest,
});
const limit = (rest: Partial<LimitRule>): LimitRule => ({
  ...{ id: 'our/limit', kind: 'limit', reason: 'we want no more', fact: 'process', severity: 'medium' },
  ...rest,
});

describe('a requirement', () => {
  it('is broken by what is not there', () => {
    const rules = [require({ fact: 'package', names: ['auditd'] })];
    expect(broken(rules, {})).toMatchObject([
      {
        ...{ kind: 'package', change: 'violates', subject: 'auditd', severity: 'high', disposition: 'violation' },
        ...{ rule: 'our/rule', reason: 'it is not there: we want it so', controls: ['CM-6'] },
      },
    ]);
    expect(broken(rules, {}, (d) => d.packages.set('dpkg auditd', '1'))).toEqual([]);
    expect(broken([require({ fact: 'package', names: ['auditd'], whenAbsent: 'holds' })], {})).toEqual([]);
  });

  it('claims nothing where the instance could not be read', () => {
    const rules = [require({ fact: 'package', names: ['auditd'] }), require({ id: 'b', paths: ['/etc/audit/rules'] })];
    const unread = (d: Draft) => {
      d.cut('packages', 'cut', 'cut');
      d.gap('files', 'permission', 'closed', ['/etc/audit']);
    };
    expect(broken(rules, {}, unread)).toEqual([]);
    expect(broken([require({ fact: 'process', executables: ['/usr/sbin/auditd'] })], {})).toEqual([]);
  });

  it('bounds the rights and names the owners of files', () => {
    const rules = [require({ paths: ['/etc/key'], modes: ['640'], owners: ['0:0', '0:42'] })];
    expect(broken(rules, { '/etc/key': file('a', '600') })).toEqual([]);
    expect(broken(rules, { '/etc/key': file('a', '640') })).toEqual([]);
    expect(broken(rules, { '/etc/key': file('a', '644') })).toMatchObject([
      { subject: '/etc/key', reason: 'its mode is 644, at most 640 is allowed: we want it so' },
    ]);
    expect(broken(rules, { '/etc/key': 'f 640 7 0 1 aa -' })).toMatchObject([
      { reason: 'its owner is 7:0, allowed is 0:0 or 0:42: we want it so' },
    ]);
  });

  it('is about what configuration says', () => {
    const rules = [require({ fact: 'setting', names: ['sshd permitrootlogin'], value: 'no|prohibit-password' })];
    const sshd = (text: string) =>
      broken(rules, { '/etc/ssh/sshd_config': file() }, (d) => d.contents.set('/etc/ssh/sshd_config', text));
    expect(sshd('PermitRootLogin no\\n')).toEqual([]);
    expect(sshd('PermitRootLogin yes\\n')).toMatchObject([
      { kind: 'setting', subject: 'sshd permitrootlogin', reason: 'it is "yes": we want it so' },
    ]);
    expect(sshd('# nothing\\n')).toMatchObject([{ reason: 'it is not there: we want it so' }]);
  });
});

const running = (rest: Partial<ProcessFact>): ProcessFact => ({
  ...{ pid: 7, ppid: 1, comm: 'app', argv: ['app'], exe: '/usr/bin/app', deleted: false, exeId: '1:2', sha256: '' },
  ...{ uid: 1000, startedAt: 1, rss: 1024, root: '', ownMounts: true },
  ...rest,
});

describe('a limit', () => {
  const files = { '/usr/bin/app': file('a', '755') };
  const over = (rule: Partial<LimitRule>, processes: Partial<ProcessFact>[]) =>
    broken([limit(rule)], files, (d) => {
      d.processes = processes.map(running);
      d.accounts.set('user app', '1000\t1000\t\t/\t/bin/sh\tlocked -');
    });

  it.each<[string, Partial<LimitRule>, Partial<ProcessFact>, string]>([
    ['resident memory', { residentMiB: 100 }, { rss: 101 * 1024 * 1024 }, '101 MiB resident, at most 100 are allowed'],
    ['CPU time', { cpuSeconds: 60 }, { cpuSeconds: 61 }, '61 s of CPU time, at most 60 are allowed'],
    ['open sockets', { openSockets: 4 }, { openSockets: 5 }, '5 open sockets, at most 4 are allowed'],
  ])('of %s', (_name, rule, process, why) => {
    expect(over(rule, [process, {}])).toMatchObject([
      { kind: 'process', subject: '/usr/bin/app', reason: `${why}: we want no more`, after: { processes: 1 } },
    ]);
    expect(over(rule, [{}])).toEqual([]);
    expect(over({ ...rule, executables: ['/usr/bin/other'] }, [process])).toEqual([]);
    expect(over({ ...rule, users: ['root'] }, [process])).toEqual([]);
    for (const user of ['app', '1000']) expect(over({ ...rule, users: [user] }, [process])).toHaveLength(1);
  });

  it('of processes of one executable', () => {
    expect(over({ count: 2 }, [{}, {}])).toEqual([]);
    expect(over({ count: 2 }, [{}, {}, {}])).toMatchObject([
      { reason: '3 processes, at most 2 are allowed: we want no more' },
    ]);
  });

  it('of age, uptime, and time since a newer image', () => {
    const rules = [limit({ fact: 'instance', ageDays: 30, uptimeDays: 10, supersededDays: 7 })];
    const old = (launched: number, booted: number, superseded?: number) =>
      broken(
        rules,
        {},
        (d) => {
          d.os.launchedAt = (now - launched * day) / 1000;
          d.os.bootedAt = (now - booted * day) / 1000;
        },
        superseded === undefined ? undefined : now - superseded * day,
      ).map((f) => [f.subject, f.reason.split(':')[0]]);
    expect(old(30, 10, 7)).toEqual([]);
    expect(old(31, 11, 8)).toEqual([
      ['a newer image', '8 days, at most 7 are allowed'],
      ['age', '31 days, at most 30 are allowed'],
      ['uptime', '11 days, at most 10 are allowed'],
    ]);
    // An instance that does not say when it was launched is of unknown age, not of none and not of all.
    expect(broken(rules, {})).toEqual([]);
  });
});

describe('rules about facts of configuration', () => {
  it('allow lists and deny forbids them', () => {
    const [image, live] = [
      fingerprint({}),
      fingerprint({ '/etc/cron.d/x': file() }, (d) => d.contents.set('/etc/cron.d/x', '* * * * * root /x\\n')),
    ];
    const judged = (rule: Rule) =>
      judge({
        instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
        ...{ image, live, now, drifts: compare(image, live).drifts },
        policy: compilePolicy([{ schema: 'snowfence.policy/v1', name: 'test', rules: [rule] }], {
          os: [],
          image: '',
          group: '',
        }),
      }).findings;
    const rule: Pick<Rule, 'reason'> & { fact: 'job'; names: string[] } = {
      reason: 'our own jobs',
      fact: 'job',
      names: ['cron job of root:*'],
    };
    expect(judged({ id: 'a', kind: 'allow', ...rule })).toMatchObject([
      { kind: 'job', disposition: 'expected', rule: 'a' },
    ]);
    expect(judged({ id: 'a', kind: 'allow', ...rule, names: ['other'] })).toMatchObject([{ disposition: 'drift' }]);
    const denied = judged({ id: 'd', kind: 'deny', ...rule, severity: 'critical' });
    expect(denied).toContainEqual(expect.objectContaining({ change: 'violates', rule: 'd', severity: 'critical' }));
  });
});

describe('examples', () => {
  it.each<[Rule, Example, boolean]>([
    [require({ paths: ['/etc/shadow'], modes: ['640'] }), { path: '/etc/shadow', mode: '644' }, true],
    [require({ paths: ['/etc/shadow'], modes: ['640'] }), { path: '/etc/shadow', mode: '600' }, false],
    [require({ paths: ['/etc/shadow'], modes: ['640'] }), { path: '/etc/passwd', mode: '644' }, false],
    [require({ fact: 'setting', names: ['a'], value: 'yes' }), { name: 'a', value: 'no' }, true],
    [limit({ residentMiB: 10 }), { executable: '/x', residentMiB: 11 }, true],
    [limit({ residentMiB: 10 }), { executable: '/x', residentMiB: 10 }, false],
    [limit({ fact: 'instance', ageDays: 30 }), { ageDays: 31 }, true],
  ])('of requirements and limits are run (%#)', (rule, example, hit) => {
    expect(hits(rule, example)).toBe(hit);
    expect(failedExamples([{ ...rule, examples: { [hit ? 'miss' : 'hit']: [example] } } as Rule])).toMatchObject([
      { rule: rule.id, example: `${hit ? 'miss' : 'hit'} 1` },
    ]);
  });
});
