import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What a launch needs to know. */
export interface LaunchPlan {
  readonly name: string;
  /** The merged overlay, mounted on this machine. */
  readonly root: string;
  /** A directory with the device nodes that every instance gets. */
  readonly devices: string;
  /** Address with prefix length. */
  readonly cidr: string;
  readonly readOnlyRoot: boolean;
  readonly fullTmp: boolean;
  /** The launch key's public line, for the instance's metadata. */
  readonly launchKey: string;
}

/** The started namespaces: PID 1 waits, its network is not there yet. */
export interface Launching {
  /** Process id of the instance's PID 1 as this machine sees it. */
  readonly pid: number;
  /** The unshare process that ends when the instance does. */
  readonly keeper: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Lets the instance boot, once its network card is there. */
  boot(): Promise<void>;
}

/**
 * Runs as PID 1 of the new namespaces, first with this machine's tools and root. pivot_root instead of chroot: after it the instance holds
 * no copy of the machine's mounts, so that nothing of ours is kept busy, and mountinfo looks as on a real server.
 * $1 name, $2 root, $3 devices, $4 address, $5 read-only, $6 full /tmp, $7 metadata as cloud-init writes it
 */
const LAUNCH = `set -e
read -r pid _ </proc/self/stat
echo "$pid"
read -r go
hostname "$1"
ip -batch - <<IP
link set lo up
addr add $4 dev eth0
link set eth0 up
IP
cd "$2"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,nosuid,nodev,size=64m tmpfs run
mkdir -m 0755 run/sshd
mkdir -m 1777 run/lock
mkdir -m 0755 run/cloud-init
printf '%s\\n' "$7" >run/cloud-init/instance-data.json
chmod 0644 run/cloud-init/instance-data.json
if [ "$6" = yes ]; then
  mount -t tmpfs -o mode=1777,nosuid,nodev,size=64k tmpfs tmp
  cat /dev/zero >tmp/filler 2>/dev/null || :
else
  mount -t tmpfs -o mode=1777,nosuid,nodev,size=256m tmpfs tmp
fi
mount -t tmpfs -o mode=755,nosuid,size=64k tmpfs dev
cp -a "$3/." dev/
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5,nosuid,noexec devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev,size=512m tmpfs dev/shm
[ "$5" = no ] || mount -o remount,bind,ro .
pivot_root . .
umount -l .
cd /
echo booted
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=linux /sbin/init </dev/null >/dev/null 2>&1
`;

/** Makes the namespaces of one instance. They die with this process: setpriv and --kill-child ask the kernel to see to it. */
export async function launch(plan: LaunchPlan): Promise<Launching> {
  const flags = ['--fork', '--kill-child', '--pid', '--mount', '--uts', '--ipc', '--net'];
  const values = [
    plan.name,
    plan.root,
    plan.devices,
    plan.cidr,
    plan.readOnlyRoot ? 'yes' : 'no',
    plan.fullTmp ? 'yes' : 'no',
    JSON.stringify({ v1: { public_ssh_keys: [`${plan.launchKey} launch-key`] } }),
  ];
  const keeper = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', ...flags, 'sh', '-c', LAUNCH, 'lab-launch', ...values],
    // An own process group: Ctrl-C at the terminal is for the owner of the fleet, who then stops it in order.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  let said = '';
  keeper.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  keeper.stdin.on('error', () => {});
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  const closed = new Promise((resolve) => keeper.once('close', resolve));
  const expectLine = async (): Promise<string> => {
    const line = await lines.next();
    if (!line.done) return line.value;
    // Its last words come with the end of standard error, after the end of standard output.
    await closed;
    throw new Error(`lab: instance ${plan.name} did not start: ${said.trim()}`);
  };
  const failed = new Promise<never>((_, reject) => keeper.once('error', reject));
  failed.catch(() => {});
  const pid = Number(await Promise.race([expectLine(), failed]));
  const boot = async () => {
    keeper.stdin.end('go\n');
    if ((await expectLine()) !== 'booted') throw new Error(`lab: instance ${plan.name} did not boot: ${said.trim()}`);
    // A fleet that somebody forgot must not keep the process from ending; its exit hook cleans up.
    keeper.unref();
    for (const pipe of [keeper.stdout, keeper.stderr]) pipe.destroy();
  };
  return { pid, keeper, boot };
}
