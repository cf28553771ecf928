import { readFileSync } from 'node:fs';
import { added, changed, type LabDrift, removed, sh } from './drift-words.ts';

const authority = readFileSync(new URL('../../fixtures/state/authority.pem', import.meta.url), 'utf8');
const authorityName =
  'trusted certificate CN=Example Authority, O=Example SHA256:34fb0c393e61f806ed1e8a12b58532fcef564b70cc620ccb349a4fbfac0c4cba';
const other = readFileSync(new URL('../../fixtures/state/authority-2.pem', import.meta.url), 'utf8');
const otherName =
  'trusted certificate CN=Other Authority, O=Example SHA256:c90c56cd0d6c9878991f28e50f0256d4e41e9b9a61a54dc21e0df2653eb623f2';
const intruder = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGludHJ1ZGVyaW50cnVkZXJpbnRydWRlcmludHJ1ZGU';
const intruderPrint = 'SHA256:1Cq/zavf9hCz6BGqmANY7XuY+Z15dZqb3EdS8p4eKx8';

/** A package that brings an authority, and what update-ca-certificates makes of it. */
const trusted = `d=/tmp/ca; mkdir -p $d/DEBIAN $d/usr/share/ca-certificates/lab
printf 'Package: lab-ca\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: ca\\n' >$d/DEBIAN/control
cat >$d/usr/share/ca-certificates/lab/x.crt <<'END'\n${authority}END
(cd $d; md5sum usr/share/ca-certificates/lab/x.crt >DEBIAN/md5sums)
dpkg-deb --build $d /tmp/ca.deb >/dev/null
dpkg -i /tmp/ca.deb >/dev/null 2>&1
mkdir -p /etc/ssl/certs
echo lab/x.crt >>/etc/ca-certificates.conf
ln -s /usr/share/ca-certificates/lab/x.crt /etc/ssl/certs/x.pem
ln -s x.pem /etc/ssl/certs/0123abcd.0
cat /usr/share/ca-certificates/lab/x.crt >>/etc/ssl/certs/ca-certificates.crt
`;

/** A file with this text, and the directories that it needs. */
const put = (path: string, text: string, mode = 644) =>
  sh(`mkdir -p "$(dirname ${path})"; cat >${path} <<'END'\n${text}\nEND\nchmod ${mode} ${path}\n`);
const append = (path: string, text: string) => sh(`cat >>${path} <<'END'\n${text}\nEND\n`);

