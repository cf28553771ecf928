import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { added, changed, type LabDrift, one, removed, sh } from './drift-words.ts';
import { live, liveNoise } from './live-table.ts';
import { packageNoise, packageSettings } from './package-table.ts';
import { noise, state } from './state-table.ts';

const runs = (subject: string, severity: string) => [one('process', 'violates', subject, severity)];

/** Starts a program that outlives the shell, and waits until it is what it will be. */
const start = (command: string) => `setsid ${command} </dev/null >/dev/null 2>&1 &\nsleep 0.3\n`;

/** A package `hostname` of another version: the files of the installed one, its program with one more byte. */
const rebuilt = (version: string) => `
d=/tmp/rebuilt; mkdir -p $d/DEBIAN
dpkg-query -L hostname | while read -r path; do [ -d "$path" ] || cp --parents -a "$path" $d; done
printf x >>$d/bin/hostname
dpkg-query -s hostname | sed -e '/^Status:/d' -e 's/^Version:.*/Version: ${version}/' >$d/DEBIAN/control
dpkg-deb --build $d /tmp/rebuilt.deb >/dev/null
dpkg -i --force-downgrade /tmp/rebuilt.deb >/dev/null 2>&1
`;

const tool = `
d=/tmp/tool; mkdir -p $d/DEBIAN $d/usr/bin $d/usr/share/doc/lab-tool $d/etc
printf 'Package: lab-tool\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: tool\\n' >$d/DEBIAN/control
printf '#!/bin/sh\\necho tool\\n' >$d/usr/bin/lab-tool; chmod 755 $d/usr/bin/lab-tool
echo text >$d/usr/share/doc/lab-tool/README
echo setting=1 >$d/etc/lab-tool.conf
echo /etc/lab-tool.conf >$d/DEBIAN/conffiles
dpkg-deb --build $d /tmp/tool.deb >/dev/null
dpkg -i /tmp/tool.deb >/dev/null 2>&1
`;

