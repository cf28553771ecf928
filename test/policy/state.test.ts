import { describe, expect, it } from 'vitest';
import { loadPolicies } from '../../src/app/policies.ts';
import { escapeName } from '../../src/core/bytes.ts';
import type { Draft } from '../../src/core/draft.ts';
import { type Finding, isLive } from '../../src/core/finding.ts';
import { compare } from '../../src/drift/drift.ts';
import { signature } from '../../src/fleet/census.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Waiver } from '../../src/schema/policy.ts';
import { fingerprint, sum } from '../drift/make.ts';

const shipped = (await loadPolicies([])).policies.map((p) => p.policy);

/** path -> text, or the whole value of the files stream when it begins with a type. */
type Tree = Record<string, string>;
type Set = (d: Draft) => void;

function side(tree: Tree, digest: string, set: Set) {
  const isValue = (text: string) => /^[fld] \d+ 0 0 /.test(text);
  const files = Object.fromEntries(
    Object.entries(tree).map(([path, text]) => {
      const same = [...text]
        .reduce((h, c) => (h * 31 + c.charCodeAt(0)) >>> 0, 7)
        .toString(16)
        .padStart(64, digest);
      return [path, isValue(text) ? text : `f 644 0 0 ${text.length} ${same} -`];
    }),
  );
  return fingerprint(files, (draft) => {
    draft.accounts.set('user root', '0\t0\t\t/root\t/bin/sh\tlocked -');
    for (const [path, text] of Object.entries(tree)) if (!isValue(text)) draft.contents.set(path, escapeName(text));
    set(draft);
  });
}

function found(before: Tree, after: Tree, now: Set = () => {}, waivers: Waiver[] = []): Finding[] {
  const [image, live] = [side(before, '0', () => {}), side(after, '0', now)];
  const policy = compilePolicy([...shipped, { schema: 'snowfence.policy/v1', name: 'test', waivers }], {
    os: ['debian'],
    image: 'web:42',
    group: 'web',
  });
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, policy, now: 0, drifts: compare(image, live).drifts },
  }).findings;
}
const live = (...args: Parameters<typeof found>) =>
  found(...args)
    .filter(isLive)
    .map((f) => `${f.severity} ${f.kind} ${f.change} ${f.subject}`);

const cron = '/etc/cron.d/x';
const job = '* * * * * root x';

