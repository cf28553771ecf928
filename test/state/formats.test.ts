import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Draft } from '../../src/core/draft.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { Side } from '../../src/state/side.ts';
import { factsOf, said, seen } from './make.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/state/', import.meta.url));
const systems = ['debian', 'rhel', 'alpine'];

/** Regenerate with UPDATE_GOLDEN=1, then read the difference. */
describe('files of real systems state what is in the golden file', () => {
  it.each(systems)('%s', (system) => {
    const side = new Side(buildFingerprint(new Draft('/')));
    const root = join(fixtures, system);
    const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(root, name)).isFile())
      .sort();
    const lines = paths.flatMap((name) => {
      const found = side.formatOf(`/${name}`);
      const facts = found?.format.facts(seen(`/${name}`, readFileSync(join(root, name), 'latin1'))) ?? [];
      const kinds = facts.map(({ kind }) => kind);
      return [`# /${name}: ${found?.format.name}`, ...said(facts).map((line, i) => `${kinds[i]}: ${line}`)];
    });
    const text = `${lines.join('\n')}\n`;
    const golden = join(fixtures, `${system}.facts`);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
    expect(paths.length).toBeGreaterThan(3);
    expect(text).not.toContain('hunter2');
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });
});

describe('a text that is written to mislead', () => {
  it.each([
    [
      'sudoers',
      '/etc/sudoers',
      '#1000 ALL=(ALL) NOPASSWD:ALL\n#include /x',
      ['sudo rule #1000 ALL=(ALL) NOPASSWD: ALL', 'sudo include /x'],
    ],
    ['sudoers', '/etc/sudoers', '# x\\\neve ALL=(ALL) ALL', []],
    ['sudoers', '/etc/sudoers', 'eve ALL=(ALL) \\\n  NOPASSWD : ALL', ['sudo rule eve ALL=(ALL) NOPASSWD: ALL']],
    [
      'sshd',
      '/etc/ssh/sshd_config',
      'Port 22\nMatch User bob\nPermitRootLogin=yes\nMatch all\nPermitRootLogin no\npermitrootlogin yes',
      ['sshd port = 22', 'sshd permitrootlogin for match User bob = yes', 'sshd permitrootlogin = no'],
    ],
    [
      'pam',
      '/etc/pam.d/x',
      '-auth [default=ignore] \\\n pam_x.so a\n@include common-auth',
      ['pam auth of x = [default=ignore] pam_x.so a', 'pam includes of x = common-auth'],
    ],
    [
      'sysctl',
      '/etc/sysctl.d/x.conf',
      'a.b=1\n-a/b = 2\nnet/ipv4/conf/eth0.1/x=3',
      ['sysctl a.b = 2', 'sysctl net.ipv4.conf.eth0/1.x = 3'],
    ],
    [
      'cron',
      '/etc/cron.d/x',
      'A=1\n@daily root x\n1 2 3 4 5 eve y % z',
      ['cron variable A of /etc/cron.d/x = 1', 'cron job of root: @daily x', 'cron job of eve: 1 2 3 4 5 y % z'],
    ],
    ['cron', '/var/spool/cron/crontabs/eve', '1 2 3 4 5 a b', ['cron job of eve: 1 2 3 4 5 a b']],
    [
      'loader',
      '/etc/ld.so.preload',
      '/a.so:/b.so\n/c.so # x',
      ['preloaded library /a.so', 'preloaded library /b.so', 'preloaded library /c.so'],
    ],
    [
      'package-sources',
      '/etc/apt/sources.list',
      'deb [trusted=yes] http://a:b@h x y # z',
      ['package source deb http://a:<not shown>@h x y = trusted=yes'],
    ],
    [
      'package-sources',
      '/etc/apt/sources.list.d/x.sources',
      'Types: deb\nURIs: http://h\nSuites: x\nEnabled: no\n\nTypes: deb\nURIs: http://h\n http://i\nSuites: x',
      ['package source deb http://h http://i x'],
    ],
    [
      'apt-settings',
      '/etc/apt/apt.conf.d/x',
      'A { B "1"; C {"x";"y";}; }; // z\nD::E:: "2"; /* F "3"; */',
      ['apt setting A::B = 1', 'apt setting A::C = x | y', 'apt setting D::E = 2'],
    ],
    [
      'mounts',
      '/etc/fstab',
      '//h/x /mnt cifs username=a,password=hunter2,ro 0 0',
      ['mount /mnt = //h/x cifs username=a,password=<not shown>,ro'],
    ],
    ['hosts', '/etc/hosts', '1.2.3.4 b a # c\n1.2.3.4 a', ['host names of 1.2.3.4 = a | b']],
    ['init', '/etc/rc3.d/S02x', undefined, ['init script x in the boot sequence']],
    ['init', '/etc/rc3.d/K02x', undefined, ['init script x switched off']],
    ['init', '/etc/runlevels/default/x', undefined, ['service x in runlevel default']],
    ['at', '/var/spool/cron/atjobs/a0000201c3a5d4', undefined, ['at job 2 of root = 2026-05-05T16:04:00.000Z']],
    ['time-zone', '/etc/timezone', 'Europe/Paris\n', ['time zone = Europe/Paris']],
  ])('%s %s: %j', (format, path, text, facts) => {
    const known = format === 'sshd' ? 'ssh' : format;
    if (format === 'at') {
      expect(said(factsOf(known, path, text))[0]).toMatch(/^at job 2 of root = \d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/);
    } else expect(said(factsOf(known, path, text))).toEqual(facts);
  });
});

