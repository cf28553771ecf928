import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ended, sleep } from './exec.ts';
import { type Fleet, startFleet, sweep } from './fleet.ts';
import { mountsUnder } from './ground.ts';
import { labImage } from './image.ts';
import { labDir, withLock } from './place.ts';
import { describeLab } from './require.ts';

const NOTHING = { fleets: [], mounts: [], processes: [] };

describeLab('lab leaves nothing behind', () => {
  let dir = '';

  // A lab directory of its own, with everybody's images: other people's fleets on this machine are not our leaks.
  beforeEach(async () => {
    await labImage();
    const images = join(labDir(), 'images');
    dir = mkdtempSync(join(tmpdir(), 'snowfence-leaks-'));
    symlinkSync(images, join(dir, 'images'));
    mkdirSync(join(dir, 'fleets'));
    vi.stubEnv('SNOWFENCE_LAB_DIR', dir);
  });
  afterEach(async () => {
    await sweep();
    vi.unstubAllEnvs();
    if (mountsUnder(dir).length === 0) rmSync(dir, { recursive: true });
  });

  it('when fleets that ran side by side are stopped', async () => {
    const image = await labImage();
    const fleets = await Promise.all([startFleet(image, 3), startFleet(image, 3)]);
    const addresses = fleets.flatMap((fleet) => fleet.instances.map((one) => one.address));
    expect(new Set(addresses).size).toBe(6);
    const during = traces(dir);
    expect(during.fleets).toHaveLength(2);
    expect(during.mounts).toHaveLength(2 + 6);
    expect(during.processes.length).toBeGreaterThanOrEqual(12);
    const bridges = fleets.map(bridgeOf);
    expect(links()).toEqual(expect.arrayContaining(bridges));
    await Promise.all(fleets.map((fleet) => fleet.stop()));
    expect(traces(dir)).toEqual(NOTHING);
    expect(links().filter((link) => bridges.includes(link))).toEqual([]);
  });

  it('when starting fails half-way', async () => {
    const image = await labImage();
    await expect(startFleet({ ...image, dir: join(dir, 'no-image') }, 3)).rejects.toThrow(/mount/);
    // Enough for first boot, then /proc has no mount point: PID 1 fails inside its namespaces.
    const hollow = join(dir, 'hollow');
    for (const folder of ['etc/ssh', 'root']) mkdirSync(join(hollow, folder), { recursive: true });
    const unbootable = { ...image, dir: hollow, accounts: image.accounts.slice(0, 1) };
    await expect(startFleet(unbootable, 3)).rejects.toThrow(/did not start: .*proc/);
    expect(traces(dir)).toEqual(NOTHING);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('when its owner gets %s', async (signal) => {
    const owner = await otherOwner();
    owner.kill(signal);
    await ended(owner);
    expect(traces(dir)).toEqual(NOTHING);
  });

  it('when its owner is killed: processes end by themselves, the next sweep takes the rest', async () => {
    const owner = await otherOwner();
    expect(traces(dir).processes.length).toBeGreaterThanOrEqual(4);
    expect(await sweep()).toBe(0);
    owner.kill('SIGKILL');
    await ended(owner);
    await vi.waitFor(() => expect(traces(dir).processes).toEqual([]), { timeout: 5_000 });
    expect(await sweep()).toBe(1);
    expect(traces(dir)).toEqual(NOTHING);
  });
});

describeLab('lab lock', () => {
  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const visit = async () => {
      most = Math.max(most, ++inside);
      await sleep(20);
      inside--;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock('test', visit)));
    expect(most).toBe(1);
    await expect(withLock('test', () => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
    await withLock('test', visit);
    rmSync(join(labDir(), 'test.lock'));
  });
});

/** Another process with a fleet of two, past its start. */
async function otherOwner() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'cli.ts'), 'up', '2'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('known_hosts')) break;
  return child;
}

function bridgeOf(fleet: Fleet): string {
  return `sflab${basename(dirname(fleet.keyFile))}`;
}

function links(): string[] {
  const listed = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).split('\n');
  return listed.flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []);
}

/** What fleets of this lab directory could leave: directories, mounts, and processes that have one of its overlays as root. */
function traces(lab: string): { fleets: string[]; mounts: string[]; processes: string[] } {
  const processes = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')[0]?.includes(`upperdir=${lab}/`);
    } catch {
      return false;
    }
  });
  return { fleets: readdirSync(join(lab, 'fleets')), mounts: mountsUnder(lab), processes };
}