describe('a file of configuration that differs', () => {
  it('is the fact that differs, with the file, its diff and what it was', () => {
    const [one, ...more] = found({ [cron]: 'A=1\n' }, { [cron]: `A=1\n${job}\n` });
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      ...{ kind: 'job', change: 'added', subject: 'cron job of root: * * * * * x', severity: 'high', explains: 0 },
      reason: 'added: it runs by itself as root (/etc/cron.d/x)',
      after: { file: cron, type: 'file' },
      diff: expect.stringContaining(`+${job}`),
    });
  });

  it('shows both values of a setting that changed', () => {
    const file = '/etc/sysctl.d/x.conf';
    const [one] = found({ [file]: 'a.b = 1\n' }, { [file]: 'a.b = 2\n' });
    expect(one).toMatchObject({ change: 'changed', before: { value: '1' }, after: { value: '2' } });
  });

  it('is a finding for each fact; the diff comes with the first', () => {
    const all = found({}, { [cron]: `${job}\n@daily root y\n` });
    expect(all.map((f) => [f.subject, f.explains, f.diff !== undefined])).toEqual([
      ['cron job of root: * * * * * x', 0, true],
      ['cron job of root: @daily y', 0, false],
    ]);
  });

  it('is one change where a line was rewritten, and says what it was', () => {
    const other = '* * * * * root y';
    expect(found({ [cron]: `${job}\n` }, { [cron]: `${other}\n` })).toMatchObject([
      {
        ...{ change: 'changed', subject: 'cron job of root: * * * * * y' },
        before: { value: 'cron job of root: * * * * * x' },
        after: { value: 'cron job of root: * * * * * y' },
      },
    ]);
    expect(live({ [cron]: `${job}\n` }, { [cron]: `${other}\n@daily root z\n` })).toHaveLength(3);
  });

  it('is no rewritten line where a setting went and another came', () => {
    const file = '/etc/sysctl.d/x.conf';
    expect(live({ [file]: 'a.b = 1\n' }, { [file]: 'c.d = 1\n' })).toEqual([
      'high setting removed sysctl a.b',
      'high setting added sysctl c.d',
    ]);
  });

  it('is one change where a unit was masked, and where a text became a link', () => {
    const unit = '/etc/systemd/system/x.service';
    const none = 'l 777 0 0 - - - /dev/null';
    expect(live({ [unit]: '[Service]\nExecStart=/x\n' }, { [unit]: none })).toEqual([
      'high service changed unit x.service masked',
    ]);
    const config = '/etc/ssh/sshd_config';
    expect(live({ [config]: 'Port 22\nUsePAM yes\n' }, { [config]: 'l 777 0 0 - - - /opt/x' })).toEqual([
      `high file changed ${config}`,
    ]);
  });

  it('that is gone is one change, whatever it said', () => {
    expect(live({ [cron]: `${job}\n@daily root y\n` }, {})).toEqual([`high job removed ${cron}`]);
    expect(live({ [cron]: `${job}\n` }, {})).toEqual(['high job removed cron job of root: * * * * * x']);
  });

  it('in a source of packages counts its empty lines', () => {
    const file = '/etc/apt/sources.list.d/x.sources';
    const stanza = (host: string) => `Types: deb\nURIs: http://${host}\nSuites: s\n`;
    expect(live({ [file]: `${stanza('a')}\n${stanza('b')}` }, { [file]: `${stanza('a')}${stanza('b')}` })).toEqual([
      'high setting removed package source deb http://a s',
    ]);
  });

  it('is its jobs when it is new, its variables too when they were changed', () => {
    expect(live({}, { [cron]: `PATH=/opt\n${job}\n` })).toEqual(['high job added cron job of root: * * * * * x']);
    expect(live({ [cron]: '# none\n' }, { [cron]: `LD_PRELOAD=/opt/x.so\n${job}\n` })).toEqual([
      'high job added cron job of root: * * * * * x',
      `high job added cron variable LD_PRELOAD of ${cron}`,
    ]);
  });

  it('with more facts than anybody reads is one finding', () => {
    const text = Array.from({ length: 30 }, (_, i) => `* * * * * root x${i}\n`).join('');
    expect(found({}, { [cron]: text })).toMatchObject([{ subject: cron, kind: 'job', explains: 30 }]);
  });

  it('by what makes no difference stays a file', () => {
    expect(live({ [cron]: `${job}\n@daily root y\n` }, { [cron]: `@daily root y\n${job}\n` })).toEqual([
      `high job changed ${cron}`,
    ]);
    expect(live({ [cron]: `${job}\n` }, { [cron]: `${job}\nnonsense\n` })).toEqual([`high job changed ${cron}`]);
  });

  it('by comments alone is a low one, but not where a right was given too', () => {
    expect(live({ [cron]: `${job}\n` }, { [cron]: `# why\n${job}\n` })).toEqual([`low job changed ${cron}`]);
    const writable = `f 666 0 0 9 ${sum('b')} -`;
    expect(
      live({ [cron]: `${job}\n` }, { [cron]: writable }, (d) => d.contents.set(cron, escapeName(`# why\n${job}\n`))),
    ).toEqual([`high job changed ${cron}`]);
  });

  it('that is a script has no comments', () => {
    const file = '/etc/profile.d/x.sh';
    expect(live({ [file]: 'a\n' }, { [file]: '# b\na\n' })).toEqual([
      `high setting changed shell start-up file ${file}`,
    ]);
  });

  it('whose text is known on one side only is no flood of facts', () => {
    const hidden = `f 644 0 0 9 ${sum('b')} -`;
    expect(live({ [cron]: hidden }, { [cron]: `${job}\n` })).toEqual([`high job changed ${cron}`]);
  });

  it('and runs with the rights of its owner is what it is', () => {
    const file = '/etc/cron.daily/x';
    expect(live({}, { [file]: `f 4755 0 0 9 ${sum('b')} -` })).toEqual([`critical file added ${file}`]);
  });

  it('says what else differs, and why an expectation does not cover it', () => {
    const file = '/etc/fstab';
    const open = `f 666 0 0 9 ${sum('b')} -`;
    const [one] = found({ [file]: '' }, { [file]: open }, (d) => d.contents.set(file, '/dev/b /b xfs rw\\n'));
    expect(one?.reason).toMatch(/\(\/etc\/fstab, mode 644 -> 666\); first-boot\/fstab does not cover it/);
  });
});

