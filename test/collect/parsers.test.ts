import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseAccounts, parseShadow, shadowStates } from '../../src/collect/accounts/parse.ts';
import { isPublicConfiguration, mayBeKept } from '../../src/collect/contents/secrets.ts';
import { Frame } from '../../src/collect/frames.ts';
import { imageHints, parseOsRelease, publicKeys } from '../../src/collect/os/probe.ts';
import { packageOfInfo, parseDpkgStatus, parseMd5sums } from '../../src/collect/packages/dpkg.ts';
import { dpkgOwners } from '../../src/collect/packages/dpkg-owners.ts';
import { parseProcesses } from '../../src/collect/processes/parse.ts';
import { parseProcNet, printAddress } from '../../src/collect/sockets/parse.ts';
import { sockets } from '../../src/collect/sockets/probe.ts';
import { Draft } from '../../src/core/draft.ts';

describe('dpkg', () => {
  const stanza = (name: string, status: string, version: string, arch = 'amd64', more = '') =>
    `Package: ${name}\nStatus: ${status}\nArchitecture: ${arch}\nVersion: ${version}\n${more}`;

  it('counts what is installed, marks what is held or half done, and leaves out what is gone', () => {
    const { packages } = parseDpkgStatus(
      [
        stanza('bash', 'install ok installed', '5.2.37-2+b5'),
        stanza('held', 'hold ok installed', '1'),
        stanza('gone', 'deinstall ok config-files', '1'),
        stanza('never', 'purge ok not-installed', ''),
        stanza('half', 'install reinstreq half-installed', '2'),
        stanza('waiting', 'install ok triggers-pending', '3'),
        stanza('libc6', 'install ok installed', '2.41-12'),
        stanza('libc6', 'install ok installed', '2.41-12', 'i386'),
      ].join('\n'),
    );
    expect(Object.fromEntries(packages)).toEqual({
      'dpkg bash': '5.2.37-2+b5',
      'dpkg held': '1 (hold)',
      'dpkg half': '2 (reinstreq half-installed)',
      'dpkg waiting': '3 (triggers-pending)',
      'dpkg libc6:amd64': '2.41-12',
      'dpkg libc6:i386': '2.41-12',
    });
  });

  it('does not take a field of a description or another field for its own', () => {
    const { packages } = parseDpkgStatus(
      `Package: real\nStatus: install ok installed\nVersion: 1\nConfig-Version: 9\nDescription: x\n Package: fake\n Version: 2\n`,
    );
    expect(Object.fromEntries(packages)).toEqual({ 'dpkg real': '1' });
  });

  it('reads conffiles with spaces and marks', () => {
    const sum = 'a'.repeat(32);
    const { conffiles } = parseDpkgStatus(
      stanza(
        'x',
        'install ok installed',
        '1',
        'all',
        `Conffiles:\n /etc/a b ${sum}\n /etc/c ${sum} obsolete\n /etc/n newconffile\n`,
      ),
    );
    expect(conffiles.map((c) => c.path)).toEqual(['/etc/a b', '/etc/c']);
  });

  it('says whose a file is: conffile, sum, or only its name', () => {
    const owned = new Map<string, string>();
    const md5 = (c: string) => c.repeat(32);
    dpkgOwners(
      {
        info: new Map([
          ['tool:amd64.list', '/.\n/etc\n/etc/tool.conf\n/usr/bin/tool\n'],
          ['tool:amd64.md5sums', `${md5('b')}  usr/bin/tool\n`],
          ['zoo.list', '/.\n/etc\n/usr/bin/zoo\n'],
        ]),
        conffiles: [{ path: '/etc/tool.conf', md5: md5('c'), package: 'tool' }],
        diversions: [],
      },
      owned,
    );
    expect(Object.fromEntries(owned)).toEqual({
      '/etc': 'tool -',
      '/etc/tool.conf': `tool ${md5('c')} conffile`,
      '/usr/bin/tool': `tool ${md5('b')}`,
      '/usr/bin/zoo': 'zoo -',
    });
    expect(packageOfInfo('libc6:amd64.md5sums')).toBe('libc6');
    expect([...parseMd5sums('zz\nnot a sum  x\n')]).toEqual([]);
  });
});

