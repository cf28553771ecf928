import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attribution } from '../../src/collect/attribution/probe.ts';
import { offsetOf, readTime } from '../../src/collect/attribution/time.ts';
import { Frame } from '../../src/collect/frames.ts';
import { composeProgram } from '../../src/collect/program.ts';
import { readAnswer } from '../../src/collect/run.ts';
import { traits } from '../../src/collect/traits/probe.ts';
import { Draft } from '../../src/core/draft.ts';
import { answerOf, busybox, busyboxProgram, program, shells } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/collect/attribution/${name}`, import.meta.url), 'latin1');
const at = (iso: string) => Date.parse(iso) / 1000;

/** What is understood of these records, on a clock of 21 November 2026. */
function read(records: string[], since = 1): Draft {
  const draft = new Draft('/');
  draft.readAt = at('2026-11-21T12:00:00Z');
  draft.since = since;
  attribution.parse(new Frame('attribution', Buffer.from(records.map((one) => `${one}\0`).join(''), 'latin1')), draft);
  return draft;
}
const log = (path: string, text: string, zone = '+0000') => `log ${path} ${zone}\n${text}`;
const deeds = (path: string, text: string, zone?: string) => read([log(path, text, zone)]).deeds ?? [];

describe('times of logs', () => {
  const clock = { offset: offsetOf('+0200'), readAt: at('2026-01-02T00:00:00Z') };
  it.each([
    ['2026-01-01T10:00:00.123456+05:30 host', '2026-01-01T04:30:00Z'],
    ['2026-01-01T10:00:00+0000 x', '2026-01-01T10:00:00Z'],
    ['2026-01-01T10:00:00Z', '2026-01-01T10:00:00Z'],
    ['2026-01-01  10:00:00', '2026-01-01T08:00:00Z'],
    ['2026-01-01 10:00:00,123 INFO', '2026-01-01T08:00:00Z'],
    ['Jan  1 10:00:00 host', '2026-01-01T08:00:00Z'],
    // It has no year, and this one is not over yet.
    ['Dec 31 10:00:00 host', '2025-12-31T08:00:00Z'],
  ])('%s', (text, iso) => {
    expect(readTime(text, clock)?.at).toBe(at(iso));
  });
  it('that are none are none', () => {
    for (const text of ['', 'Foo  1 10:00:00 x', '26-01-01 10:00:00', 'aJa  1 10:00:00 '])
      expect(readTime(text, clock)).toBeUndefined();
  });
});

describe('logs of packages', () => {
  it('of apt tell who, when and which command (captured)', () => {
    const [one, ...more] = deeds('/var/log/apt/history.log', fixture('apt-history.txt'));
    expect(more).toEqual([]);
    expect(one).toEqual({
      kind: 'packages',
      at: at('2026-11-20T23:50:50Z'),
      source: '/var/log/apt/history.log',
      command: 'apt-get install -y -qq --no-install-recommends docker.io iptables',
      packages: ['containerd', 'docker.io', 'runc', 'tini'],
    });
  });

  it('of apt name the account that asked, and the agent that did it by itself', () => {
    const text = `
Start-Date: 2026-11-20  10:00:00
Commandline: apt-get install nmap
Requested-By: alice (1000)
Install: nmap:amd64 (7.93+dfsg1-1), liblinear4:amd64 (2.3.0+dfsg-5, automatic)
End-Date: 2026-11-20  10:00:09

