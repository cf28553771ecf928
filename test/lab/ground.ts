import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './exec.ts';
import { closeNetwork, type LabNetwork, networkOf, openNetwork, SLOTS } from './network.ts';
import { isAlive, labDir, markOf, type ProcessMark, withLock } from './place.ts';

/** A fleet's plot: its directory, named by slot, and its network. */
export interface Plot {
  readonly dir: string;
  readonly network: LabNetwork;
}

/** Takes a free slot: marks it as ours, opens its network, mounts its disk (a tmpfs) and makes the device nodes. */
export async function takePlot(): Promise<Plot> {
  return withLock('fleets', async () => {
    clearDead();
    for (let slot = 0; slot < SLOTS; slot++) {
      const dir = join(fleetsDir(), String(slot));
      if (existsSync(dir)) continue;
      const network = networkOf(slot);
      if (!(await openNetwork(network))) continue;
      await mkdir(join(dir, 'pids'), { recursive: true });
      await writeFile(join(dir, 'owner.json'), JSON.stringify(markOf(process.pid)));
      const disk = join(dir, 'disk');
      await mkdir(disk);
      await must('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'snowfence-lab', disk]);
      await must('sh', ['-ec', DEVICES, 'devices', join(disk, 'dev')]);
      return { dir, network };
    }
    throw new Error(`lab: all ${SLOTS} fleets are in use`);
  });
}

/** Gives the slot back. Instances must be dead. Synchronous: exit hooks use it. */
export function clearPlot(plot: Plot): void {
  closeNetwork(plot.network);
  quietly('umount', ['-R', join(plot.dir, 'disk')]);
  // Somebody's open file keeps a mount busy; lazily it goes when the file is closed.
  if (mountsUnder(plot.dir).length > 0) quietly('umount', ['-R', '-l', join(plot.dir, 'disk')]);
  // Never delete through a mount that is still there: it may lead into an image.
  if (mountsUnder(plot.dir).length === 0) rmSync(plot.dir, { recursive: true, force: true });
}

/** Removes what fleets left behind whose owner died without cleaning up. Gives the number of fleets removed. */
export function sweepPlots(): Promise<number> {
  return withLock('fleets', async () => clearDead());
}

/** Mount points at or under a directory, as the kernel lists them. */
export function mountsUnder(dir: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))),
    );
  return points.filter((point) => point === dir || point.startsWith(`${dir}/`));
}

function clearDead(): number {
  let cleared = 0;
  for (const name of existsSync(fleetsDir()) ? readdirSync(fleetsDir()) : []) {
    const dir = join(fleetsDir(), name);
    const owner = readMark(join(dir, 'owner.json'));
    if (owner && isAlive(owner)) continue;
    const pids = join(dir, 'pids');
    for (const file of existsSync(pids) ? readdirSync(pids) : []) {
      const mark = readMark(join(pids, file));
      if (mark && isAlive(mark)) process.kill(mark.pid, 'SIGKILL');
    }
    clearPlot({ dir, network: networkOf(Number(name)) });
    cleared++;
  }
  return cleared;
}

function fleetsDir(): string {
  return join(labDir(), 'fleets');
}

function readMark(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}

function quietly(file: string, args: readonly string[]): void {
  try {
    execFileSync(file, args, { stdio: 'ignore' });
  } catch {
    // The caller looks at what is left, not at exit codes.
  }
}

const DEVICES = `umask 0
mkdir -m 755 "$1"
cd "$1"
mkdir -m 755 pts
mkdir -m 1777 shm
mknod -m 666 null c 1 3
mknod -m 666 zero c 1 5
mknod -m 666 full c 1 7
mknod -m 666 random c 1 8
mknod -m 666 urandom c 1 9
mknod -m 666 tty c 5 0
ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
ln -s /proc/self/fd/0 stdin
ln -s /proc/self/fd/1 stdout
ln -s /proc/self/fd/2 stderr
`;
