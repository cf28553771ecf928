import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CommandOptions, type CommandResult, ended, must, run, sleep } from './exec.ts';
import { firstBoot, type KeyPair, makeKey } from './first-boot.ts';
import { mountsUnder } from './ground.ts';
import type { LabImage } from './image-store.ts';
import { type Launching, launch } from './launch.ts';
import { addressOf, cidrOf, type LabNetwork, plug, unplug } from './network.ts';
import { markOf } from './place.ts';

/** One running server of a fleet. */
export interface LabInstance {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Overlay upper directory: everything that differs from the image, and nothing else. Read only; write through `root`. */
  readonly upper: string;
  /** The root as this machine sees it; a write here is a hand on the server. Its /proc, /dev, /run and /tmp are not in it: use `run`. */
  readonly root: string;
  /** PID 1 of the instance, as this machine sees it. Changes when the instance is recreated. */
  readonly pid: number;
  /** Its host key as a known_hosts line has it: `ssh-ed25519 AAAA...`. Changes when the instance is recreated. */
  readonly hostKey: string;
  /** Runs a command inside, as root, without ssh: a string by `sh -c`, a list as it is. */
  run(command: string | readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** What instances of one fleet share. */
export interface FleetGround {
  readonly image: LabImage;
  readonly network: LabNetwork;
  /** The fleet's directory: keys, pids, and the tmpfs `disk` with the overlays. */
  readonly dir: string;
  readonly launchKey: KeyPair;
  readonly sharedHostKey: KeyPair | undefined;
  readonly banner: boolean;
  readonly readOnlyRoot: boolean;
  readonly fullTmp: boolean;
}

const CLEAN_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  USER: 'root',
  LOGNAME: 'root',
  SHELL: '/bin/sh',
  LANG: 'C.UTF-8',
};

/** An instance and the means to create and destroy it. Fleet hands it out as LabInstance. */
export class Instance implements LabInstance {
  readonly name: string;
  readonly address: string;
  readonly port = 22;
  readonly upper: string;
  readonly root: string;
  pid = 0;
  hostKey = '';
  readonly #ground: FleetGround;
  readonly #index: number;
  #keeper: Launching['keeper'] | undefined;

  constructor(ground: FleetGround, index: number, name: string) {
    this.#ground = ground;
    this.#index = index;
    this.name = name;
    this.address = addressOf(ground.network, index);
    this.upper = join(ground.dir, 'disk', name, 'upper');
    this.root = join(ground.dir, 'disk', name, 'root');
  }

  run(command: string | readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const argv = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
    const enter = [
      '--target',
      String(this.pid),
      '--mount',
      '--pid',
      '--uts',
      '--ipc',
      '--net',
      '--root',
      '--wd',
      '--',
      ...argv,
    ];
    return run('nsenter', enter, { ...options, env: { ...CLEAN_ENV, ...options.env } });
  }

  /** Lays the overlay, does the first boot and starts it. */
  async create(): Promise<void> {
    const { image, network, dir, launchKey, sharedHostKey } = this.#ground;
    const work = join(dirname(this.upper), 'work');
    for (const folder of [this.upper, work, this.root]) await mkdir(folder, { recursive: true, mode: 0o755 });
    const layers = `lowerdir=${image.dir},upperdir=${this.upper},workdir=${work}`;
    await must('mount', ['-t', 'overlay', '-o', layers, 'overlay', this.root]);
    const hostKey = sharedHostKey ?? (await makeKey(join(dir, `host-${this.name}`), `root@${this.name}`));
    this.hostKey = hostKey.line;
    await firstBoot({ image, root: this.root, name: this.name, hostKey, launchKey, banner: this.#ground.banner });
    const launched = await launch({
      name: this.name,
      root: this.root,
      devices: join(dir, 'disk/dev'),
      cidr: cidrOf(network, this.#index),
      readOnlyRoot: this.#ground.readOnlyRoot,
      fullTmp: this.#ground.fullTmp,
      launchKey: launchKey.line,
    });
    this.pid = launched.pid;
    this.#keeper = launched.keeper;
    await writeFile(join(dir, 'pids', this.name), JSON.stringify(markOf(launched.pid)));
    await plug(network, this.#index, launched.pid);
    await launched.boot();
    await this.#listening();
  }

  /** Ends all its processes at once, as a cloud terminates a server, and throws its disk away. */
  async destroy(): Promise<void> {
    await this.release();
    await unplug(this.#ground.network, this.#index);
    await rm(dirname(this.root), { recursive: true, force: true });
  }

  /** Ends it and unmounts its root. What is left goes with the fleet's disk and network. */
  async release(): Promise<void> {
    this.kill();
    // Let go of at launch, taken back now: this end must be waited for.
    this.#keeper?.ref();
    if (this.#keeper) await ended(this.#keeper);
    if (mountsUnder(this.root).length > 0) await unmount(this.root);
    await rm(join(this.#ground.dir, 'pids', this.name), { force: true });
  }

  /** PID 1 gone is everything gone: the kernel kills the rest of a pid namespace. */
  kill(): void {
    if (!this.#keeper || this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  }

  /** Process ids (as this machine sees them) of the ssh server: the listener and its sessions. */
  async serverPids(): Promise<number[]> {
    const found: number[] = [];
    const visit = async (pid: number): Promise<void> => {
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
      for (const child of children.split(' ').filter(Boolean).map(Number)) {
        const comm = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '');
        if (/^(sshd|dropbear)/.test(comm)) found.push(child);
        await visit(child);
      }
    };
    await visit(this.pid);
    return found;
  }

  /** Waits for the ssh server's socket by looking at the namespace's table: a connection would leave traces in the server. */
  async #listening(): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      const sockets = await readFile(`/proc/${this.pid}/net/tcp`, 'latin1').catch(() => '');
      if (/:0016 00000000:0000 0A /.test(sockets)) return;
      await sleep(10);
    }
    const log = await this.run('cat /run/sshd.log');
    throw new Error(`lab: sshd of ${this.name} does not listen: ${log.stdout}${log.stderr}`);
  }
}

/** Unmounts, lazily when somebody still has a file open there. */
async function unmount(path: string): Promise<void> {
  const tidy = await run('umount', [path]);
  if (tidy.code !== 0) await run('umount', ['-l', path]);
}
