import { added, changed, type LabDrift, one, sh } from './drift-words.ts';

/** A package by hand: what goes into `$d` before it is built and installed. */
const deb = (name: string, fill: string) => `d=/tmp/${name}; mkdir -p $d/DEBIAN $d/usr/bin
printf 'Package: ${name}\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: tool\\n' >$d/DEBIAN/control
${fill}
dpkg-deb --build $d /tmp/${name}.deb >/dev/null
dpkg -i /tmp/${name}.deb >/dev/null 2>&1
`;

/** What pip leaves: modules, a program, and a RECORD with their digests. */
const pip = (version = '1.0') => `s=/usr/local/lib/python3.11/dist-packages; i=$s/Lab_Tool-${version}.dist-info
mkdir -p $s/labtool/deep $i
echo 'x = "${version}"' >$s/labtool/__init__.py; echo 'y = 1' >"$s/labtool/deep/z.py"
printf '#!/usr/bin/python3\\nimport labtool\\n' >/usr/local/bin/labtool; chmod 755 /usr/local/bin/labtool
printf 'Metadata-Version: 2.1\\nName: Lab_Tool\\nVersion: ${version}\\n' >$i/METADATA
echo pip >$i/INSTALLER
cd $s
for f in labtool/__init__.py labtool/deep/z.py Lab_Tool-${version}.dist-info/METADATA Lab_Tool-${version}.dist-info/INSTALLER ../../../bin/labtool; do
  echo "$f,sha256=$(openssl dgst -sha256 -binary $f | base64 | tr '+/' '-_' | tr -d =),$(stat -c %s $f)"
done >/tmp/record
echo "labtool/__pycache__/__init__.cpython-311.pyc,," >>/tmp/record
echo "Lab_Tool-${version}.dist-info/RECORD,," >>/tmp/record
cp /tmp/record $i/RECORD
mkdir $s/labtool/__pycache__; echo compiled >$s/labtool/__pycache__/__init__.cpython-311.pyc
`;

const npm = `m=/usr/local/lib/node_modules/@lab/tool; mkdir -p $m/bin $m/node_modules/dep
echo '{ "name": "@lab/tool", "version": "3.2.1", "bin": { "tool": "bin/tool.js" } }' >$m/package.json
echo '{ "name": "dep", "version": "0.0.1" }' >$m/node_modules/dep/package.json
printf '#!/usr/bin/env node\\n' >$m/bin/tool.js; chmod 755 $m/bin/tool.js
ln -s ../lib/node_modules/@lab/tool/bin/tool.js /usr/local/bin/tool
`;

const gem = `g=/var/lib/gems/3.1.0; mkdir -p $g/specifications $g/gems/labgem-2.0.1/lib $g/cache $g/build_info
echo 'Gem::Specification.new' >$g/specifications/labgem-2.0.1.gemspec
echo 'module Lab; end' >$g/gems/labgem-2.0.1/lib/labgem.rb
echo gem >$g/cache/labgem-2.0.1.gem
`;

const snap = `mkdir -p /var/lib/snapd/snaps /snap/lab-agent/12
echo squash >/var/lib/snapd/snaps/lab-agent_12.snap; chmod 600 /var/lib/snapd/snaps/lab-agent_12.snap
ln -s 12 /snap/lab-agent/current
u='/etc/systemd/system/snap-lab\\x2dagent-12.mount'
printf '[Unit]\\nDescription=Mount unit for lab-agent, revision 12\\n[Mount]\\nWhat=/var/lib/snapd/snaps/lab-agent_12.snap\\nWhere=/snap/lab-agent/12\\nType=squashfs\\n[Install]\\nWantedBy=multi-user.target\\n' >"$u"
ln -s "$u" "/etc/systemd/system/multi-user.target.wants/snap-lab\\x2dagent-12.mount"
`;

