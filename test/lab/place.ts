import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The lab's own directory: images are kept here, fleets live and die here. */
export function labDir(): string {
  const uid = process.getuid?.() ?? 0;
  const dir = process.env['SNOWFENCE_LAB_DIR'] || join(tmpdir(), `snowfence-lab-${uid}`);
  // Private keys live here, if only for minutes.
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/**
 * Runs `job` while holding a lock that all processes on this machine share. The lock is flock(1)'s: the kernel frees it when its holder
 * dies, however it dies, so there are no stale lock files to judge.
 */
export async function withLock<T>(name: string, job: () => Promise<T>): Promise<T> {
  const file = join(labDir(), `${name}.lock`);
  // cat lives as long as our end of its standard input: if this process is killed, so is the lock.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  holder.stdin.on('error', () => {});
  const freed = new Promise((resolve) => holder.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`lab: could not lock ${file} (flock ended with ${code})`)));
  });
  try {
    return await job();
  } finally {
    holder.stdin.end();
    await freed;
  }
}

/** A process as one can find it again later: its id may be given to somebody else, its start time (clock ticks since boot) tells. */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

export function markOf(pid: number): ProcessMark {
  return { pid, started: startTime(pid) ?? 'gone' };
}

export function isAlive(mark: ProcessMark): boolean {
  return startTime(mark.pid) === mark.started;
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command's name in parentheses and may hold anything; the fields after it are plain. 22 is the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