describe('accounts', () => {
  it('reads each state of a password and keeps no password', () => {
    const shadow = 'a:$6$s$secret:1::\nb::1::\nc:!$6$s$x:1::\nd:*:1::\ne:!!:1::\n';
    const states = shadowStates(shadow);
    const digest = createHash('sha256').update('$6$s$secret').digest('hex');
    expect(Object.fromEntries(states)).toEqual({
      a: `set ${digest}`,
      b: 'none -',
      c: 'locked -',
      d: 'locked -',
      e: 'locked -',
    });
    const passwd = [...'abcdef'].map((n, i) => `${n}:x:${i}:${i}::/:/bin/sh`).join('\n');
    const found = parseAccounts(`${passwd}\nold:hash:7:7::/:/bin/sh\nopen::8:8::/:\n\nbroken\n`, '', states);
    const last = (name: string) => found.get(`user ${name}`)?.split('\t').at(-1);
    expect([...'abcdef'].map(last)).toEqual([
      `set ${digest}`,
      'none -',
      'locked -',
      'locked -',
      'locked -',
      'missing -',
    ]);
    expect(last('old')).toBe('in-passwd -');
    expect(last('open')).toBe('none -');
    expect([...found.values()].join()).not.toMatch(/secret|hash/);
  });

  it('a second line of a name hides nothing: the first counts, the second is seen', () => {
    const states = shadowStates('root::1::::::\nroot:*:1::::::\n');
    const found = parseAccounts('root:x:0:0::/root:/bin/sh\nroot:x:5:5::/:/bin/no\n', 'g:x:1:a\ng:x:2:\n', states);
    expect(Object.fromEntries(found)).toEqual({
      'user root': '0\t0\t\t/root\t/bin/sh\tnone -',
      'user root (entry 2)': '5\t5\t\t/\t/bin/no\tnone -',
      'group g': '1\ta',
      'group g (entry 2)': '2\t',
    });
    const said = new Map<string, string>();
    parseShadow('root:none:-', said);
    parseShadow('root:locked:-', said);
    expect(said.get('root')).toBe('none -');
  });

  it('without shadow the state is unknown', () => {
    expect(parseAccounts('a:x:0:0:r\to\\ot:/:/bin/sh\n', '', undefined).get('user a')).toBe(
      '0\t0\tr o\\\\ot\t/\t/bin/sh\t?',
    );
  });

  it('sorts the members of a group', () => {
    expect(Object.fromEntries(parseAccounts('', 'sudo:x:27:zoe,adam\nempty:x:5:\n', undefined))).toEqual({
      'group sudo': '27\tadam,zoe',
      'group empty': '5\t',
    });
  });
});