const packages: LabDrift[] = [
  { name: 'package added', do: sh(tool), expect: added('lab-tool', 'medium', 'package'), verdict: 'drifted' },
  {
    name: 'package added, its configuration edited',
    do: sh(`${tool}echo setting=2 >>/etc/lab-tool.conf`),
    expect: [...added('/etc/lab-tool.conf', 'medium'), ...added('lab-tool', 'medium', 'package')],
  },
  {
    name: 'package purged',
    do: sh('dpkg --purge --force-depends logsave >/dev/null 2>&1'),
    expect: removed('logsave', 'medium', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'package removed, its configuration kept',
    do: sh('dpkg --remove --force-depends ucf >/dev/null 2>&1'),
    expect: removed('ucf', 'medium', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'package upgraded',
    do: sh(rebuilt('9.99')),
    expect: changed('hostname', 'medium', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'package downgraded',
    do: sh(rebuilt('1.00')),
    expect: changed('hostname', 'high', 'package'),
    verdict: 'drifted',
  },
  {
    name: 'package upgraded, then its program tampered with',
    do: sh(`${rebuilt('9.99')}printf y >>/bin/hostname`),
    expect: [...changed('/usr/bin/hostname', 'critical'), ...changed('hostname', 'medium', 'package')],
  },
  {
    name: 'package database poisoned to hide a tampered program',
    do: sh(`printf x >>/usr/bin/tac
sum=$(md5sum /usr/bin/tac | cut -c1-32)
sed -i "s|^[0-9a-f]*\\(  usr/bin/tac\\)$|$sum\\1|" /var/lib/dpkg/info/coreutils.md5sums
dpkg --verify coreutils`),
    expect: [
      ...changed('/usr/bin/tac', 'critical'),
      ...changed('/var/lib/dpkg/info/coreutils.md5sums', 'critical', 'package'),
    ],
  },
  {
    name: 'script of a package planted',
    do: sh("printf '#!/bin/sh\\n' >/var/lib/dpkg/info/logsave.postinst; chmod 755 /var/lib/dpkg/info/logsave.postinst"),
    expect: added('/var/lib/dpkg/info/logsave.postinst', 'critical', 'package'),
  },
];

const files: LabDrift[] = [
  {
    name: 'program added to /usr/bin',
    do: sh("printf '#!/bin/sh\\n' >/usr/bin/evil; chmod 755 /usr/bin/evil"),
    expect: added('/usr/bin/evil', 'high'),
  },
  { name: 'program removed', do: sh('rm /usr/bin/tac'), expect: removed('/usr/bin/tac', 'high') },
  { name: 'program changed', do: sh('printf x >>/usr/bin/tac'), expect: changed('/usr/bin/tac', 'critical') },
  {
    name: 'program changed from outside, by a hand on its disk',
    do: async ({ root }) => appendFile(join(root, 'usr/bin/shuf'), 'x'),
    expect: changed('/usr/bin/shuf', 'critical'),
  },
  {
    name: 'library added',
    do: sh('cp /usr/lib/x86_64-linux-gnu/libcap.so.2 /usr/lib/x86_64-linux-gnu/libevil.so.1'),
    expect: added('/usr/lib/x86_64-linux-gnu/libevil.so.1', 'high'),
  },
  {
    name: 'library changed',
    do: sh('f=$(readlink -f /usr/lib/x86_64-linux-gnu/libcap.so.2); cp $f /tmp/l; printf x >>/tmp/l; cat /tmp/l >$f'),
    expect: changed('/usr/lib/x86_64-linux-gnu/libcap.so.2.66', 'critical'),
  },
  { name: 'file added to /opt', do: sh('echo data >/opt/data'), expect: added('/opt/data', 'medium') },
  {
    name: 'file added to /etc',
    do: sh('echo a >/etc/extra.conf'),
    expect: added('/etc/extra.conf', 'medium'),
    diff: /^\+a$/m,
  },
  { name: 'file added to /srv', do: sh('echo page >/srv/page'), expect: added('/srv/page', 'low') },
  { name: 'file removed from /etc', do: sh('rm /etc/issue.net'), expect: removed('/etc/issue.net', 'medium') },
  {
    name: 'file of a package below /usr/share changed',
    do: sh('echo x >>/usr/share/base-files/motd'),
    expect: changed('/usr/share/base-files/motd', 'high'),
  },
  {
    name: 'program changed, its size and times as before',
    do: sh(`touch -r /usr/bin/tac /tmp/ref
printf X | dd of=/usr/bin/tac bs=1 seek=4096 conv=notrunc status=none
touch -r /tmp/ref /usr/bin/tac`),
    expect: changed('/usr/bin/tac', 'critical'),
  },
  {
    name: 'only the time of a file changed',
    do: sh('touch -d 2020-01-01 /usr/bin/tac'),
    expect: [],
    verdict: 'clean',
  },
  {
    name: 'file written anew with the same content',
    do: sh('cp -a /usr/bin/tac /tmp/t; rm /usr/bin/tac; cp -a /tmp/t /usr/bin/tac'),
    expect: [],
    verdict: 'clean',
  },
  { name: 'mode of a program', do: sh('chmod 777 /usr/bin/tac'), expect: changed('/usr/bin/tac', 'high') },
  {
    name: 'mode of the shadow file',
    do: sh('chmod 644 /etc/shadow'),
    expect: changed('/etc/shadow', 'high', 'account'),
  },
  { name: 'owner of a program', do: sh('chown scanner /usr/bin/tac'), expect: changed('/usr/bin/tac', 'high') },
  { name: 'mode of a directory', do: sh('chmod 777 /opt'), expect: changed('/opt', 'critical') },
  { name: 'set-user-id on a program', do: sh('chmod u+s /usr/bin/tac'), expect: changed('/usr/bin/tac', 'critical') },
  {
    name: 'set-user-id shell in /opt',
    do: sh('cp /bin/dash /opt/.x; chmod 4755 /opt/.x'),
    expect: added('/opt/.x', 'critical'),
  },
  {
    name: 'capability on a program',
    do: sh('/usr/sbin/setcap cap_setuid+ep /usr/bin/tac'),
    expect: changed('/usr/bin/tac', 'critical'),
  },
  {
    name: 'capability on a program added',
    do: sh('cp /bin/dash /srv/tool; /usr/sbin/setcap cap_dac_override+ep /srv/tool'),
    expect: added('/srv/tool', 'critical'),
  },
  {
    // lsetxattr of system.posix_acl_access: user 1000 may read it. setfacl is not on the image.
    name: 'access control list on the password file',
    do: sh(
      `perl -e 'my $p="/etc/shadow";my $k="system.posix_acl_access";my $v=pack("H*","0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000000ffffffff");syscall(189,$p,$k,$v,length $v,0)==0 or die $!'`,
    ),
    expect: changed('/etc/shadow', 'high', 'account'),
  },
  {
    name: 'link points elsewhere',
    do: sh('ln -sfn /opt/which /etc/alternatives/which'),
    expect: changed('alternative which', 'medium', 'setting'),
  },
  {
    name: 'program became a link',
    do: sh('ln -sf cat /usr/bin/tac'),
    expect: changed('/usr/bin/tac', 'high'),
  },
  {
    name: 'file became a directory',
    do: sh('rm /etc/motd; mkdir /etc/motd'),
    expect: changed('/etc/motd', 'medium'),
  },
  {
    name: 'program got a second name',
    do: sh('ln /usr/bin/tac /usr/bin/tac2'),
    expect: added('/usr/bin/tac2', 'high'),
  },
  {
    name: 'set-user-id program of the image got a second name',
    do: sh('ln /usr/bin/su /srv/tool'),
    expect: added('/srv/tool', 'critical'),
  },
  {
    name: 'the shadow file got a second name',
    do: sh('mkdir /opt/app; echo x >/opt/app/x; ln /etc/shadow /opt/app/notes'),
    expect: [...added('/opt/app', 'medium'), ...added('/opt/app/notes', 'high', 'account')],
  },
  {
    name: 'second name with a line feed',
    do: sh("ln /usr/bin/su $'/srv/two\\nlines'"),
    expect: added('/srv/two\\x0alines', 'critical'),
    bytes: Buffer.from('/srv/two\nlines'),
  },
  {
    name: 'set-user-id program got a second name where nobody looks',
    do: sh('ln /usr/bin/su /var/tmp/.x'),
    expect: changed('/usr/bin/su', 'critical'),
  },
  {
    name: 'more names of a file that everybody may read and nobody profits from',
    do: sh('ln /usr/bin/tac /var/tmp/tac; ln /etc/motd /var/tmp/motd'),
    expect: [],
    verdict: 'clean',
  },
  {
    name: 'one of two names of a file of the image is copied up',
    do: sh(
      '[ "$(stat -c %h /usr/bin/perl)" = 2 ]; chmod 700 /usr/bin/perl; chmod 755 /usr/bin/perl; touch /usr/bin/perl',
    ),
    expect: [],
    verdict: 'clean',
  },
  {
    name: 'program of a package moved to another name',
    do: sh('mv /usr/bin/sum /usr/bin/sum2'),
    expect: removed('/usr/bin/sum', 'high'),
  },
  {
    name: 'data became a program by its new name',
    do: sh('mv /usr/share/base-files/motd /usr/bin/motd'),
    expect: removed('/usr/share/base-files/motd', 'high'),
  },
  {
    name: 'tree moved',
    do: sh('mv /usr/share/base-files /srv/base'),
    expect: removed('/usr/share/base-files', 'medium'),
  },
  {
    name: 'program moved and changed',
    do: sh('mv /usr/bin/sum /usr/bin/sum2; printf x >>/usr/bin/sum2'),
    expect: [...added('/usr/bin/sum2', 'high'), ...removed('/usr/bin/sum', 'high')],
  },
  { name: 'device added', do: sh('mknod /srv/device c 1 3'), expect: added('/srv/device', 'low') },
  { name: 'fifo added', do: sh('mkfifo /srv/fifo'), expect: added('/srv/fifo', 'low') },
  {
    name: 'tree added',
    do: sh('mkdir -p /opt/app/a/b/c; for i in 1 2 3 4 5; do echo $i >/opt/app/a/b/$i; done; echo x >/opt/app/a/b/c/x'),
    expect: added('/opt/app', 'medium'),
  },
  {
    name: 'tree removed',
    do: sh('rm -r /usr/share/base-files'),
    expect: removed('/usr/share/base-files', 'medium'),
  },
  {
    name: 'file in a directory that nobody may enter',
    do: sh('mkdir -m 0 /srv/closed; echo x >/srv/closed/x'),
    expect: added('/srv/closed', 'low'),
  },
];

/** Adds an empty file of this name to /srv, by perl: its bytes pass through no shell. */
const named = (name: Buffer): LabDrift['do'] =>
  sh(`perl -e 'open(F, ">", "/srv/" . pack("H*", $ARGV[0])) or die $!' ${name.toString('hex')}`);

function oddName(name: string, bytes: Buffer | string, shown: string): LabDrift {
  const raw = Buffer.from(bytes);
  const lost = shown !== raw.toString() ? { bytes: Buffer.concat([Buffer.from('/srv/'), raw]) } : {};
  return { name: `name with ${name}`, do: named(raw), expect: added(`/srv/${shown}`, 'low'), ...lost };
}

const names: LabDrift[] = [
  oddName('a line feed', 'two\nlines', 'two\\x0alines'),
  oddName('a backslash', 'back\\slash', 'back\\slash'),
  oddName("a line feed's escape that is none", 'two\\nlines', 'two\\nlines'),
  oddName('bytes that are no UTF-8', Buffer.from('caf\xe9\xff', 'latin1'), 'caf\\xe9\\xff'),
  oddName('an escape sequence', '\x1b[2Jgone', '\\x1b[2Jgone'),
  oddName('a dash in front', '-rf', '-rf'),
  oddName('spaces', ' a  b ', ' a  b '),
  oddName('quotes and a dollar sign', '\'"$(id)`id`', '\'"$(id)`id`'),
  oddName('letters of the world', 'naïve 雪', 'naïve 雪'),
  oddName('a text direction override', 'gnp\u202eexe', 'gnp\\u{202e}exe'),
];

const settings: LabDrift[] = [
  {
    name: 'configuration changed',
    do: sh('echo "order hosts" >>/etc/host.conf'),
    expect: changed('/etc/host.conf', 'medium'),
    diff: /^\+order hosts$/m,
  },
  {
    name: 'configuration changed, its size and times as before',
    do: sh('touch -r /etc/issue /tmp/ref; sed -i s/Debian/Debjan/ /etc/issue; touch -r /tmp/ref /etc/issue'),
    expect: changed('/etc/issue', 'medium'),
    diff: /^\+Debjan/m,
  },
  {
    name: 'configuration of a package changed',
    do: sh('echo "# mine" >>/etc/ucf.conf'),
    expect: changed('/etc/ucf.conf', 'medium'),
    diff: /^\+# mine$/m,
  },
  {
    name: 'sshd lets root in by password',
    do: sh('echo "PermitRootLogin yes" >>/etc/ssh/sshd_config'),
    expect: added('sshd permitrootlogin', 'high', 'setting'),
    diff: /^\+PermitRootLogin yes$/m,
  },
  {
    name: 'sshd drop-in',
    do: sh('echo "PasswordAuthentication yes" >/etc/ssh/sshd_config.d/00-x.conf'),
    expect: added('sshd passwordauthentication', 'high', 'setting'),
  },
  {
    name: 'host name of another host',
    do: sh('echo "203.0.113.9 deb.example.org" >>/etc/hosts'),
    expect: added('host names of 203.0.113.9', 'medium', 'setting'),
  },
  {
    name: 'pam lets everybody in',
    do: sh('sed -i "1i auth sufficient pam_permit.so" /etc/pam.d/sshd'),
    expect: added('pam auth of sshd', 'high', 'account'),
  },
  {
    name: 'preload',
    do: sh(': >/etc/ld.so.preload'),
    expect: added('/etc/ld.so.preload', 'critical'),
  },
  {
    name: 'cron job',
    do: sh('echo "* * * * * root true" >/etc/cron.d/evil'),
    expect: added('cron job of root: * * * * * true', 'high', 'job'),
  },
  {
    name: 'daily job',
    do: sh("printf '#!/bin/sh\\n' >/etc/cron.daily/evil; chmod 755 /etc/cron.daily/evil"),
    expect: added('daily job evil', 'high', 'job'),
  },
  {
    name: 'systemd unit',
    do: sh("printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/evil.service"),
    expect: added('unit evil.service', 'high', 'service'),
  },
  {
    name: 'systemd unit masked',
    do: sh('ln -sf /dev/null /etc/systemd/system/ssh.service'),
    expect: added('unit ssh.service masked', 'high', 'service'),
  },
  {
    name: 'start-up script',
    do: sh("printf '#!/bin/sh\\n' >/etc/init.d/evil; chmod 755 /etc/init.d/evil"),
    expect: added('init script evil', 'high', 'service'),
  },
  {
    name: 'profile script',
    do: sh('echo "true" >/etc/profile.d/evil.sh'),
    expect: added('shell start-up file /etc/profile.d/evil.sh', 'high', 'setting'),
  },
  {
    name: "start-up file of an account's shell",
    do: sh('echo "true" >>/home/scanner/.bashrc'),
    expect: changed('shell start-up file .bashrc of scanner', 'high', 'setting'),
  },
  {
    name: 'kernel setting',
    do: sh('echo kernel.randomize_va_space=0 >/etc/sysctl.d/99-evil.conf'),
    expect: added('sysctl kernel.randomize_va_space', 'high', 'setting'),
  },
  {
    name: 'package source',
    do: sh('echo "deb http://203.0.113.9 x y" >/etc/apt/sources.list.d/evil.list'),
    expect: added('package source deb http://203.0.113.9 x y', 'high', 'setting'),
  },
  {
    name: 'package signing key',
    do: sh('echo key >/etc/apt/trusted.gpg.d/evil.asc'),
    expect: added('package key file evil.asc', 'high', 'key'),
  },
  {
    name: 'certificate authority',
    do: sh('mkdir -p /usr/local/share/ca-certificates; echo cert >/usr/local/share/ca-certificates/evil.crt'),
    expect: [
      ...added('/usr/local/share/ca-certificates', 'high', 'key'),
      ...added('/usr/local/share/ca-certificates/evil.crt', 'high', 'key'),
    ],
  },
  {
    name: 'certificate trusted',
    do: sh('echo cert >/etc/ssl/certs/evil.pem'),
    expect: added('/etc/ssl/certs/evil.pem', 'high', 'key'),
  },
  {
    name: 'history of a shell',
    do: sh('echo "vi /etc/passwd" >/root/.bash_history; chmod 600 /root/.bash_history'),
    expect: added('/root/.bash_history', 'medium'),
  },
];

const accounts: LabDrift[] = [
  { name: 'account added', do: sh('useradd --create-home eve'), expect: added('user eve', 'high', 'account') },
  {
    name: 'account added by hand',
    do: sh(`echo 'eve:x:2000:2000::/home/eve:/bin/sh' >>/etc/passwd
echo 'eve:x:2000:' >>/etc/group
echo 'eve:!:19700:0:99999:7:::' >>/etc/shadow`),
    expect: added('user eve', 'high', 'account'),
  },
  {
    name: 'second root',
    do: sh(`echo 'toor:x:0:0::/root:/bin/sh' >>/etc/passwd; echo 'toor:*:19700:0:99999:7:::' >>/etc/shadow`),
    expect: added('user toor', 'critical', 'account'),
  },
  {
    name: 'account became root',
    do: sh("sed -i 's/^scanner:x:1500:/scanner:x:0:/' /etc/passwd"),
    expect: changed('user scanner', 'critical', 'account'),
  },
  {
    name: 'password set for a locked account',
    do: sh('echo games:secret | chpasswd -c SHA256'),
    expect: changed('user games', 'high', 'account'),
  },
  {
    name: 'shell of an account',
    do: sh('usermod --shell /bin/bash games'),
    expect: changed('user games', 'high', 'account'),
  },
  {
    name: 'member of sudo',
    do: sh('usermod --append --groups sudo scanner'),
    expect: changed('group sudo', 'high', 'account'),
  },
  { name: 'group added', do: sh('groupadd hackers'), expect: added('group hackers', 'medium', 'account') },
  { name: 'account removed', do: sh('userdel games'), expect: removed('user games', 'medium', 'account') },
  {
    name: 'second key for root',
    do: sh(
      'echo "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGludHJ1ZGVyaW50cnVkZXJpbnRydWRlcmludHJ1ZGU eve" >>/root/.ssh/authorized_keys',
    ),
    expect: added('authorized key of root SHA256:1Cq/zavf9hCz6BGqmANY7XuY+Z15dZqb3EdS8p4eKx8', 'high', 'key'),
  },
  {
    name: 'sudo without password',
    do: sh('echo "scanner ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/evil; chmod 440 /etc/sudoers.d/evil'),
    expect: added('sudo rule scanner ALL=(ALL) NOPASSWD: ALL', 'high', 'account'),
  },
];

/** A program that lives in memory only: memfd_create(2), a copy of sleep, exec. */
const memoryOnly = `perl -e '
my $name = "kthread"; my $fd = syscall(319, $name, 0); die $! if $fd < 0;
open(my $in, "<", "/usr/bin/sleep") or die; open(my $out, ">&=", $fd) or die; binmode $in; binmode $out;
local $/; my $program = <$in>; print {$out} $program; $out->flush();
exec {"/proc/self/fd/$fd"} "sleep", "600"'`;

const listen = (protocol: 'tcp' | 'udp', address: string, port: number) =>
  start(`perl -MIO::Socket::INET -e '
IO::Socket::INET->new(Proto => "${protocol}", LocalAddr => "${address}", LocalPort => ${port}${protocol === 'tcp' ? ', Listen => 1' : ''})
  && sleep 600'`);

const running: LabDrift[] = [
  {
    name: 'process of /tmp',
    do: sh(`cp /usr/bin/sleep /tmp/miner\n${start('/tmp/miner 600')}`),
    expect: runs('/tmp/miner', 'high'),
    verdict: 'violating',
  },
  {
    name: 'process of /opt',
    do: sh(`cp /usr/bin/sleep /opt/miner\n${start('/opt/miner 600')}`),
    expect: [...added('/opt/miner', 'medium'), ...runs('/opt/miner', 'high')],
  },
  {
    name: 'process whose program was deleted',
    do: sh(`cp /usr/bin/sleep /tmp/gone\n${start('/tmp/gone 600')}rm /tmp/gone`),
    expect: runs('/tmp/gone', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'process whose program was replaced by an equal one',
    do: sh(`${start('/usr/bin/sleep 600')}cp -a /usr/bin/sleep /tmp/s; rm /usr/bin/sleep; cp -a /tmp/s /usr/bin/sleep`),
    expect: [],
    verdict: 'clean',
  },
  {
    name: 'process that lives in memory only',
    do: sh(start(memoryOnly)),
    expect: runs('/memfd:kthread', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'process that calls itself a kernel thread',
    do: sh(start('bash -c \'exec -a "[kworker/0:1]" sleep 600\'')),
    expect: runs('/usr/bin/sleep', 'high'),
    verdict: 'violating',
  },
  {
    name: 'tampered program runs',
    do: sh(`printf x >>/usr/bin/sleep\n${start('/usr/bin/sleep 600')}`),
    expect: [...changed('/usr/bin/sleep', 'critical'), ...runs('/usr/bin/sleep', 'critical')],
  },
  {
    name: 'tampered program runs, its file is as it was',
    do: sh(`cp -a /usr/bin/sleep /tmp/s; printf x >>/usr/bin/sleep
${start('/usr/bin/sleep 600')}rm /usr/bin/sleep; cp -a /tmp/s /usr/bin/sleep`),
    expect: runs('/usr/bin/sleep', 'critical'),
    verdict: 'violating',
  },
  { name: 'more processes of the image', do: sh(start('sleep 600')), expect: [], verdict: 'clean' },
  {
    name: 'port open to everybody',
    do: sh(listen('tcp', '0.0.0.0', 4444)),
    expect: [one('socket', 'violates', 'tcp 0.0.0.0:4444', 'high')],
    verdict: 'violating',
  },
  {
    name: 'port open to the server itself',
    do: sh(listen('udp', '127.0.0.1', 5353)),
    expect: [one('socket', 'violates', 'udp 127.0.0.1:5353', 'medium')],
    verdict: 'violating',
  },
  {
    name: 'program of the right name on a port of its own',
    do: sh(start('/usr/sbin/sshd -D -p 2222')),
    expect: [one('socket', 'violates', 'tcp 0.0.0.0:2222', 'high'), one('socket', 'violates', 'tcp6 :::2222', 'high')],
    verdict: 'violating',
  },
];

export const DRIFTS: readonly LabDrift[] = [
  ...packages,
  ...files,
  ...names,
  ...settings,
  ...accounts,
  ...running,
  ...state,
  ...live,
  ...packageSettings,
  ...noise,
  ...liveNoise,
  ...packageNoise,
];
