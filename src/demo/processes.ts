import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import type { Sleeper } from './image.ts';

/** Longest life of a process of the demo, seconds: should snowfence be killed, they still end. */
const lifetime = 3600;

/** The children of a demo. */
export class Processes {
  readonly #children = new Set<ChildProcess>();

  /** Process ids of those that still run. */
  get pids(): number[] {
    return [...this.#children].flatMap((child) => child.pid ?? []);
  }

  /** Keeps an eye on a child until it ends. */
  add(child: ChildProcess): void {
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.once('error', () => child.pid === undefined && this.#children.delete(child));
  }

  /** Starts a copy of `sleep` under the name that its file has. */
  async sleep(path: string, { byName }: Sleeper): Promise<void> {
    const argv0 = byName ? 'sleep' : basename(path);
    const child = spawn(path, [String(lifetime)], { argv0, cwd: '/', env: {}, stdio: 'ignore', detached: true });
    this.add(child);
    await once(child, 'spawn');
  }

  /** Kills all of them, with what they started. Does not wait. */
  kill(): void {
    for (const child of this.#children) killGroup(child);
  }

  /** Kills all of them and waits for their end. */
  async stop(): Promise<void> {
    const ended = [...this.#children].map((child) => (child.pid === undefined ? undefined : once(child, 'exit')));
    this.kill();
    await Promise.all(ended);
  }
}

/** Kills a child that leads a process group, and its group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