describe('sockets', () => {
  it.each([
    ['0100007F', '127.0.0.1'],
    ['00000000', '0.0.0.0'],
    ['0501A8C0', '192.168.1.5'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000001000000', '::1'],
    ['0000000000000000FFFF00000100007F', '::ffff:127.0.0.1'],
    ['B80D01200000000067452301EFCDAB89', '2001:db8::123:4567:89ab:cdef'],
    ['000080FE00000000FF005450B6AD1DFE', 'fe80::5054:ff:fe1d:adb6'],
  ])('%s is %s', (hex, address) => {
    expect(printAddress(hex, true)).toBe(address);
  });

  it('refuses what is no address', () => {
    for (const hex of ['', 'xyz', '0100007', '0100007F00', 'GG00007F']) expect(printAddress(hex)).toBeUndefined();
    expect(printAddress('7F000001', false)).toBe('127.0.0.1');
  });

  it('keeps listening TCP and bound UDP, not clients', () => {
    const line = (local: string, state: string, inode: string) =>
      `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`;
    const tcp = `  sl  local_address rem_address   st\n${line('00000000:0016', '0A', '100')}\n${line('00000000:0017', '01', '101')}\n`;
    expect(parseProcNet('tcp', tcp)).toEqual([{ proto: 'tcp', address: '0.0.0.0', port: 22, inode: '100' }]);
    const udp = `${line('00000000:0044', '07', '7')}\n${line('00000000:8000', '07', '8')}\n${line('00000000:EA5F', '07', '9')}\n${line('00000000:EE48', '07', '10')}`;
    expect(parseProcNet('udp', udp).map((s) => s.port)).toEqual([68, 61_000]);
    expect(parseProcNet('tcp', 'garbage\n\0\n1 2 3')).toEqual([]);
  });
});

describe('the sockets of an answer', () => {
  const line = (port: string, inode: string) =>
    ` 0: 0100007F:${port} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1 0`;
  const fact = {
    ppid: 1,
    comm: 'x',
    argv: [],
    deleted: false,
    exeId: '',
    sha256: '',
    uid: 0,
    startedAt: 0,
    rss: 0,
    root: '',
    ownMounts: true,
  };
  const read = (uid: number) => {
    const draft = new Draft('/');
    draft.os.uid = uid;
    // Executables of processes are canonical already.
    draft.processes = [
      { ...fact, pid: 7, exe: '/opt/odd\\\\name' },
      { ...fact, pid: 9, exe: '/opt/child' },
    ];
    const holders = ['/proc/9/fd/3:socket:[100]', '/proc/7/fd/3:socket:[100]'];
    const records = [`tcp ${line('0016', '100')}\n${line('0017', '101')}\n`, 'holders', ...holders];
    sockets.parse(new Frame('sockets', Buffer.from(records.map((r) => `${r}\0`).join(''), 'latin1')), draft);
    return draft;
  };

  it('name the oldest holder as the processes do, and ? where it is not seen', () => {
    expect([...(read(0).sockets ?? new Map()).keys()]).toEqual([
      'tcp 127.0.0.1 22 /opt/odd\\\\name',
      'tcp 127.0.0.1 23 ?',
    ]);
  });

  it('whose holders may not be seen are a gap, but not for root', () => {
    expect(read(0).gaps).toEqual([]);
    expect(read(1000).gaps).toMatchObject([{ probe: 'sockets', reason: 'permission' }]);
  });
});

describe('processes', () => {
  const stat = (pid: number, comm: string, state = 'S', ppid = 1, flags = 4194560) =>
    `/proc/${pid}/stat:${pid} (${comm}) ${state} ${ppid} 1 1 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 500 1000 7 18446744073709551615 0`;
  const read = (records: string[]) => {
    const draft = new Draft('/');
    parseProcesses(records, draft);
    return draft;
  };
  const head = ['hz 100', 'page 4096', 'boot 1700000000'];

  it('reads a comm with spaces, parentheses and a newline', () => {
    const draft = read([
      ...head,
      ...['stat', stat(10, 'a) S 1 (b c'), stat(11, 'new\nline')],
      ...['cmdline', '/proc/10/cmdline:/bin/a', '/proc/10/cmdline:--flag', '/proc/10/cmdline:'],
      ...['status', '/proc/10/status:Uid:\t1000\t0\t0\t0'],
      ...['exe', '/proc/10/exe:/bin/a (deleted)', '/proc/11/exe:/bin/b\\c'],
      ...['id', '/proc/10/id:2049:5', '/proc/11/id:2049:6'],
      ...['hash', `${'a'.repeat(64)} */proc/10/exe\n`],
    ]);
    expect(draft.processes).toMatchObject([
      {
        pid: 10,
        ppid: 1,
        comm: 'a) S 1 (b c',
        exe: '/bin/a',
        deleted: true,
        uid: 0,
        startedAt: 1_700_000_005,
        rss: 28_672,
      },
      { pid: 11, comm: 'new\\nline', exe: '/bin/b\\\\c', deleted: false, uid: -1, sha256: '' },
    ]);
    expect(draft.processes?.[0]?.argv.slice(0, 2)).toEqual(['/bin/a', '--flag']);
    expect(draft.processes?.[0]?.sha256).toBe('a'.repeat(64));
  });

  it('takes no digest of one that began another program while it was read', () => {
    const [dash, grep] = ['d'.repeat(64), 'e'.repeat(64)];
    const draft = read([
      ...head,
      ...['stat', ...[10, 11, 12, 13].map((pid) => stat(pid, 'sh'))],
      ...['exe', '/proc/10/exe:/usr/bin/dash', '/proc/11/exe:/usr/bin/dash', '/proc/12/exe:/usr/bin/dash'],
      '/proc/13/exe:/usr/bin/dash',
      // 11 became grep before this was asked, 12 after it; 13 ended.
      ...['id', '/proc/10/id:1:5', '/proc/11/id:1:6', '/proc/12/id:1:5', '/proc/13/id:1:6'],
      ...['hash', `${dash} */proc/10/exe\n${grep} */proc/11/exe\n${grep} */proc/12/exe\n`],
      ...['again', '/proc/10/exe:/usr/bin/dash (deleted)', '/proc/11/exe:/usr/bin/grep', '/proc/12/exe:/usr/bin/grep'],
    ]);
    expect(draft.processes?.map(({ pid, exe, sha256 }) => [pid, exe, sha256])).toEqual([
      [10, '/usr/bin/dash', dash],
      [11, '/usr/bin/dash', ''],
      [12, '/usr/bin/dash', ''],
      [13, '/usr/bin/dash', ''],
    ]);
  });

  it('leaves out kernel threads and zombies, and says that an executable is hidden', () => {
    const draft = read([
      ...head,
      'stat',
      stat(2, 'kthreadd', 'S', 0, 2129984),
      stat(9, 'kworker/0:1', 'I', 2, 69238880),
      stat(20, 'dead', 'Z'),
      stat(30, 'hidden'),
      stat(31, 'gone meanwhile'),
      stat(32, 'ended meanwhile'),
      stat(33, 'ending'),
      'alive',
      '/proc/30/alive:S 1 30 30 0 -1 4194560',
      '/proc/32/alive:Z 1 32 32 0 -1 4194560',
      // PF_EXITING: its memory is gone already, its parent does not know yet.
      '/proc/33/alive:R 1 33 33 0 -1 4194564',
    ]);
    expect(draft.processes).toEqual([]);
    expect(draft.gaps).toMatchObject([
      { probe: 'processes', reason: 'permission', detail: expect.stringMatching(/^the executables of 1 /) },
    ]);
  });
});

describe('os', () => {
  it('reads os-release as the shell would', () => {
    const release = parseOsRelease(
      `# c\nID=debian\nNAME='Deb ian'\nPRETTY_NAME="a \\"b\\" \\$c"\nnot=this\nX=\x1b[2J\n`,
    );
    expect(Object.fromEntries(release)).toEqual({
      ID: 'debian',
      NAME: 'Deb ian',
      PRETTY_NAME: 'a "b" $c',
      X: '\\x1b[2J',
    });
  });

  it('names the image: metadata before os-release', () => {
    const release = parseOsRelease('IMAGE_ID=web\nIMAGE_VERSION=42\n');
    expect(imageHints(release, '{"ds":{"meta_data":{"ami-id":"ami-1"}}}')).toEqual([
      'ami-1',
      'web:42',
      'web-42',
      'web@42',
    ]);
    expect(imageHints(new Map(), '{}')).toEqual([]);
  });

  it('finds public keys, each once, and no private ones', () => {
    const blob = `AAAA${'B'.repeat(40)}`;
    expect(publicKeys(`"ssh-ed25519 ${blob} me", "ssh-ed25519 ${blob}", "ssh-rsa short"`)).toEqual([blob]);
  });
});

describe('contents', () => {
  it.each([
    ['/etc/shadow', ''],
    ['/etc/shadow-', ''],
    ['/etc/ssh/ssh_host_ed25519_key', ''],
    ['/etc/ssl/private/x.pem', ''],
    ['/etc/app/db-password.conf', ''],
    ['/etc/api_token', ''],
    ['/etc/app.conf', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['/etc/app.conf', 'id = AKIAABCDEFGHIJKLMNOP'],
    ['/etc/app.conf', `t = ghp_${'a'.repeat(36)}`],
  ])('of %s (%s) are never kept', (path, text) => {
    expect(mayBeKept(path, text)).toBe(false);
  });

  it('of public configuration are', () => {
    expect(mayBeKept('/etc/ssh/sshd_config', 'PasswordAuthentication no')).toBe(true);
    expect(mayBeKept('/etc/ssh/ssh_host_ed25519_key.pub', 'ssh-ed25519 AAAA')).toBe(true);
    expect(isPublicConfiguration('/etc/app.conf', 10, 0o644)).toBe(true);
    expect(isPublicConfiguration('/etc/app.conf', 10, 0o640)).toBe(false);
    expect(isPublicConfiguration('/etc/app.conf', 65_537, 0o644)).toBe(false);
    expect(isPublicConfiguration('/etc/sudoers', 10, 0o440)).toBe(true);
    expect(isPublicConfiguration('/srv/app.conf', 10, 0o644)).toBe(false);
    expect(isPublicConfiguration('/root/.ssh/authorized_keys', 10, 0o600)).toBe(true);
  });
});
