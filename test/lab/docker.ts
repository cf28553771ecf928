import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, ended, must, run, sleep } from './exec.ts';
import { mountsUnder } from './ground.ts';
import { onExit } from './on-exit.ts';
import { labDir } from './place.ts';

/** Programs of this machine that a daemon is made of (packages docker.io and iptables). */
export const DOCKER_TOOLS = ['dockerd', 'docker', 'containerd', 'runc', 'iptables'];

/** A Docker daemon of our own, with nothing in it. Always `await using` it. */
export interface LabDocker extends AsyncDisposable {
  /** Where it listens, as DOCKER_HOST has it. */
  readonly host: string;
  /** The environment for a client of it, and of nothing else of this machine's configuration. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs the docker client, which must succeed; its standard output without the last newline. */
  docker(...args: readonly string[]): Promise<string>;
  /** The same, whatever its exit code. */
  attempt(...args: readonly string[]): Promise<CommandResult>;
  /** Makes an image from the tar of a root directory; gives its id. `changes` are Dockerfile instructions. */
  import(tar: string | Uint8Array, ref: string, ...changes: readonly string[]): Promise<string>;
}

/**
 * Starts a daemon (a few seconds). It has a network and a mount namespace of its own: nothing on this machine can reach
 * its containers but through the daemon, and its mounts go when it goes.
 */
export async function startDocker(): Promise<LabDocker> {
  await mkdir(labDir(), { recursive: true });
  // A unix socket's name has at most 107 bytes.
  const dir = await mkdtemp(join(labDir(), 'dk-'));
  const daemon = new Daemon(dir);
  try {
    await daemon.ready();
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

const START = `set -e
ip link set lo up
exec dockerd -H "unix://$1/dk.sock" --data-root "$1/d" --exec-root "$1/e" -p "$1/pid" --log-level warn >"$1/log" 2>&1
`;

class Daemon implements LabDocker {
  readonly host: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #dir: string;
  readonly #child: ChildProcess;
  readonly #unhook: () => void;

  constructor(dir: string) {
    this.#dir = dir;
    this.host = `unix://${dir}/dk.sock`;
    const path = process.env['PATH'] ?? '';
    this.env = { PATH: path, HOME: dir, DOCKER_HOST: this.host, DOCKER_CONFIG: join(dir, 'client') };
    const flags = ['--mount', '--net', '--', 'sh', '-c', START, 'lab-docker', dir];
    this.#child = spawn('unshare', flags, { stdio: 'ignore', env: { PATH: path, HOME: dir }, detached: true });
    this.#child.on('error', () => {});
    this.#unhook = onExit(() => this.#endNow());
  }

  async ready(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (this.#child.exitCode !== null) break;
      if ((await this.attempt('version')).code === 0) return;
      await sleep(100);
    }
    const log = await readFile(join(this.#dir, 'log'), 'utf8').catch(() => '');
    throw new Error(`lab: dockerd did not start: ${log.slice(-2000)}`);
  }

  attempt(...args: readonly string[]): Promise<CommandResult> {
    return run('docker', args, { env: this.env });
  }

  async docker(...args: readonly string[]): Promise<string> {
    return (await must('docker', args, { env: this.env })).replace(/\n$/, '');
  }

  async import(tar: string | Uint8Array, ref: string, ...changes: readonly string[]): Promise<string> {
    const flags = changes.flatMap((change) => ['--change', change]);
    const [from, input] = typeof tar === 'string' ? [tar, undefined] : ['-', tar];
    return (await must('docker', ['import', ...flags, from, ref], { env: this.env, ...(input && { input }) })).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = await this.attempt('ps', '-aq').catch(() => undefined);
    const ids = all?.code === 0 ? all.stdout.split('\n').filter(Boolean) : [];
    if (ids.length > 0) await this.attempt('rm', '-f', '-v', ...ids);
    this.#child.kill('SIGTERM');
    await Promise.race([ended(this.#child), sleep(15_000)]);
    this.#child.kill('SIGKILL');
    await ended(this.#child);
    this.#unhook();
    await this.#clear();
  }

  /** Its directory, unless something is still mounted there. */
  async #clear(): Promise<void> {
    if (mountsUnder(this.#dir).length > 0) await run('umount', ['-R', '-l', this.#dir]);
    if (mountsUnder(this.#dir).length === 0) await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** When the tests are ended by a signal: containers first, because they outlive a daemon that is killed. */
  #endNow(): void {
    const end = 'ids=$(docker ps -aq) && [ "$ids" ] && docker rm -f $ids; exit 0';
    try {
      execFileSync('sh', ['-c', end], { env: { ...this.env }, stdio: 'ignore', timeout: 10_000 });
      execFileSync('sh', ['-c', 'kill $(cat "$0/pid"); sleep 1; rm -rf "$0"', this.#dir], {
        stdio: 'ignore',
        timeout: 10_000,
      });
    } catch {
      // Nobody is left to tell.
    }
  }
}
