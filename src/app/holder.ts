import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Field 22 of /proc/PID/stat (proc(5)): when the process started; a number that is used again starts at another time. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** This process, as it names itself where it holds something: `process 123 (started 456) on host`. */
export function thisHolder(): string {
  return `process ${process.pid} (started ${startOf(process.pid)}) on ${hostname()}`;
}

const form = /^process (\d+) \(started (\d*)\) on (.*)$/s;

/** Is it a process of another machine, or of another container? */
export function isElsewhere(holder: string): boolean {
  return form.exec(holder)?.[3] !== hostname();
}

/** Does the process still live? One of another machine cannot be asked, so it is taken to. */
export function isAlive(holder: string): boolean {
  if (isElsewhere(holder)) return true;
  const [, pid = '', started = ''] = form.exec(holder) ?? [];
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // A machine that hides the processes of others (hidepid, ProtectProc=) does not say when they started.
  const now = startOf(Number(pid));
  return now === '' || started === '' || now === started;
}