/** What a change of a file of configuration means. */
export const state: readonly LabDrift[] = [
  {
    name: 'crontab of an account',
    do: put('/var/spool/cron/crontabs/scanner', '*/5 * * * * /home/scanner/x', 600),
    expect: added('cron job of scanner: */5 * * * * /home/scanner/x', 'high', 'job'),
  },
  {
    name: 'password in a job, which is not shown',
    do: put('/etc/cron.d/backup', '0 3 * * * root backup --password=hunter2 /srv', 600),
    expect: added('cron job of root: 0 3 * * * backup --password=<not shown> /srv', 'high', 'job'),
    diff: /^\+.*--password=<not shown>/m,
  },
  {
    name: 'job among comments and variables',
    do: put('/etc/cron.d/evil', '# nothing to see\nPATH=/usr/bin\n\n@reboot games /usr/games/x'),
    expect: added('cron job of games: @reboot /usr/games/x', 'high', 'job'),
  },
  {
    name: 'job of the image rewritten',
    do: sh("sed -i '/^30/s|.*|30 3 * * 0 root /opt/x|' /etc/cron.d/e2scrub_all"),
    expect: changed('cron job of root: 30 3 * * 0 /opt/x', 'high', 'job'),
  },
  {
    name: 'package with a service that it enables',
    do: sh(`d=/tmp/daemon; mkdir -p $d/DEBIAN $d/usr/lib/systemd/system $d/etc/init.d
printf 'Package: lab-daemon\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: daemon\\n' >$d/DEBIAN/control
printf '[Service]\\nExecStart=/bin/true\\n' >$d/usr/lib/systemd/system/lab-daemon.service
printf '#!/bin/sh\\n' >$d/etc/init.d/lab-daemon; chmod 755 $d/etc/init.d/lab-daemon
echo /etc/init.d/lab-daemon >$d/DEBIAN/conffiles
dpkg-deb --build $d /tmp/daemon.deb >/dev/null
dpkg -i /tmp/daemon.deb >/dev/null 2>&1
ln -s /lib/systemd/system/lab-daemon.service /etc/systemd/system/multi-user.target.wants/lab-daemon.service
for l in 2 3 4 5; do ln -s ../init.d/lab-daemon /etc/rc$l.d/S01lab-daemon; done`),
    expect: added('lab-daemon', 'medium', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'package with a certificate authority',
    do: sh(trusted),
    expect: added('lab-ca', 'medium', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'package with a certificate authority, and another one in its bundle',
    do: sh(`${trusted}cat >>/etc/ssl/certs/ca-certificates.crt <<'END'\n${other}END\n`),
    expect: [
      ...added('lab-ca', 'medium', 'package'),
      ...added(authorityName, 'high', 'key'),
      ...added(otherName, 'high', 'key'),
    ],
  },
  {
    name: 'service of the image masked by hand',
    do: sh('ln -s /dev/null /etc/systemd/system/apt-daily.service'),
    expect: added('unit apt-daily.service masked', 'high', 'service'),
  },
  {
    name: 'one-time job',
    do: put('/var/spool/cron/atjobs/a0000201c3a5d4', 'export TOKEN=hunter2', 600),
    expect: added('at job 2 of root', 'high', 'job'),
  },
  {
    name: 'timer enabled',
    do: sh(`cd /etc/systemd/system
printf '[Service]\\nExecStart=/opt/x\\n' >evil.service
printf '[Timer]\\nOnCalendar=daily\\n' >evil.timer
ln -s ../evil.timer timers.target.wants/evil.timer`),
    expect: [...added('unit evil.service', 'high', 'service'), ...added('unit evil.timer', 'high', 'service')],
  },
  {
    name: 'unit of the image enabled, and a new one with it',
    do: sh(`cd /etc/systemd/system
printf '[Service]\nExecStart=/opt/x\n' >evil@.service
mkdir -p multi-user.target.wants
ln -s ../evil@.service multi-user.target.wants/evil@1.service
ln -s /lib/systemd/system/fstrim.service multi-user.target.wants/fstrim.service`),
    expect: [
      ...added('unit evil@.service', 'high', 'service'),
      ...added('unit fstrim.service enabled in multi-user.target', 'high', 'service'),
    ],
  },
  {
    name: 'name server that the network did not give',
    do: sh(`mkdir -p /run/systemd/netif/leases; echo DNS=192.0.2.53 192.0.2.54 >/run/systemd/netif/leases/2
printf 'nameserver 203.0.113.9\\nnameserver 192.0.2.53\\n' >/etc/resolv.conf`),
    expect: added('name servers', 'medium', 'setting'),
  },
  {
    name: 'name server long after the start, when nothing says which there are',
    do: sh("echo 'nameserver 203.0.113.9' >/etc/resolv.conf; touch -d '+2 days' /etc/resolv.conf"),
    expect: added('name servers', 'medium', 'setting'),
  },
  {
    name: 'job put aside under another name',
    do: sh('mv /etc/cron.d/e2scrub_all /etc/cron.d/.e2scrub_all.off'),
    expect: removed('/etc/cron.d/e2scrub_all', 'high', 'job'),
  },
  {
    name: 'timer disabled',
    do: sh('rm /etc/systemd/system/timers.target.wants/apt-daily.timer'),
    expect: removed('unit apt-daily.timer enabled in timers.target', 'high', 'service'),
  },
  {
    name: 'drop-in of a unit',
    do: put('/etc/systemd/system/ssh.service.d/override.conf', '[Service]\nEnvironment=LD_PRELOAD=/opt/x.so'),
    expect: added('unit ssh.service drop-in override.conf', 'high', 'service'),
  },
  {
    name: 'generator of units',
    do: put('/etc/systemd/system-generators/evil', '#!/bin/sh', 755),
    expect: added('generator evil', 'high', 'service'),
  },
  {
    name: 'unit of an account',
    do: put('/home/scanner/.config/systemd/user/x.service', '[Service]\nExecStart=/home/scanner/x'),
    expect: added('unit x.service of scanner', 'high', 'service'),
  },
  {
    name: 'init script in all runlevels',
    do: sh(`printf '#!/bin/sh\\n' >/etc/init.d/evil; chmod 755 /etc/init.d/evil
for l in 2 3 4 5; do ln -s ../init.d/evil /etc/rc$l.d/S01evil; done
for l in 0 1 6; do ln -s ../init.d/evil /etc/rc$l.d/K01evil; done`),
    expect: [
      ...added('init script evil', 'high', 'service'),
      ...added('init script evil in the boot sequence', 'high', 'service'),
    ],
  },
  {
    name: 'script that runs at the end of the start',
    do: put('/etc/rc.local', '#!/bin/sh\n/opt/x', 755),
    expect: added('init script rc.local', 'high', 'service'),
  },
  {
    name: 'library loaded into every program',
    do: put('/etc/ld.so.preload', '/opt/none.so'),
    expect: added('preloaded library /opt/none.so', 'critical', 'setting'),
  },
  {
    name: 'directory of libraries',
    do: put('/etc/ld.so.conf.d/00-evil.conf', '/opt/lib'),
    expect: added('library directory /opt/lib', 'high', 'setting'),
  },
  {
    name: 'variable that loads a library',
    do: append('/etc/environment', 'LD_PRELOAD=/opt/x.so'),
    expect: added('environment variable LD_PRELOAD', 'critical', 'setting'),
  },
  {
    name: 'device rule that runs a program',
    do: put('/etc/udev/rules.d/99-evil.rules', 'ACTION=="add", RUN+="/opt/x"'),
    expect: added('udev rule ACTION=="add", RUN+="/opt/x"', 'high', 'setting'),
  },
  {
    name: 'kernel module loaded at start',
    do: put('/etc/modules-load.d/evil.conf', 'evil'),
    expect: added('kernel module evil loaded at start', 'high', 'module'),
  },
  {
    name: 'command instead of a kernel module',
    do: put('/etc/modprobe.d/evil.conf', 'install usb-storage /opt/x'),
    expect: added('modprobe install usb-storage', 'high', 'module'),
  },
  {
    name: 'sudo that asks for no password',
    do: put('/etc/sudoers.d/quiet', 'Defaults !authenticate', 440),
    expect: added('sudo default authenticate', 'high', 'account'),
  },
  {
    name: 'key for an account of the system',
    do: sh(
      `mkdir -m 700 /usr/games/.ssh; echo '${intruder} x' >/usr/games/.ssh/authorized_keys; chmod 600 /usr/games/.ssh/authorized_keys`,
    ),
    expect: added(`authorized key of games ${intruderPrint}`, 'high', 'key'),
  },
  {
    name: 'certificate authority, linked as update-ca-certificates does',
    do: sh(`mkdir -p /usr/local/share/ca-certificates /etc/ssl/certs
cat >/usr/local/share/ca-certificates/evil.crt <<'END'\n${authority}END
ln -s /usr/local/share/ca-certificates/evil.crt /etc/ssl/certs/evil.pem
ln -s evil.pem /etc/ssl/certs/0123abcd.0
cat /usr/local/share/ca-certificates/evil.crt >>/etc/ssl/certs/ca-certificates.crt`),
    expect: added(authorityName, 'high', 'key'),
  },
  {
    name: 'package source without signatures',
    do: put(
      '/etc/apt/sources.list.d/evil.sources',
      'Types: deb\nURIs: http://203.0.113.9\nSuites: x\nComponents: y\nTrusted: yes',
    ),
    expect: added('package source deb http://203.0.113.9 x y', 'high', 'setting'),
  },
  {
    name: 'command that apt runs',
    do: put('/etc/apt/apt.conf.d/99evil', 'APT::Update::Pre-Invoke {"/opt/x";};'),
    expect: added('apt setting APT::Update::Pre-Invoke', 'high', 'setting'),
  },
  {
    name: 'mount of another host',
    do: append('/etc/fstab', '203.0.113.9:/x /opt nfs defaults 0 0'),
    expect: added('mount /opt', 'medium', 'mount'),
  },
  {
    name: 'name service asks somebody else',
    do: sh("sed -i 's/^passwd:.*/passwd: files evil/' /etc/nsswitch.conf"),
    expect: changed('name service passwd', 'high', 'setting'),
  },
  {
    name: 'default of logins',
    do: sh("sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 1/' /etc/login.defs"),
    expect: changed('login default PASS_MAX_DAYS', 'high', 'setting'),
  },
  {
    name: 'message program',
    do: put('/etc/update-motd.d/99-evil', '#!/bin/sh', 755),
    expect: added('message program 99-evil', 'high', 'setting'),
  },
  {
    name: 'sshd setting beside an expected one',
    do: put('/etc/ssh/sshd_config.d/50-cloud-init.conf', 'PasswordAuthentication no\nPermitRootLogin yes', 600),
    expect: added('sshd permitrootlogin', 'high', 'setting'),
  },
  {
    name: 'setting and mode of one file',
    do: sh('echo "Port 2222" >>/etc/ssh/sshd_config; chmod 666 /etc/ssh/sshd_config'),
    expect: added('sshd port', 'high', 'setting'),
  },
  {
    name: 'only comments changed',
    do: append('/etc/login.defs', '\n# PASS_MAX_DAYS 1'),
    expect: changed('/etc/login.defs', 'low', 'account'),
  },
];

/** What happens on servers every day and means nothing. */
export const noise: readonly LabDrift[] = (
  [
    ['sshd drop-in of cloud-init', put('/etc/ssh/sshd_config.d/50-cloud-init.conf', 'PasswordAuthentication no', 600)],
    ['comment of sshd', append('/etc/ssh/sshd_config', '\n# PermitRootLogin yes')],
    ['own name in hosts', append('/etc/hosts', '127.0.1.1 other.example.org other')],
    [
      'another name server, by the network',
      sh(`mkdir -p /var/lib/dhcp
printf 'lease {\\n  interface "eth0";\\n  option domain-name-servers 192.0.2.1,192.0.2.2;\\n}\\n' >/var/lib/dhcp/dhclient.eth0.leases
printf 'nameserver 192.0.2.1\\nnameserver 192.0.2.2\\nsearch example.org\\n' >/etc/resolv.conf`),
    ],
    [
      'name servers when nothing says which there are, long after the image but at the start',
      put('/etc/resolv.conf', 'nameserver 192.0.2.7\nnameserver 127.0.0.53'),
    ],
    ['time zone', sh('ln -sfn /usr/share/zoneinfo/Europe/Paris /etc/localtime; echo Europe/Paris >/etc/timezone')],
    ['locale', put('/etc/default/locale', 'LANG=C.UTF-8')],
    ['mount of cloud-init', append('/etc/fstab', '/dev/vdb /data auto defaults,nofail,comment=cloudconfig 0 2')],
    [
      'launch key written anew',
      sh('f=/root/.ssh/authorized_keys; cp $f /tmp/k; rm $f; cat /tmp/k /tmp/k >$f; chmod 600 $f'),
    ],
    ['comment beside the launch key', append('/root/.ssh/authorized_keys', '# by cloud-init')],
    ['unit file written anew', sh('f=/etc/login.defs; cp -a $f /tmp/x; rm $f; cp -a /tmp/x $f; touch $f')],
    [
      'link of a unit made anew',
      sh(
        'cd /etc/systemd/system/timers.target.wants; cp -a apt-daily.timer /tmp/x; rm apt-daily.timer; cp -a /tmp/x apt-daily.timer',
      ),
    ],
    ['logs and files of the moment', sh('echo x >/var/log/cron.log; touch /run/crond.pid /var/tmp/x')],
    [
      'seed and backups',
      sh(
        'head -c 512 /dev/urandom >/var/lib/systemd/random-seed; chmod 600 /var/lib/systemd/random-seed; cp /etc/passwd /var/backups/passwd.bak; chmod 600 /var/backups/passwd.bak',
      ),
    ],
    [
      'lists of packages',
      sh('mkdir -p /var/lib/apt/lists/partial; echo x >/var/lib/apt/lists/deb.example.org_InRelease'),
    ],
  ] as const
).map(([name, change]) => ({ name: `noise: ${name}`, do: change, expect: [], verdict: 'clean' }));