Start-Date: 2026-11-20  06:12:00
Commandline: /usr/bin/unattended-upgrade
Upgrade: openssl:amd64 (3.0.11-1, 3.0.15-1)
Remove: libold1:i386 (1.0)
End-Date: 2026-11-20  06:12:30
`;
    expect(deeds('/var/log/apt/history.log', text, '+0100')).toMatchObject([
      { at: at('2026-11-20T09:00:00Z'), by: 'alice', packages: ['nmap', 'liblinear4'] },
      { at: at('2026-11-20T05:12:00Z'), agent: 'unattended-upgrades', packages: ['openssl', 'libold1'] },
    ]);
  });

  it('of dpkg tell a time for each package (captured)', () => {
    const found = deeds('/var/log/dpkg.log', fixture('dpkg.txt'));
    expect(found.map(({ packages, command }) => [packages, command])).toContainEqual([['runc'], 'dpkg install']);
    expect(new Set(found.flatMap(({ packages }) => packages))).toEqual(
      new Set(['runc', 'containerd', 'tini', 'docker.io']),
    );
  });

  it.each([
    [
      '/var/log/unattended-upgrades/unattended-upgrades.log',
      '2026-11-20 06:12:03,123 INFO Packages that will be upgraded: libssl3 openssl\n2026-11-20 06:13:00,1 INFO All upgrades installed',
      [{ agent: 'unattended-upgrades', packages: ['libssl3', 'openssl'] }],
    ],
    [
      '/var/log/dnf.rpm.log',
      '2026-11-20T10:00:02+0000 SUBDEBUG Upgrade: openssl-libs-1:3.2.2-6.el9.x86_64\n2026-11-20T10:00:01+0000 SUBDEBUG Upgraded: openssl-libs-1:3.0.7-27.el9.x86_64\n2026-11-20T10:00:00+0000 INFO --- logging initialized ---',
      [{ packages: ['openssl-libs'] }],
    ],
    [
      '/var/log/yum.log',
      'Nov 20 10:00:01 Updated: 1:openssl-1.0.2k-19.amzn2.x86_64\nNov 20 10:00:00 Erased: nmap',
      [{ packages: ['openssl'] }, { packages: ['nmap'] }],
    ],
    [
      '/var/log/pacman.log',
      "[2026-11-20T10:00:00+0000] [PACMAN] Running 'pacman -S nmap'\n[2026-11-20T10:00:03+0000] [ALPM] installed nmap (7.93-1)\n[2026-11-20T10:00:02+0000] [ALPM-SCRIPTLET] installed x (1)",
      [{ packages: ['nmap'], command: 'pacman -S nmap', at: at('2026-11-20T10:00:03Z') }],
    ],
    [
      '/var/log/apk.log',
      '\nRunning `apk add nmap` at 2026-11-20 10:00:00\n(1/2) Installing libpcap (1.10.4-r1)\n(2/2) Installing nmap (7.93-r0)\nOK: 12 MiB in 20 packages\n',
      [{ packages: ['libpcap', 'nmap'], command: 'apk add nmap', at: at('2026-11-20T10:00:00Z') }],
    ],
    [
      '/var/lib/snapd/state.json',
      String.raw`"kind":"auto-refresh","summary":"Auto-refresh snaps \"core20\", \"lxd\"","status":4,"data":{"x":1},"task-ids":["1"],"spawn-time":"2026-11-20T10:00:00.5+01:00","ready-time":"2026-11-20T10:01:00Z"},"13":{"id":"13",`,
      [
        {
          packages: ['snap:core20', 'snap:lxd'],
          agent: 'the automatic refresh of snapd',
          at: at('2026-11-20T09:00:00Z'),
        },
      ],
    ],
  ])('%s', (path, text, expected) => {
    expect(deeds(path, text)).toMatchObject(expected);
  });

  it('of dnf are put together: the command from one, what it did from the other', () => {
    const { deeds: found } = read([
      log(
        '/var/log/dnf.log',
        '2026-11-20T10:00:00+0000 DDEBUG Command: dnf -y install nmap \n2026-11-20T11:00:00+0000 DDEBUG Command: dnf check-update',
      ),
      log('/var/log/dnf.rpm.log', '2026-11-20T10:00:09+0000 SUBDEBUG Installed: nmap-3:7.92-1.el9.x86_64'),
    ]);
    expect(found).toMatchObject([{ packages: ['nmap'], command: 'dnf -y install nmap' }]);
  });
});

describe('the log of authentication', () => {
  const auth = (text: string) => deeds('/var/log/auth.log', text);
  const line = (rest: string) => `2026-11-21T10:00:00.123456+00:00 web-1 ${rest}`;

  it('tells what was done to accounts (captured)', () => {
    const found = auth(fixture('auth.txt')).map(({ command, by, accounts }) => [command, by, accounts]);
    for (const expected of [
      ['useradd', undefined, ['user eve']],
      ['chpasswd', undefined, ['user eve']],
      ['passwd', 'root', ['user eve']],
      ['usermod', undefined, ['group sudo', 'user eve']],
      ['usermod', undefined, ['user eve']],
      ['gpasswd', 'root', ['group adm', 'user eve']],
      ['chage', undefined, ['user eve']],
      ['chsh', undefined, ['user eve']],
      ['groupadd', undefined, ['group lab']],
      ['groupdel', undefined, ['group lab']],
      ['userdel', undefined, ['user eve']],
    ])
      expect(found).toContainEqual(expected);
  });

  it('tells commands of sudo, without secrets, and not what sudo refused', () => {
    const text = [
      line('sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/vim /etc/motd'),
      line('sudo[77]: bob : PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql --password hunter22 -e x'),
      line('sudo: eve : command not allowed ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh'),
      line('sudo: eve : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh'),
    ].join('\n');
    const found = auth(text);
    expect(found.map(({ by, command }) => [by, command])).toEqual([
      ['alice', '/usr/bin/vim /etc/motd'],
      ['bob', '/usr/bin/mysql --password <not shown> -e x'],
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter22');
  });

  it('does not take a scan for a change', () => {
    expect(auth(line('sudo: scanner : PWD=/ ; USER=root ; COMMAND=/bin/sh -s -- / live 1795225427'))).toEqual([]);
  });

  it('tells who came in', () => {
    const [one] = auth(line('sshd[9]: Accepted publickey for root from 10.0.0.9 port 51022 ssh2: ED25519 SHA256:abc'));
    expect(one).toMatchObject({ kind: 'login', by: 'root, logged in from 10.0.0.9' });
  });

  it('comes packed, or not where there is no gzip', () => {
    const text = line('useradd[1]: new user: name=eve, UID=1, GID=1, home=/, shell=/bin/sh');
    for (const bytes of [gzipSync(text), Buffer.from(text)])
      expect(read([`packed /var/log/auth.log +0000\n${bytes.toString('hex')}`]).deeds).toHaveLength(1);
  });

  it('that may not be read is a gap', () => {
    const { gaps } = read(['unreadable /var/log/auth.log', 'unreadable /var/log/dnf.log', 'unreadable /etc/x']);
    expect(gaps).toMatchObject([{ probe: 'attribution', reason: 'permission' }]);
    expect(gaps[0]?.detail).toMatch(/^\/var\/log\/auth\.log, \/var\/log\/dnf\.log may not be read/);
  });
});

it('tells nothing that is older than the image, or of the day after tomorrow', () => {
  const text =
    '2026-11-20 10:00:00 install a:all <none> 1\n2026-11-20 10:00:01 install b:all <none> 1\n2026-11-23 10:00:01 install c:all <none> 1';
  const draft = read([log('/var/log/dpkg.log', text)], at('2026-11-20T10:00:00Z'));
  expect(draft.deeds?.map(({ packages }) => packages)).toEqual([['b']]);
});

it('never fails, whatever the logs hold', () => {
  const paths = [
    ...[
      '/var/log/apt/history.log',
      '/var/log/dpkg.log',
      '/var/log/dnf.log',
      '/var/log/dnf.rpm.log',
      '/var/log/apk.log',
    ],
    ...['/var/log/pacman.log', '/var/lib/snapd/state.json', '/var/log/auth.log', '/etc/shadow', 'constructor'],
  ];
  const whole = `${fixture('auth.txt')}${fixture('apt-history.txt')}${fixture('dpkg.txt')}`;
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.nat(whole.length), fc.string({ unit: 'binary' }), (path, cut, noise) => {
      for (const word of ['log', 'packed', 'unreadable'])
        read([`${word} ${path} ${noise.slice(0, 5)}\n${whole.slice(cut, cut + 3000)}${noise}`, noise]);
    }),
    { numRuns: 300 },
  );
  // Long lines of what the patterns like best.
  for (const path of paths)
    for (const piece of ['a', '2026-11-20 10:00:00 ', '-1', 'a (', '\\"a', "'", ' Accepted x for '])
      read([log(path, `2026-11-20T10:00:00+00:00 h sudo: ${piece.repeat(20_000)}`)]);
});

it('units of systemd are told of their processes', () => {
  const draft = new Draft('/');
  traits.parse(
    new Frame('traits', Buffer.from('units\nevil.service 7 8\nsession-3.scope 9\n../x.service 10\n\0')),
    draft,
  );
  expect([...(draft.running.traits ?? [])].map(([pid, { unit }]) => [pid, unit])).toEqual([
    [7, 'evil.service'],
    [8, 'evil.service'],
    [9, 'session-3.scope'],
  ]);
});

describe('the question', () => {
  let dir: Scratch;
  const since = Math.floor(Date.now() / 1000) - 3600;
  const local = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', '  ');
  const stanza = (seconds: number, name: string) =>
    `\nStart-Date: ${local(seconds)}\nCommandline: apt install ${name}\nInstall: ${name}:amd64 (1)\nEnd-Date: ${local(seconds)}\n`;

  beforeAll(() => {
    dir = scratch('attribution');
    const one = (seconds: number, rest: string) => `${local(seconds).replace('  ', ' ')} ${rest}\n`;
    plant(dir.path, {
      'root/var/log/apt/history.log': stanza(since - 60, 'old') + stanza(since + 60, 'new'),
      'root/var/log/dpkg.log': one(since - 60, 'install old:amd64 <none> 1') + one(since + 60, 'upgrade new:amd64 0 1'),
      'root/var/log/auth.log': `${new Date((since + 60) * 1000).toISOString()} h sudo: alice : TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/new\n`,
    });
  });
  afterAll(() => dir.remove());

  const ways = [
    ...shells.map(({ name, command, missing }) => ({ name, command, missing, tools: false })),
    { name: 'busybox alone', command: ['busybox', 'ash'], missing: !busybox, tools: true },
  ];
  describe.each(ways)('under $name', ({ command, missing, tools }) => {
    it.skipIf(missing)('brings what is newer than the image', () => {
      const text = tools ? busyboxProgram(`${dir.path}/tools`) : program;
      expect(text).toContain(attribution.question.trim());
      const only = composeProgram([attribution]);
      const asked = tools ? only.replace('PATH=/usr/sbin:/usr/bin:/sbin:/bin;', `PATH=${dir.path}/tools;`) : only;
      const args = { root: `${dir.path}/root`, mode: 'offline' as const, since };
      const answer = answerOf(command, asked, args);
      const draft = readAnswer(answer, [attribution], args);
      expect(answer.stderr).toBe('');
      expect(draft.gaps).toEqual([]);
      expect(draft.deeds?.map(({ kind, packages, command: ran }) => [kind, packages ?? ran])).toEqual(
        expect.arrayContaining([
          ['packages', ['new']],
          ['command', '/bin/new'],
        ]),
      );
      expect(draft.deeds).toHaveLength(3);
      // What is older stays there.
      expect(answer.stdout.toString('latin1')).not.toContain('install old');
    });
  });

  it('sends nothing where the logs are older than the image, and for a manifest', () => {
    for (const time of [since + 7200, 0]) {
      const args = { root: `${dir.path}/root`, mode: 'offline' as const, since: time };
      const { stdout } = answerOf(['sh'], composeProgram([attribution]), args);
      expect(stdout.toString('latin1')).toContain('B attribution\0E attribution\0');
    }
  });
});
