import { added, type LabDrift, one, sh } from './drift-words.ts';

const runs = (subject: string, severity: string) => [one('process', 'violates', subject, severity)];

/** Starts a program that outlives the shell, and waits until it is what it will be. */
const start = (command: string) => `setsid ${command} </dev/null >/dev/null 2>&1 &\nsleep 0.3\n`;

/** A library of the image that nothing needs twice, and a copy of it with one more byte. */
const library = '/usr/lib/x86_64-linux-gnu/libcap.so.2.66';
const copyTo = (path: string) => `cp ${library} ${path}; printf x >>${path}\n`;

/** memfd_create(2) with a library in it, and a program that is told to load it. */
const memoryLibrary = `perl -e '
my $name = "x"; my $fd = syscall(319, $name, 0); die $! if $fd < 0; $^F = 100;
open(my $in, "<", "${library}") or die; open(my $out, ">&=", $fd) or die; binmode $in; binmode $out;
local $/; my $code = <$in>; print {$out} $code; $out->flush();
$ENV{LD_PRELOAD} = "/proc/self/fd/$fd"; exec "sleep", "600"'`;

/** mmap(2) of what $f is open on, shared, to read and run. */
const mapShared = 'syscall(9, 0, 4096, 5, 1, fileno($f), 0) > 0 or die $!; sleep 600';

const socket = (family: number, protocol: number) =>
  start(`perl -e 'socket(my $s, ${family}, 3, ${protocol}) or die $!; sleep 600'`);

/** A record of utmp(5) as x86-64 has it. */
const login = (user: string, from: string, at: string) =>
  sh(`perl -e 'my ($user, $from, $at) = @ARGV;
print pack("s x2 l a32 a4 a32 a256 s s l l l a16 x20", 7, 4242, "pts/7", "7", $user, $from, 0, 0, 0, $at, 0, "")' ${user} ${from} ${at} >>/var/log/wtmp`);

const covered = (path: string) => [new RegExp(`mount on ${path} hides`)];