/** What changes beside the version of a package, and packages that the distribution does not know. */
export const packageSettings: readonly LabDrift[] = [
  {
    name: 'package held',
    do: sh('echo logsave hold | dpkg --set-selections'),
    expect: changed('logsave', 'medium', 'package'),
  },
  {
    name: 'dependency marked as asked for',
    do: sh('apt-mark manual libwrap0 >/dev/null'),
    expect: changed('libwrap0', 'low', 'package'),
  },
  {
    name: 'held package, and its program removed',
    do: sh('echo logsave hold | dpkg --set-selections; rm /usr/sbin/logsave'),
    expect: [...changed('logsave', 'medium', 'package'), one('file', 'removed', '/usr/sbin/logsave', 'high')],
  },
  {
    name: 'diversion of a program',
    do: sh('dpkg-divert --local --rename --add /usr/bin/tac >/dev/null 2>&1'),
    expect: added('diversion of /usr/bin/tac', 'high', 'package'),
  },
  {
    name: 'diversion of a program, another one in its place',
    do: sh(
      'dpkg-divert --local --rename --add /usr/bin/tac >/dev/null 2>&1; printf "#!/bin/sh\\n" >/usr/bin/tac; chmod 755 /usr/bin/tac',
    ),
    expect: [...added('diversion of /usr/bin/tac', 'high', 'package'), ...changed('/usr/bin/tac', 'critical')],
  },
  {
    name: 'diversion of a program, which is not what it was',
    do: sh('dpkg-divert --local --rename --add /usr/bin/tac >/dev/null 2>&1; printf x >>/usr/bin/tac.distrib'),
    expect: [
      ...added('diversion of /usr/bin/tac', 'high', 'package'),
      one('file', 'removed', '/usr/bin/tac', 'high'),
      ...added('/usr/bin/tac.distrib', 'high'),
    ],
  },
  {
    name: 'diversion that a package brings',
    do: sh(
      deb(
        'lab-diverter',
        `printf '#!/bin/sh\\n' >$d/usr/bin/tac; chmod 755 $d/usr/bin/tac
printf '#!/bin/sh\\ndpkg-divert --package lab-diverter --rename --add /usr/bin/tac\\n' >$d/DEBIAN/preinst; chmod 755 $d/DEBIAN/preinst
(cd $d; md5sum usr/bin/tac >DEBIAN/md5sums)`,
      ),
    ),
    expect: added('lab-diverter', 'medium', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'statoverride: set-user-id',
    do: sh('dpkg-statoverride --update --add root root 4755 /usr/bin/tac'),
    expect: added('statoverride of /usr/bin/tac', 'critical', 'package'),
  },
  {
    name: 'statoverride: another group',
    do: sh('dpkg-statoverride --update --add root sudo 0750 /usr/bin/tac'),
    expect: added('statoverride of /usr/bin/tac', 'medium', 'package'),
  },
  {
    name: 'statoverride, and more rights than it says',
    do: sh('dpkg-statoverride --update --add root sudo 0750 /usr/bin/tac; chmod 4750 /usr/bin/tac'),
    expect: [...added('statoverride of /usr/bin/tac', 'medium', 'package'), ...changed('/usr/bin/tac', 'critical')],
  },
  {
    name: 'foreign architecture',
    do: sh('dpkg --add-architecture i386'),
    expect: added('foreign architecture i386', 'medium', 'package'),
  },
  { name: 'pip package', do: sh(pip()), expect: added('pip lab-tool', 'medium', 'package'), verdict: 'drifted' },
  {
    name: 'pip package, its program tampered with',
    do: sh(`${pip()}echo 'import os' >>/usr/local/bin/labtool`),
    expect: [...added('/usr/local/bin/labtool', 'high'), ...added('pip lab-tool', 'medium', 'package')],
  },
  {
    name: 'pip package that says that a job and a program of the distribution are its own',
    do: sh(`${pip()}printf x >>/usr/bin/tac; echo '* * * * * root /x' >/etc/cron.d/evil
for f in ../../../../bin/tac ../../../../../etc/cron.d/evil; do
  echo "$f,sha256=$(openssl dgst -sha256 -binary $s/$f | base64 | tr '+/' '-_' | tr -d =),1" >>$i/RECORD
done`),
    expect: [
      ...changed('/usr/bin/tac', 'critical'),
      ...added('cron job of root: * * * * * /x', 'high', 'job'),
      ...added('pip lab-tool', 'medium', 'package'),
    ],
  },
  { name: 'npm package', do: sh(npm), expect: added('npm @lab/tool', 'medium', 'package'), verdict: 'drifted' },
  {
    name: 'npm package with a program of set-user-id',
    do: sh(`${npm}chmod 4755 $m/bin/tool.js`),
    expect: [
      ...added('/usr/local/lib/node_modules/@lab/tool/bin/tool.js', 'critical'),
      ...added('npm @lab/tool', 'medium', 'package'),
    ],
  },
  { name: 'gem', do: sh(gem), expect: added('gem labgem', 'medium', 'package'), verdict: 'drifted' },
  { name: 'snap', do: sh(snap), expect: added('snap lab-agent', 'medium', 'package'), verdict: 'drifted' },
  {
    name: 'unit that looks like a snap’s and runs something else',
    do: sh(`${snap}u=/etc/systemd/system/snap.lab-agent.x.service
printf '[Service]\\nExecStart=/opt/x\\n' >$u`),
    expect: [
      ...added('snap lab-agent', 'medium', 'package'),
      ...added('unit snap.lab-agent.x.service', 'high', 'service'),
    ],
  },
];

/** What people and timers do with package tools that leaves the packages as they were. */
export const packageNoise: readonly LabDrift[] = (
  [
    ['lists of packages with a new time', 'touch /var/lib/dpkg/info/*.list'],
    [
      'hold set and taken back',
      'echo logsave hold | dpkg --set-selections; echo logsave install | dpkg --set-selections',
    ],
    [
      'diversion made and taken back',
      'dpkg-divert --local --rename --add /usr/bin/tac >/dev/null 2>&1; dpkg-divert --local --rename --remove /usr/bin/tac >/dev/null 2>&1',
    ],
    ['database checked', 'dpkg --verify >/dev/null || true; dpkg --audit >/dev/null; dpkg --configure -a'],
    [
      'marks of packages written anew',
      'f=/var/lib/apt/extended_states; [ ! -e $f ] || { cp -a $f /tmp/x; rm $f; cp -a /tmp/x $f; }; apt-mark showauto >/dev/null',
    ],
    [
      'copies of the last state',
      'cp /var/lib/dpkg/status /var/lib/dpkg/status-old; cp /var/lib/dpkg/diversions /var/lib/dpkg/diversions-old',
    ],
  ] as const
).map(([name, script]) => ({ name: `noise: ${name}`, do: sh(script), expect: [], verdict: 'clean' }));
