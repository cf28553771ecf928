import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { drifts } from './drift.ts';
import { buildImage, imageRef, workerPath } from './image.ts';
import { fleetFile, knownHosts, type Listed } from './inventory.ts';
import { makeKey } from './keys.ts';
import { Processes } from './processes.ts';
import { type DemoServer, serve } from './server.ts';
import { copyTree } from './tree.ts';

/** A fleet that runs on this machine's loopback until it is stopped. */
export interface DemoFleet {
  /** Everything of the demo is below this directory, which nobody else may enter. */
  dir: string;
  /** The golden tree: make the manifest from `rootfs:` of it. */
  imageDir: string;
  imageRef: string;
  /** The inventory, to scan with. */
  fleetFile: string;
  knownHosts: string;
  /** Private key that every instance lets in. */
  keyFile: string;
  /** What was done to each instance since it was launched; nothing for those that are untouched. */
  story: { instance: string; done: string[] }[];
  /** Ends all processes and servers and removes `dir`. May be called again. */
  stop(): Promise<void>;
}

const names = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'];

/** Files of a fleet in its directory. */
const paths = (dir: string) => ({
  dir,
  imageDir: join(dir, 'image'),
  fleetFile: join(dir, 'fleet.yaml'),
  knownHosts: join(dir, 'known_hosts'),
  keyFile: join(dir, 'id_demo'),
});

/**
 * Makes an image, launches five servers from it on loopback ports, and lets three of them drift. `onLine` hears what is
 * going on. The caller stops the fleet, also on signals; at an exit without that, what can be done at once is done.
 * @throws UserError where the demo cannot run.
 */
export async function startDemoFleet(onLine: (line: string) => void): Promise<DemoFleet> {
  if (process.platform !== 'linux') {
    throw new UserError(
      'the demo needs Linux: its servers are read through /proc',
      'scan your own servers from here instead: snowfence scan ssh://USER@HOST',
    );
  }
  // mkdtemp makes it 0700. The kernel names running programs by their real path, so the tree must be asked about by it.
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'snowfence-demo-')));
  const processes = new Processes();
  const servers: DemoServer[] = [];
  const atExit = (): void => {
    processes.kill();
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await processes.stop();
      await rm(dir, { recursive: true, force: true });
      process.off('exit', atExit);
    })();
    return stopping;
  };
  try {
    const story = await launch(dir, processes, servers, onLine);
    return { ...paths(dir), imageRef, story, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launch(
  dir: string,
  processes: Processes,
  servers: DemoServer[],
  onLine: (line: string) => void,
): Promise<DemoFleet['story']> {
  const files = paths(dir);
  const sleeper = await buildImage(files.imageDir);
  onLine(`image ${imageRef}: a small Debian-like tree in ${files.imageDir}`);
  const key = makeKey('snowfence-demo');
  await writeFile(files.keyFile, key.private, { mode: 0o600 });

  const hosts: Listed[] = [];
  for (const name of names) {
    const root = join(dir, name);
    await copyTree(files.imageDir, root);
    await processes.sleep(join(root, workerPath), sleeper);
    const server = await serve(root, key.public, processes);
    servers.push(server);
    hosts.push({ name, port: server.port, hostKey: server.hostKey });
  }
  await writeFile(files.knownHosts, knownHosts(hosts), { mode: 0o600 });
  await writeFile(files.fleetFile, fleetFile({ ...files, imageRef, hosts }), { mode: 0o600 });
  onLine(`${names.length} servers launched from it, each with its own SSH server on 127.0.0.1`);

  const story: DemoFleet['story'] = [];
  for (const instance of names) {
    const drift = drifts.find((one) => one.instance === instance);
    story.push({ instance, done: drift ? await drift.apply(join(dir, instance), sleeper, processes) : [] });
  }
  return story;
}