/** What only a running server tells. */
export const live: readonly LabDrift[] = [
  {
    name: 'library preloaded into a running process',
    do: sh(`${copyTo('/tmp/evil.so')}${start('env LD_PRELOAD=/tmp/evil.so sleep 600')}`),
    expect: runs('library /tmp/evil.so', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'library of /opt preloaded',
    do: sh(`${copyTo('/opt/evil.so')}${start('env LD_PRELOAD=/opt/evil.so sleep 600')}`),
    expect: [...added('/opt/evil.so', 'medium'), ...runs('library /opt/evil.so', 'critical')],
  },
  {
    name: 'library in use that was deleted',
    do: sh(`${copyTo('/tmp/gone.so')}${start('env LD_PRELOAD=/tmp/gone.so sleep 600')}rm /tmp/gone.so`),
    expect: runs('library /tmp/gone.so', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'library that lives in memory only',
    do: sh(start(memoryLibrary)),
    expect: runs('library /memfd:x', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'library mapped as code that is shared',
    do: sh(`${copyTo('/tmp/shared.so')}${start(`perl -e 'open(my $f, "<", "/tmp/shared.so") or die; ${mapShared}'`)}`),
    expect: runs('library /tmp/shared.so', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'library mapped as code that is shared, and deleted',
    do: sh(
      `${copyTo('/tmp/shared.so')}${start(`perl -e 'open(my $f, "<", "/tmp/shared.so") or die; unlink "/tmp/shared.so"; ${mapShared}'`)}`,
    ),
    expect: runs('library /tmp/shared.so', 'critical'),
    verdict: 'violating',
  },
  {
    name: 'library of the image in use with another content, its file is as it was',
    do: sh(`cp -a ${library} /tmp/o; ${copyTo('/tmp/l')}mv /tmp/l ${library}
${start(`env LD_PRELOAD=${library} sleep 600`)}mv /tmp/o ${library}`),
    expect: runs(`library ${library}`, 'critical'),
    verdict: 'violating',
  },
  {
    name: 'loader told to load what is not there',
    do: sh(start('env LD_PRELOAD=/opt/none.so sleep 600')),
    expect: runs('LD_PRELOAD of /usr/bin/sleep', 'high'),
    verdict: 'violating',
  },
  {
    name: 'auditor of the loader',
    do: sh(`${copyTo('/tmp/audit.so')}${start('env LD_AUDIT=/tmp/audit.so sleep 600')}`),
    expect: runs('LD_AUDIT of /usr/bin/sleep', 'high'),
    verdict: 'violating',
  },
  {
    name: 'libraries looked for in /tmp',
    do: sh(start('env LD_LIBRARY_PATH=/tmp/lib sleep 600')),
    expect: runs('LD_LIBRARY_PATH of /usr/bin/sleep', 'medium'),
    verdict: 'violating',
  },
  {
    name: 'script of /opt runs',
    do: sh(`echo 'sleep 600' >/opt/x.pl\n${start('perl -w /opt/x.pl')}`),
    expect: [...added('/opt/x.pl', 'medium'), ...runs('script /opt/x.pl', 'high')],
  },
  {
    name: 'script of the working directory runs',
    do: sh(`mkdir /tmp/w; cd /tmp/w; echo 'sleep 600; true' >x.sh\n${start('sh x.sh')}`),
    expect: runs('script /tmp/w/x.sh', 'high'),
    verdict: 'violating',
  },
  {
    name: 'script runs by its first line, in shared memory',
    do: sh(`printf '#!/bin/bash -e\\nsleep 600; true\\n' >/dev/shm/.x; chmod 755 /dev/shm/.x\n${start('/dev/shm/.x')}`),
    expect: runs('script /dev/shm/.x', 'high'),
    verdict: 'violating',
  },
  {
    name: 'process that another one traces',
    do: sh(
      `${start('sleep 600')}${start(`perl -e 'syscall(101, 0x4206, ${'$ARGV[0]'} + 0, 0, 0) == 0 or die $!; sleep 600' $!`)}`,
    ),
    expect: runs('traced /usr/bin/sleep', 'high'),
    verdict: 'violating',
  },
  {
    name: 'process named as a kernel thread is, without brackets',
    do: sh(start("bash -c 'exec -a kworker/0:1 sleep 600'")),
    expect: runs('/usr/bin/sleep', 'high'),
    verdict: 'violating',
  },
  {
    name: 'raw socket',
    do: sh(socket(2, 1)),
    expect: [one('socket', 'violates', 'raw 0.0.0.0:1', 'high')],
    verdict: 'violating',
  },
  {
    name: 'packet socket, which hears everything',
    do: sh(socket(17, 768)),
    expect: [one('socket', 'violates', 'packet *:3', 'high')],
    verdict: 'violating',
  },
  {
    name: 'port open in a network of its own',
    do: sh(
      start(
        `unshare -n perl -MIO::Socket::INET -e 'IO::Socket::INET->new(Proto => "tcp", LocalAddr => "0.0.0.0", LocalPort => 4445, Listen => 1) && sleep 600'`,
      ),
    ),
    expect: [one('socket', 'violates', 'tcp 0.0.0.0:4445', 'high')],
    verdict: 'violating',
  },
  {
    name: 'file mounted over a program',
    do: sh('printf x >/tmp/t; chmod 755 /tmp/t; mount --bind /tmp/t /usr/bin/tac'),
    expect: added('/usr/bin/tac', 'critical', 'mount'),
    gaps: covered('/usr/bin/tac'),
  },
  {
    name: 'program mounted over a program',
    do: sh('mount --bind /usr/bin/cat /usr/bin/tac'),
    expect: added('/usr/bin/tac', 'critical', 'mount'),
  },
  {
    name: 'file system mounted over jobs',
    do: sh('mount -t tmpfs tmpfs /etc/cron.d'),
    expect: added('/etc/cron.d', 'high', 'mount'),
    gaps: covered('/etc/cron.d'),
  },
  {
    name: 'directory mounted over one of the image',
    do: sh('mount --bind /srv /usr/share/base-files'),
    expect: added('/usr/share/base-files', 'high', 'mount'),
  },
  {
    name: 'file system mounted over homes',
    do: sh('mount -t tmpfs tmpfs /home'),
    expect: added('/home', 'medium', 'mount'),
    gaps: covered('/home'),
  },
  {
    name: 'service started by systemd-run',
    do: sh(
      "mkdir -p /run/systemd/transient; printf '[Service]\\nExecStart=/usr/bin/sleep 600\\n' >/run/systemd/transient/run-r1.service",
    ),
    expect: added('unit run-r1.service of run time', 'high', 'service'),
  },
  {
    name: 'timer of run time',
    do: sh("mkdir -p /run/systemd/system; printf '[Timer]\\nOnCalendar=daily\\n' >/run/systemd/system/x.timer"),
    expect: added('unit x.timer of run time', 'high', 'service'),
  },
  {
    name: 'root logged in at a terminal',
    do: login('root', '10.0.0.9', '$(date +%s)'),
    expect: added('login of root', 'medium', 'account'),
  },
  {
    name: 'somebody sits at a terminal',
    do: sh(
      "mkdir -p /run/systemd/sessions; printf 'USER=scanner\\nTTY=pts/1\\nCLASS=user\\nREMOTE_HOST=10.0.0.9\\n' >/run/systemd/sessions/7",
    ),
    expect: added('login of scanner', 'low', 'account'),
  },
  {
    name: 'history of another shell and account',
    do: sh('echo ": 1:0;ls" >/home/scanner/.zsh_history; chmod 600 /home/scanner/.zsh_history'),
    expect: added('/home/scanner/.zsh_history', 'medium'),
  },
];

const quiet = (name: string, script: string): LabDrift => ({ name, do: sh(script), expect: [], verdict: 'clean' });

/** What runs, is mounted and is written on servers that nobody touched. */
export const liveNoise: readonly LabDrift[] = [
  quiet('library of the image preloaded', start(`env LD_PRELOAD=${library} sleep 600`)),
  quiet(
    'library of the image replaced by an equal one while it is in use',
    `${start(`env LD_PRELOAD=${library} sleep 600`)}cp -a ${library} /tmp/s; rm ${library}; cp -a /tmp/s ${library}`,
  ),
  quiet(
    'memory that programs generate code in, shared with itself',
    `${start(`perl -e 'my $name = "doublemapper"; my $d = syscall(319, $name, 0); open(my $f, "+<&=", $d) or die; truncate($f, 4096); ${mapShared}'`)}${start(`perl -e 'open(my $f, "+>", "/tmp/ffiAbCd12") or die; unlink "/tmp/ffiAbCd12"; truncate($f, 4096); ${mapShared}'`)}`,
  ),
  quiet(
    'interpreters that run no script',
    `echo data >/tmp/data\n${start("perl -e 'sleep 600' /tmp/data")}${start("sh -c 'sleep 600; true' /tmp/data")}`,
  ),
  quiet('processes that come and go', start("sh -c 'while :; do sleep 0.02; done'")),
  quiet(
    'process of a container',
    start(`unshare -m sh -c '
mount -t tmpfs tmpfs /mnt; mkdir /mnt/usr; mount --bind /usr /mnt/usr; ln -s usr/lib /mnt/lib; ln -s usr/lib64 /mnt/lib64
cp /usr/bin/sleep /mnt/foreign; cp ${library} /mnt/own.so; LD_PRELOAD=/own.so exec chroot /mnt /foreign 600'`),
  ),
  quiet(
    'service with a /tmp of its own',
    start("unshare -m sh -c 'mount -t tmpfs tmpfs /tmp; exec env LD_PRELOAD= sleep 600'"),
  ),
  quiet('file systems on empty directories', 'mount -t tmpfs tmpfs /mnt; mount -t tmpfs tmpfs /srv; echo data >/srv/x'),
  quiet('mounts below /run', 'mkdir -p /run/a /run/b; mount --bind /usr/bin /run/a; mount -t tmpfs tmpfs /run/b'),
  {
    name: 'login of another start of the server',
    do: login('root', '10.0.0.9', '86400'),
    expect: [],
    verdict: 'clean',
  },
  quiet(
    'session without a terminal, as a scan has',
    "mkdir -p /run/systemd/sessions; printf 'USER=root\\nTTY=\\nCLASS=user\\nREMOTE_HOST=10.0.0.9\\n' >/run/systemd/sessions/7",
  ),
  quiet(
    'units that are made at each start',
    "mkdir -p /run/systemd/system /run/systemd/generator; for f in system/netplan-ovs-cleanup generator/x; do printf '[Service]\\nExecStart=/bin/true\\n' >/run/systemd/$f.service; done",
  ),
];
