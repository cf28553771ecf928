import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../../src/collect/frames.ts';
import { parseApk, parseApkWorld } from '../../../src/collect/packages/apk.ts';
import { bundleFacts } from '../../../src/collect/packages/bundles.ts';
import { parseDpkgStatus, parseExtendedStates } from '../../../src/collect/packages/dpkg.ts';
import { dpkgAltered, dpkgOwners } from '../../../src/collect/packages/dpkg-owners.ts';
import { parseDiversions, settingsOfDpkg } from '../../../src/collect/packages/dpkg-settings.ts';
import { languageFacts, languagePackage, npmVersion, parseRecord } from '../../../src/collect/packages/language.ts';
import { parseMtree } from '../../../src/collect/packages/mtree.ts';
import { parsePacman, parsePacmanFiles } from '../../../src/collect/packages/pacman.ts';
import { packages } from '../../../src/collect/packages/probe.ts';
import { parseRpm, parseRpmFiles } from '../../../src/collect/packages/rpm.ts';
import { Draft } from '../../../src/core/draft.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/collect/packages/${name}`, import.meta.url), 'latin1');
const md5 = (c: string) => c.repeat(32);
const sum = (c: string) => c.repeat(64);

describe('dpkg', () => {
  const status = (name: string, arch: string) =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: ${arch}\nVersion: 1\n`;

  it('knows what came as a dependency, also for packages of all architectures', () => {
    const auto = parseExtendedStates(fixture('dpkg/extended_states'));
    const list = [status('libc6', 'amd64'), status('libc6', 'i386'), status('adduser', 'all'), status('curl', 'amd64')];
    expect(Object.fromEntries(parseDpkgStatus(list.join('\n'), auto).packages)).toEqual({
      'dpkg libc6:amd64': '1 (auto)',
      'dpkg libc6:i386': '1',
      'dpkg adduser': '1 (auto)',
      'dpkg curl': '1',
    });
  });

  it('reads diversions, statoverrides and foreign architectures', () => {
    const settings = {
      diversions: `${fixture('dpkg/diversions')}/usr/bin/tac\n/usr/bin/tac.real\n:\n`,
      statoverride: 'root messagebus 4754 /usr/lib/dbus-1.0/dbus-daemon-launch-helper\n#0 #42 2755 /a b\nbroken\n',
      arch: 'amd64\ni386\n',
    };
    expect(Object.fromEntries(settingsOfDpkg(settings, 'amd64'))).toEqual({
      'dpkg-diversion /usr/share/man/man1/sh.1.gz': 'dash /usr/share/man/man1/sh.distrib.1.gz',
      'dpkg-diversion /bin/sh': 'dash /bin/sh.distrib',
      'dpkg-diversion /usr/bin/tac': 'local /usr/bin/tac.real',
      'dpkg-statoverride /usr/lib/dbus-1.0/dbus-daemon-launch-helper': 'root messagebus 4754',
      'dpkg-statoverride /a b': '#0 #42 2755',
      'dpkg-arch i386': '-',
    });
  });

  const diverted = {
    info: new Map([
      ['coreutils.list', '/.\n/usr/bin/tac\n/usr/bin/cat\n'],
      ['coreutils.md5sums', `${md5('a')}  usr/bin/tac\n${md5('b')}  usr/bin/cat\n`],
      ['other.list', '/usr/bin/tac\n'],
      ['other.md5sums', `${md5('c')}  usr/bin/tac\n`],
    ]),
    conffiles: [],
    diversions: [{ from: '/usr/bin/tac', to: '/usr/bin/tac.distrib', by: 'other' }],
  };

  it('owns a diverted file where it was put', () => {
    const owned = new Map<string, string>();
    dpkgOwners(diverted, owned);
    expect(Object.fromEntries(owned)).toEqual({
      '/usr/bin/tac.distrib': `coreutils ${md5('a')}`,
      '/usr/bin/cat': `coreutils ${md5('b')}`,
      '/usr/bin/tac': `other ${md5('c')}`,
    });
  });

  it.each([
    ['as they were', 'a', 'c', []],
    ['the moved one altered', 'e', 'c', ['/usr/bin/tac.distrib']],
    ['the one in its place altered', 'a', 'e', ['/usr/bin/tac']],
  ])('compares diverted files by their own sums: %s', (_, moved, inPlace, expected) => {
    const altered = new Set<string>();
    const lines = `${md5(moved)}  usr/bin/tac.distrib\n${md5(inPlace)}  usr/bin/tac\n`;
    // md5sum -c fails for the one of the two lists whose file is elsewhere.
    dpkgAltered(diverted, { failed: ['/usr/bin/tac'], conffiles: '', diverted: lines }, altered);
    expect([...altered]).toEqual(expected);
  });
});

describe('apk', () => {
  it('reads rights and sums as the packages have them', () => {
    const { packages, owned, shipped } = parseApk(fixture('apk/installed'));
    expect(Object.fromEntries(packages)).toEqual({
      'apk alpine-baselayout': '3.4.3-r2',
      'apk busybox': '1.36.1-r15',
    });
    expect(owned.get('/etc/shadow')).toBe('alpine-baselayout Q1ltrPIAW2zHeDiajsex2Bdmq3uqA=');
    expect(shipped.get('/tmp')).toEqual({ user: '0', group: '0', mode: '1777' });
    expect(shipped.get('/etc/shadow')).toEqual({ user: '0', group: '42', mode: '640' });
    expect(shipped.get('/etc/motd')).toEqual({ user: '0', group: '0', mode: '644' });
    expect(shipped.get('/bin/busybox')).toEqual({ user: '0', group: '0', mode: '755' });
  });

  it('reads what was asked for', () => {
    expect(Object.fromEntries(parseApkWorld('alpine-base\nopenssh>9.0 !doas\n.build@edge=2024\n'))).toEqual({
      'apk-world alpine-base': '-',
      'apk-world openssh': '>9.0',
      'apk-world !doas': '-',
      'apk-world .build': '@edge=2024',
    });
  });
});

describe('pacman', () => {
  const mtree = `#mtree
/set type=file uid=0 gid=0 mode=644
./.BUILDINFO time=1.0 size=5 sha256digest=${sum('0')}
./usr time=1.0 mode=755 type=dir
./usr/bin/tool time=1.0 mode=755 size=9 sha256digest=${sum('a')}
./usr/share/a\\040b time=1.0 size=1 sha256digest=${sum('b')}
./usr/lib/libx.so time=1.0 mode=777 type=link link=libx.so.1
./etc/tool.conf time=1.0 mode=600 gid=5 size=1 sha256digest=${sum('c')}
`;

  it('takes name and version apart, and says what came as a dependency', () => {
    const names = ['linux-firmware-20240610.1-1', 'zlib-1:1.3.1-2', 'ALPM_DB_VERSION', 'x'];
    expect(Object.fromEntries(parsePacman(names, new Set(['zlib-1:1.3.1-2'])))).toEqual({
      'pacman linux-firmware': '20240610.1-1',
      'pacman zlib': '1:1.3.1-2 (auto)',
    });
  });

  it('reads an mtree with defaults, links and octal names', () => {
    expect(Object.fromEntries(parseMtree(mtree))).toEqual({
      '/usr': { user: '0', group: '0', mode: '755' },
      '/usr/bin/tool': { user: '0', group: '0', mode: '755', sha256: sum('a') },
      '/usr/share/a b': { user: '0', group: '0', mode: '644', sha256: sum('b') },
      '/usr/lib/libx.so': { user: '0', group: '0', link: 'libx.so.1' },
      '/etc/tool.conf': { user: '0', group: '5', mode: '600', sha256: sum('c') },
    });
  });

  it('joins files, configuration and rights', () => {
    const files = `%FILES%\netc/\netc/tool.conf\nusr/\nusr/bin/tool\n\n%BACKUP%\netc/tool.conf\t${md5('d')}\n`;
    const { owned, shipped } = parsePacmanFiles('tool-1-1', files, mtree);
    expect(Object.fromEntries(owned)).toEqual({
      '/etc': 'tool -',
      '/etc/tool.conf': `tool ${md5('d')} conffile`,
      '/usr': 'tool -',
      '/usr/bin/tool': 'tool -',
    });
    expect([...shipped.keys()]).toEqual(['/usr', '/usr/bin/tool', '/etc/tool.conf']);
  });
});

describe('languages', () => {
  it.each([
    ['/usr/local/lib/python3.11/dist-packages/Lab_Tool-1.0.dist-info', 'pip lab-tool', '1.0'],
    ['/usr/lib/python3/dist-packages/zope.interface-5.5.2-py3.11.egg-info', 'pip zope-interface', '5.5.2'],
    ['/usr/lib64/python3.9/site-packages/rpm-4.16.1.3-py3.9.egg-info', 'pip rpm', '4.16.1.3'],
    ['/var/lib/gems/3.1.0/specifications/rake-13.0.6.gemspec', 'gem rake', '13.0.6'],
    ['/usr/lib/ruby/gems/3.2.0/specifications/default/net-http-0.3.2.gemspec', 'gem net-http', '0.3.2'],
    ['/usr/share/gems/specifications/nokogiri-1.15.4-x86_64-linux.gemspec', 'gem nokogiri', '1.15.4-x86_64-linux'],
    ['/usr/lib/node_modules/npm/package.json', 'npm npm', '7'],
    ['/usr/local/lib/node_modules/@scope/x/package.json', 'npm @scope/x', '7'],
  ])('%s is %s %s', (path, key, version) => {
    expect(languagePackage(path, '7')).toMatchObject({ key, version });
  });

  it.each([
    '/home/a/lib/python3/dist-packages/x-1.dist-info',
    '/usr/lib/node_modules/npm/lib/package.json',
    '/usr/lib/node_modules/npm/node_modules/x/package.json',
    '/usr/lib/node_modules/.package-lock.json',
    '/usr/lib/python3/dist-packages/x/y-1.dist-info',
  ])('%s is none', (path) => {
    expect(languagePackage(path)).toBeUndefined();
  });

  it('puts a package that is there twice into one fact', () => {
    const at = (python: string, version: string) => ({
      key: 'pip x',
      version,
      home: `/usr/lib/${python}/site-packages/x-${version}.dist-info`,
    });
    expect(Object.fromEntries(languageFacts([at('python3.11', '2'), at('python3.9', '1')]))).toEqual({
      'pip x': '1 /usr/lib/python3.9/site-packages/x-1.dist-info\t2 /usr/lib/python3.11/site-packages/x-2.dist-info',
    });
    expect(npmVersion('{"name":"a","version" : "1.2.3","x":{"version":"9"}}')).toBe('1.2.3');
  });

  it('takes from a RECORD what lies below its prefix, and nothing else', () => {
    const info = '/usr/local/lib/python3.11/dist-packages/x-1.dist-info';
    const digest = Buffer.from(sum('a'), 'hex').toString('base64url');
    const lines = [
      `x/__init__.py,sha256=${digest},9`,
      `"x/a, ""b"".py",sha256=${digest},9`,
      `../../../bin/x,sha256=${digest},9`,
      `../../../../bin/tac,sha256=${digest},9`,
      `../../../../../etc/cron.d/x,sha256=${digest},9`,
      `/etc/shadow,,`,
      `../../../etc/x,,`,
      `x-1.dist-info/RECORD,,`,
    ];
    const { owned, shipped } = parseRecord(info, lines.join('\r\n'));
    expect([...owned.keys()].filter((path) => !path.startsWith('/usr/local/'))).toEqual([]);
    expect([...owned.keys()].filter((path) => path.startsWith('/usr/local/etc'))).toEqual([]);
    expect(owned.get('/usr/local/bin/x')).toBe(`pip:x ${sum('a')}`);
    expect(owned.get('/usr/local/lib/python3.11/dist-packages/x/a, "b".py')).toBe(`pip:x ${sum('a')}`);
    expect(owned.get('/usr/local/lib/python3.11/dist-packages/x')).toBe('pip:x -');
    expect(shipped.get('/usr/local/bin/x')).toMatchObject({ sha256: sum('a'), capabilities: false });
  });
});

describe('snaps and flatpaks', () => {
  it('are revisions', () => {
    const links = new Map([
      ['/snap/core22/current', '1122'],
      ['/var/lib/flatpak/app/org.example.App/x86_64/stable/active', 'abcdef0123456789'],
      ['/snap/README', 'x'],
    ]);
    const files = ['core22_1122.snap', 'core22_1033.snap', 'off_x1.snap', 'par_two_7.snap'];
    expect(
      Object.fromEntries(
        bundleFacts(
          links,
          files.map((file) => `/var/lib/snapd/snaps/${file}`),
        ),
      ),
    ).toEqual({
      'snap core22': '1122, kept 1033',
      'snap off': 'disabled, kept x1',
      'snap par_two': 'disabled, kept 7',
      'flatpak org.example.App': 'x86_64/stable abcdef012345',
    });
  });
});

it('no parser throws for anything', () => {
  const words = fc.constantFrom(
    'P:a',
    'V:1',
    'F:',
    'R:',
    'Z:Q1',
    'a:0:0',
    'M:0:0:755',
    '%FILES%',
    '%BACKUP%',
    '/set',
    './a',
    'mode=',
    'Package: a',
    'Status: install ok installed',
    '\t',
    '/',
    ':',
    ',sha256=',
    '__proto__=x',
    '\\777',
    '',
  );
  const line = fc.oneof(
    words,
    fc.string({ maxLength: 30, unit: 'binary-ascii' }),
    fc.array(words, { maxLength: 4 }).map((w) => w.join(' ')),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines.join('\n');
      parseDpkgStatus(text, parseExtendedStates(text));
      settingsOfDpkg({ diversions: text, statoverride: text, arch: text }, '');
      const files = {
        info: new Map([
          ['a.list', text],
          ['a.md5sums', text],
        ]),
        conffiles: [],
        diversions: parseDiversions(text),
      };
      dpkgAltered(files, { failed: lines, conffiles: text, diverted: text }, new Set());
      parseApk(text);
      parseApkWorld(text);
      parsePacman(lines, new Set(lines));
      parsePacmanFiles('a-1-1', text, text);
      parseRpm(text);
      parseRpmFiles(text);
      parseRecord('/usr/lib/python3/dist-packages/x-1.dist-info', text);
      const found = lines.map((path) => languagePackage(path)).filter((one) => one !== undefined);
      for (const [key, value] of [...languageFacts(found), ...bundleFacts(new Map(lines.map((l) => [l, l])), lines)])
        expect(`${key}${value}`).not.toMatch(/[\0\n]/);
    }),
  );
});

it('the probe throws for no records, whatever their words', () => {
  const word = fc.constantFrom(
    ...[
      'dpkg-status',
      'dpkg-info',
      'dpkg-altered',
      'dpkg-diverted-md5',
      'dpkg-diversions',
      'dpkg-brief',
      'apt-states',
      'newest',
    ],
    ...[
      'rpm',
      'rpm-files',
      'rpm-failed',
      'no-tool',
      'apk',
      'apk-world',
      'apk-altered',
      'pacman',
      'pacman-auto',
      'pacman-files',
    ],
    ...['pacman-mtree', 'lang', 'npm', 'py-record', 'snap-file', 'bundle', '', '__proto__'],
  );
  const value = fc.oneof(
    fc.string({ maxLength: 40, unit: 'binary-ascii' }),
    fc.constantFrom('/', './a-1-1\n%FILES%\na', '/usr/lib/node_modules/a/package.json\n'),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(word, value), { maxLength: 20 }), (records) => {
      const text = records.map(([name, rest]) => `${name} ${rest.replaceAll('\0', '')}\0`).join('');
      const draft = new Draft('/');
      packages.parse(new Frame('packages', Buffer.from(text, 'latin1')), draft);
      for (const [key, fact] of [...draft.packages, ...draft.owned])
        expect(typeof key + typeof fact).toBe('stringstring');
      for (const [key, fact] of draft.packages) expect(`${key}${fact}`).not.toMatch(/[\0\n]/);
    }),
  );
});