describe('one change is one finding', () => {
  it('for a certificate by its links, a script by its links', () => {
    const link = (to: string) => `l 777 0 0 - - - ${to}`;
    expect(live({}, { '/etc/rc2.d/S01x': link('../init.d/x'), '/etc/rc3.d/S01x': link('../init.d/x') })).toEqual([
      'high service added init script x in the boot sequence',
    ]);
  });

  it('with the directory that was made for it, unless others may write there', () => {
    const tree = (mode: string): Tree => ({
      '/etc/sudoers.d': `d ${mode} 0 0 - - -`,
      '/etc/sudoers.d/x': 'eve ALL=(ALL) ALL\n',
    });
    expect(live({}, tree('755'))).toEqual(['high account added sudo rule eve ALL=(ALL) ALL']);
    expect(live(tree('755'), {})).toEqual(['high account removed sudo rule eve ALL=(ALL) ALL']);
    expect(live({}, tree('777'))).toEqual([
      'critical file added /etc/sudoers.d',
      'high account added sudo rule eve ALL=(ALL) ALL',
    ]);
  });

  it('for links that a package makes when it is installed, not for those made by hand', () => {
    const wants = '/etc/systemd/system/multi-user.target.wants';
    const unit = '/usr/lib/systemd/system/x.service';
    const link = { [`${wants}/x.service`]: 'l 777 0 0 - - - /lib/systemd/system/x.service' };
    const installed: Set = (d) => {
      d.packages.set('dpkg x', '1');
      d.owned.set(unit, 'x -');
    };
    expect(live({}, { [unit]: 'a=b\n', ...link }, installed)).toEqual(['medium package added x']);
    const enabled = 'high service added unit x.service enabled in multi-user.target';
    expect(live({}, link)).toEqual([enabled]);
    expect(live({ [unit]: 'a=b\n' }, { [unit]: 'a=b\n', ...link }, installed)).toContain(enabled);
  });
});

describe('what is expected', () => {
  const file = '/root/.ssh/authorized_keys';
  const key = (c: string) => `AAAA${c.repeat(40)}`;
  const launched: Set = (d) => {
    d.os.launchKeys = [key('B')];
  };

  it('stays so beside a strange key', () => {
    const both = `ssh-rsa ${key('B')} launch\nssh-rsa ${key('C')} eve\n`;
    expect(live({}, { [file]: both }, launched)).toEqual([
      expect.stringMatching(/^high key added authorized key of root SHA256:/),
    ]);
  });

  it('does not cover another option of the launch key', () => {
    const before = { [file]: `ssh-rsa ${key('B')}\n` };
    expect(
      live(before, { [file]: `cert-authority ssh-rsa ${key('B')}\nssh-rsa ${key('C')}\n` }, launched),
    ).toHaveLength(2);
  });

  it('line by line makes no finding, though another line does', () => {
    const text = 'PasswordAuthentication no\nPermitRootLogin yes\n';
    expect(live({}, { '/etc/ssh/sshd_config.d/50-cloud-init.conf': text })).toEqual([
      'high setting added sshd permitrootlogin',
    ]);
  });
});

it('the same fact in two files is one finding that names both and shows both', () => {
  const [a, b] = ['/etc/sysctl.d/a.conf', '/etc/sysctl.d/b.conf'];
  const [one, ...more] = found({}, { [a]: 'x.y = 1\n', [b]: 'x.y = 2\n' });
  expect(more).toEqual([]);
  expect(one?.reason).toContain(`(${a}); also ${b}`);
  expect(one?.diff).toMatch(/\+x\.y = 1[\s\S]*\+x\.y = 2/);
});

it('a waiver for the file covers what the file says', () => {
  const waiver = { id: 'w', owner: 'ops', reason: 'known and wanted', expires: '2026-12-31T00:00:00Z' };
  expect(live({}, { [cron]: job }, () => {}, [{ ...waiver, subjects: [cron] }])).toEqual([]);
  expect(live({}, { [cron]: job }, () => {}, [{ ...waiver, subjects: ['/etc/cron.d/y'] }])).toHaveLength(1);
});

it('siblings share a fact though the rest of their files differs', () => {
  const of = (name: string) => found({}, { '/etc/hosts': `203.0.113.9 x\n127.0.1.1 ${name}\n` }).map(signature);
  expect(of('a')).toEqual(of('b'));
});

it('a subject or value that wants to deceive is shown escaped', () => {
  const [one] = found({}, { [cron]: '* * * * * root \x1b[2Jx\u0007\n' });
  expect(one?.subject).toBe('cron job of root: * * * * * \\x1b[2Jx\\x07');
  expect(one?.subjectBase64).toBeDefined();
});
