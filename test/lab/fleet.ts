import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pooled } from './exec.ts';
import { type KeyPair, makeKey } from './first-boot.ts';
import { clearPlot, type Plot, sweepPlots, takePlot } from './ground.ts';
import type { LabImage } from './image-store.ts';
import { type FleetGround, Instance, type LabInstance } from './instance.ts';
import { MAX_INSTANCES } from './network.ts';
import { onExit } from './on-exit.ts';

export type { LabInstance } from './instance.ts';

/** What is special about a fleet; nothing by default. */
export interface FleetOptions {
  /** Names are PREFIX-01, PREFIX-02...; `lab` by default. */
  readonly prefix?: string;
  /** One host key in all instances: a badly sealed image. */
  readonly sharedHostKeys?: boolean;
  /** The root is mounted read-only inside. `root` stays writable from here. */
  readonly readOnlyRoot?: boolean;
  /** sshd banner, sshrc, and shells that talk when they start. */
  readonly banner?: boolean;
  /** /tmp is tiny and full. */
  readonly fullTmp?: boolean;
}

/** Running instances of one image, reachable from this machine only. Always `stop` it (or `await using` it). */
export interface Fleet extends AsyncDisposable {
  readonly image: LabImage;
  readonly instances: readonly LabInstance[];
  /** Private key that opens every account of the image on every instance. */
  readonly keyFile: string;
  /** known_hosts file with all host keys; rewritten by `recreate`. */
  readonly knownHosts: string;
  /** Replaces the instance: same name and address, fresh disk, new host key and machine-id. The same object stays valid. */
  recreate(instance: LabInstance): Promise<LabInstance>;
  /** Its ssh server hangs: connections are accepted by the kernel and nobody answers; open sessions stall. */
  freeze(instance: LabInstance): Promise<void>;
  thaw(instance: LabInstance): Promise<void>;
  /** Removes everything. May be called twice. */
  stop(): Promise<void>;
}

/** More at once does not help: the work is a hundred short system calls per instance. */
const WIDTH = 16;

/** Starts `count` instances (8 take about half a second) and waits until every ssh server listens. */
export async function startFleet(image: LabImage, count: number, options: FleetOptions = {}): Promise<Fleet> {
  if (count > MAX_INSTANCES) throw new Error(`lab: a fleet has at most ${MAX_INSTANCES} instances`);
  const plot = await takePlot();
  const instances: Instance[] = [];
  const hook = onExit(() => {
    for (const instance of instances) instance.kill();
    clearPlot(plot);
  });
  const fleet = new RunningFleet(image, plot, instances, hook);
  try {
    const ground = await layGround(image, plot, options);
    const width = Math.max(2, String(count).length);
    const prefix = options.prefix ?? 'lab';
    for (let index = 0; index < count; index++) {
      instances.push(new Instance(ground, index, `${prefix}-${String(index + 1).padStart(width, '0')}`));
    }
    await pooled(instances, WIDTH, (instance) => instance.create());
    await fleet.writeKnownHosts();
    return fleet;
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}

/** Removes what fleets left behind whose owner died without cleaning up, and says how many. Every `startFleet` does it too. */
export function sweep(): Promise<number> {
  return sweepPlots();
}

async function layGround(image: LabImage, plot: Plot, options: FleetOptions): Promise<FleetGround> {
  const launchKey = await makeKey(join(plot.dir, 'launch-key'), 'launch-key');
  const shared: KeyPair | undefined = options.sharedHostKeys
    ? await makeKey(join(plot.dir, 'shared-host-key'), 'root@bake')
    : undefined;
  return {
    image,
    network: plot.network,
    dir: plot.dir,
    launchKey,
    sharedHostKey: shared,
    banner: options.banner ?? false,
    readOnlyRoot: options.readOnlyRoot ?? false,
    fullTmp: options.fullTmp ?? false,
  };
}

class RunningFleet implements Fleet {
  readonly image: LabImage;
  readonly instances: readonly Instance[];
  readonly keyFile: string;
  readonly knownHosts: string;
  readonly #plot: Plot;
  readonly #unhook: () => void;
  #stopped: Promise<void> | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(image: LabImage, plot: Plot, instances: readonly Instance[], unhook: () => void) {
    this.image = image;
    this.instances = instances;
    this.keyFile = join(plot.dir, 'launch-key');
    this.knownHosts = join(plot.dir, 'known_hosts');
    this.#plot = plot;
    this.#unhook = unhook;
  }

  async recreate(instance: LabInstance): Promise<LabInstance> {
    const own = this.#own(instance);
    await own.destroy();
    await own.create();
    await this.writeKnownHosts();
    return own;
  }

  freeze(instance: LabInstance): Promise<void> {
    return this.#signal(instance, 'SIGSTOP');
  }

  thaw(instance: LabInstance): Promise<void> {
    return this.#signal(instance, 'SIGCONT');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** One after the other: of two that are recreated at once the later must not be overtaken by the earlier. */
  writeKnownHosts(): Promise<void> {
    this.#written = this.#written.then(async () => {
      const lines = this.instances.map((one) => `${one.name},${one.address} ${one.hostKey}\n`);
      await writeFile(this.knownHosts, lines.join(''), { mode: 0o600 });
    });
    return this.#written;
  }

  async #stop(): Promise<void> {
    // All at once first: the slow part of ending, the kernel's, then runs for all in parallel.
    for (const instance of this.instances) instance.kill();
    await pooled(this.instances, WIDTH, (instance) => instance.release());
    clearPlot(this.#plot);
    this.#unhook();
  }

  async #signal(instance: LabInstance, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    for (const pid of await this.#own(instance).serverPids()) process.kill(pid, signal);
  }

  #own(instance: LabInstance): Instance {
    const own = this.instances.find((one) => one === instance || one.name === instance.name);
    if (!own) throw new Error(`lab: ${instance.name} is not of this fleet`);
    return own;
  }
}