describe('a key that may log in', () => {
  const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIGludHJ1ZGVyaW50cnVkZXJpbnRydWRlcmludHJ1ZGU';
  const print = 'SHA256:1Cq/zavf9hCz6BGqmANY7XuY+Z15dZqb3EdS8p4eKx8';
  const of = (text: string) =>
    said(factsOf('authorized-keys', '/root/.ssh/authorized_keys', text, { account: 'root' }));

  it.each([
    [`ssh-ed25519 ${blob}`, 'ssh-ed25519'],
    [`ssh-ed25519 ${blob} eve@example.org`, 'ssh-ed25519, commented'],
    [
      `command="echo \\"ssh-rsa AAAAB3Nza\\"",no-pty ssh-ed25519 ${blob} x y`,
      'ssh-ed25519, options command="echo \\"ssh-rsa AAAAB3Nza\\"",no-pty, commented',
    ],
    [`cert-authority ssh-ed25519 ${blob}`, 'ssh-ed25519, options cert-authority'],
  ])('%s', (line, value) => {
    expect(of(`# comment\n${line}\n`)).toEqual([`authorized key of root ${print} = ${value}`]);
  });

  it('never shows its comment or its blob', () => {
    expect(of(`ssh-ed25519 ${blob} eve@example.org`).join()).not.toMatch(/eve|AAAA/);
  });

  it('is none where it stands in an option or a comment of something else', () => {
    expect(of(`environment="X=ssh-ed25519 ${blob}" nonsense\n#ssh-ed25519 ${blob}`)).toEqual([]);
  });
});

describe('a unit', () => {
  const unit = (path: string, text?: string, more = {}) => said(factsOf('systemd-units', path, text, more));
  it('is told from its mask and its alias', () => {
    const path = '/etc/systemd/system/x.service';
    expect(unit(path, undefined, { type: 'l', link: '/dev/null' })).toEqual(['unit x.service masked']);
    expect(unit(path, '')).toEqual(['unit x.service masked']);
    expect(unit(path, undefined, { type: 'l', link: '/lib/systemd/system/y.service' })).toEqual([
      'unit x.service = alias of y.service',
    ]);
    expect(unit(path, '[Service]\nExecStart=/x \\\n --token=hunter2\n')).toEqual([
      'unit x.service = Service.ExecStart=/x --token=<not shown>',
    ]);
  });

  it('that is enabled under the name of another says so', () => {
    const path = '/etc/systemd/system/multi-user.target.wants/ssh.service';
    const facts = factsOf('systemd-enabled', path, undefined, { type: 'l', link: '/opt/evil.service' });
    expect(said(facts)).toEqual(['unit ssh.service enabled in multi-user.target = by the file /opt/evil.service']);
  });
});

describe('a trusted certificate', () => {
  const pem = readFileSync(join(fixtures, 'authority.pem'), 'latin1');
  it('is the same fact in a file, through a link and in a bundle', () => {
    const file = factsOf('certificates', '/usr/local/share/ca-certificates/x.crt', pem);
    const link = factsOf('certificates', '/etc/ssl/certs/0123abcd.0', undefined, {
      type: 'l',
      link: 'x.pem',
      textAt: () => pem,
    });
    const bundle = factsOf('certificates', '/etc/ssl/certs/ca-certificates.crt', `# x\n${pem}\n${pem}`);
    expect(said(file)).toEqual([
      expect.stringMatching(/^trusted certificate CN=Example Authority, O=Example SHA256:34fb0c39/),
    ]);
    expect([said(link), said(bundle)]).toEqual([said(file), said(file)]);
  });

  it('that is none is no fact', () => {
    expect(factsOf('certificates', '/etc/ssl/certs/x.pem', pem.replace('MII', 'MIX'))).toEqual([]);
  });
});
