import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  DriverContext,
  JournalRow,
  Permit,
  Progress,
  ReplacePlan,
  Settings,
  Target,
} from '../../src/core/replacement.ts';
import type { Report } from '../../src/core/report.ts';
import { swarm } from '../../src/replace/swarm/driver.ts';
import { describeDriver, type Provider } from '../replace/contract.ts';
import { permitOf } from '../replace/make.ts';
import { busyboxImage } from './busybox.ts';
import { DOCKER_TOOLS, type LabDocker, startDocker } from './docker.ts';
import { type EngineProxy, startProxy } from './engine-proxy.ts';
import { run } from './exec.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE } from './scanning.ts';

const SLEEP = 'CMD ["/bin/sh","-c","trap exit TERM; sleep 100000 & wait"]';

interface Ground extends AsyncDisposable {
  daemon: LabDocker;
  proxy: EngineProxy;
  context: DriverContext;
}

/** A swarm of one node, with a proxy before it. */
async function ground(): Promise<Ground> {
  const daemon = await startDocker();
  const { tar } = await busyboxImage();
  await daemon.import(tar, 'app:1', SLEEP);
  await daemon.import(tar, 'app:2', SLEEP, 'LABEL made=two');
  await daemon.import(tar, 'bad:1', 'CMD ["/bin/false"]');
  await daemon.docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
  const proxy = await startProxy(daemon.host);
  const secret = () => Promise.reject(new Error('no secret is needed'));
  return {
    ...{ daemon, proxy },
    context: { signal: new AbortController().signal, env: { DOCKER_HOST: proxy.host }, secret },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      const services = (await daemon.docker('service', 'ls', '-q')).split('\n').filter(Boolean);
      if (services.length > 0) await daemon.docker('service', 'rm', ...services);
      await daemon[Symbol.asyncDispose]();
    },
  };
}

const lines = (text: string) => text.split('\n').filter(Boolean);
const running = async (daemon: LabDocker, service?: string) =>
  lines(
    await daemon.docker(
      ...['ps', '-q', '--no-trunc', '--filter', `label=com.docker.swarm.service.name${service ? `=${service}` : ''}`],
    ),
  );

/** Creates a service and waits until all its containers run. */
async function serve(
  daemon: LabDocker,
  name: string,
  replicas: number,
  { flags = [], image = 'app:1' }: { flags?: string[]; image?: string } = {},
): Promise<string[]> {
  const create = ['service', 'create', '--detach', '--no-resolve-image', '--name', name, '--restart-delay', '100ms'];
  await daemon.docker(...create, ...['--replicas', String(replicas), '--update-monitor', '500ms', ...flags, image]);
  await expect.poll(() => running(daemon, name), { timeout: 20_000 }).toHaveLength(replicas);
  await settledTasks(daemon, name, replicas);
  return await running(daemon, name);
}

/** The managers hear of a container a moment after it runs. */
async function settledTasks(daemon: LabDocker, name: string, replicas: number): Promise<void> {
  const states = ['service', 'ps', name, '--filter', 'desired-state=running', '--format', '{{.CurrentState}}'];
  await expect
    .poll(async () => lines(await daemon.docker(...states)).filter((state) => state.startsWith('Running')), {
      timeout: 20_000,
    })
    .toHaveLength(replicas);
}

function targetOf(container: string, rest: Partial<Target> = {}): Target {
  const target = { instance: container, uri: `docker://${container}`, name: container.slice(0, 12), group: 'web' };
  return { ...target, labels: {}, identity: container, image: { ref: 'app:1' }, ...rest };
}

/** Most instances of a journal that were between their first and last line at the same time. */
function mostUnderWay(rows: JournalRow[]): number {
  const last = new Map(rows.map((row) => [row.instance, row.row]));
  const open = new Set<string>();
  return Math.max(
    ...rows.map(({ instance, row }) => {
      open.add(instance);
      const count = open.size;
      if (last.get(instance) === row) open.delete(instance);
      return count;
    }),
  );
}

async function provider(settings: Settings, replicas: number): Promise<Provider> {
  const made = await ground();
  const { daemon, proxy, context } = made;
  let launched = 0;
  return {
    settings: { host: proxy.host, settleSeconds: 0.2, ...settings },
    context,
    async launch() {
      const [first = ''] = await serve(daemon, `web-${++launched}`, replicas);
      return targetOf(first);
    },
    alive: () => running(daemon),
    changes: async () => proxy.changes.length,
    async vanish({ identity }) {
      await daemon.docker('rm', '-f', identity);
    },
    throttle: async () => {
      proxy.busy = true;
    },
    refused: { target: { ...targetOf('x'), uri: 'ssh://root@node-1' } },
    async close() {
      await made[Symbol.asyncDispose]();
    },
  };
}

describeLab(
  'the driver of swarms',
  () => {
    describeDriver('swarm, one task', swarm, () => provider({}, 3));
    describeDriver('swarm, a whole service', swarm, () => provider({ mode: 'service' }, 1));

    describe('against a swarm', () => {
      let the: Ground;
      let desk: Desk;
      beforeAll(async () => {
        desk = await Desk.open();
        the = await ground();
      });
      afterAll(async () => {
        await the?.[Symbol.asyncDispose]();
        await desk?.[Symbol.asyncDispose]();
      });

      async function begin(permit: Permit, more: Settings = {}) {
        const session = await swarm.open({ settleSeconds: 0.2, ...more }, the.context);
        try {
          return await session.start(permit);
        } finally {
          await session.close();
        }
      }
      async function follow(token: string, permit: Permit, more: Settings = {}, tries = 300): Promise<Progress> {
        const session = await swarm.open({ settleSeconds: 0.2, ...more }, the.context);
        try {
          for (let tried = 1; ; tried++) {
            const progress = await session.poll(token, permit);
            if (progress.state !== 'running' || tried === tries) return progress;
            await delay(100);
          }
        } finally {
          await session.close();
        }
      }

      it('updates a service once, however many of its tasks are to be replaced', async () => {
        const old = await serve(the.daemon, 'whole', 3, { flags: ['--update-parallelism', '3'] });
        the.proxy.changes.length = 0;
        const mode = { mode: 'service' };
        const permits = old.map((id) => permitOf(targetOf(id)));
        const tokens: string[] = [];
        for (const permit of permits) tokens.push(await begin(permit, mode));
        const ends = await Promise.all(tokens.map((token, i) => follow(token, permits[i] as Permit, mode)));
        expect(ends.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
        const fresh = await running(the.daemon, 'whole');
        expect(ends.map((end) => end.state === 'done' && end.successor.id).sort()).toEqual([...fresh].sort());
        expect(fresh.filter((id) => old.includes(id))).toEqual([]);
        for (const permit of permits)
          expect((await follow(await begin(permit, mode), permit, mode)).state).toBe('done');
        expect(the.proxy.changes).toHaveLength(1);
        expect(await running(the.daemon, 'whole')).toEqual(fresh);
      });

      it('updates a service to another image, and one without a container by its name', async () => {
        const [old = ''] = await serve(the.daemon, 'other', 1);
        const permit = permitOf(targetOf(old, { image: { ref: 'app:2' } }));
        await expect(begin(permit)).rejects.toThrow(/one task of other cannot be of another image/);
        expect(await running(the.daemon, 'other')).toEqual([old]);
        const mode = { mode: 'service' };
        const end = await follow(await begin(permit, mode), permit, mode);
        expect(end.state).toBe('done');
        const [fresh = ''] = await running(the.daemon, 'other');
        expect(await the.daemon.docker('inspect', '--format', '{{.Config.Image}}', fresh)).toBe('app:2');
        const named = permitOf(
          targetOf('x', { uri: 'ssh://root@n', labels: { 'swarm.service': 'other' }, image: { ref: 'app:2' } }),
        );
        const last = await follow(await begin(named, mode), named, mode);
        expect(last).toMatchObject({ state: 'done', successor: { uri: 'ssh://root@n' } });
        expect(await running(the.daemon, 'other')).not.toContain(fresh);
      });

      it.each([
        ['pause', /paused/],
        ['rollback', /went back/],
      ])('says that an update has failed whose failure action is %s', async (action, says) => {
        const name = `bad-${action}`;
        const [old = ''] = await serve(the.daemon, name, 1, { flags: ['--update-failure-action', action] });
        const permit = permitOf(targetOf(old, { image: { ref: 'bad:1' } }));
        const mode = { mode: 'service' };
        const end = await follow(await begin(permit, mode), permit, mode);
        expect(end).toEqual({ state: 'failed', detail: expect.stringMatching(says) });
      });

      it('is never done with a task that does not stay', async () => {
        const [old = ''] = await serve(the.daemon, 'flap', 1);
        const permit = permitOf(targetOf(old));
        // What the swarm starts by the same name is another image by now.
        await the.daemon.docker('tag', 'app:1', 'kept:1');
        await the.daemon.docker('tag', 'bad:1', 'app:1');
        try {
          const more = { settleSeconds: 1 };
          const end = await follow(await begin(permit, more), permit, more, 40);
          expect(end).toEqual({ state: 'running', detail: expect.stringMatching(/the last one failed: .*exit \(1\)/) });
        } finally {
          await the.daemon.docker('tag', 'kept:1', 'app:1');
          await the.daemon.docker('service', 'rm', 'flap');
        }
      });

      it('refuses what nobody would start again, and who is no task', async () => {
        const [old = ''] = await serve(the.daemon, 'once', 1, { flags: ['--restart-condition', 'none'] });
        await expect(begin(permitOf(targetOf(old)))).rejects.toThrow(/restart condition "none"/);
        expect(await running(the.daemon, 'once')).toEqual([old]);
        const plain = await the.daemon.docker('run', '-d', 'app:1');
        await expect(begin(permitOf(targetOf(plain)))).rejects.toThrow(/knows no task of the container/);
        await the.daemon.docker('rm', '-f', plain);
      });

      it('of ten replaces the three that drifted and hold no data, two at a time: scan, plan, apply, clean', async () => {
        const { tar } = await labImage();
        await the.daemon.import(tar, 'lab-debian:1', 'CMD ["/usr/bin/sleep","infinity"]');
        const old = (await serve(the.daemon, 'fleet', 10, { image: 'lab-debian:1' })).sort();
        const drifted = [1, 4, 8].map((i) => old[i] as string);
        const stateful = old[6] as string;
        for (const one of [...drifted, stateful]) await the.daemon.docker('exec', one, 'touch', '/usr/bin/x');
        const inventory = async (ids: string[]) => {
          const hosts = ids.map((id, i) => ({
            ...{ address: `docker://${id}`, name: `fleet-${i}` },
            ...(id === stateful ? { labels: { stateful: 'true' } } : {}),
          }));
          const guard = {
            ...{ allowGroups: ['web'], minAgeMinutes: 0, cooldownMinutes: 0 },
            ...{ parallel: 2, total: { maxCount: 3, maxPercent: 30, parallel: 2 } },
          };
          const replace = {
            driver: 'swarm',
            drivers: { swarm: { settleSeconds: 1 } },
            guard,
            verify: { everySeconds: 0.2 },
          };
          return desk.file('fleet.yaml', JSON.stringify({ groups: { web: { hosts } }, replace }));
        };
        const snowfence = (...args: string[]) =>
          run(process.execPath, [SNOWFENCE, ...args, '--store', join(desk.dir, 'store.db')], { env: the.daemon.env });
        const scan = async (file: string) => {
          const { stdout, stderr } = await snowfence(
            'scan',
            '--inventory',
            file,
            '--depth',
            'full',
            '--format',
            'json',
          );
          if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
          return JSON.parse(stdout) as Report;
        };
        const file = await inventory(old);
        expect((await scan(file)).summary.instances).toMatchObject({ clean: 6, snowflake: 4 });
        const path = join(desk.dir, 'plan.json');
        const told = await snowfence('replace', 'plan', '--inventory', file, '-o', path);
        expect([told.code, told.stderr]).toEqual([0, '']);
        const plan = JSON.parse(readFileSync(path, 'utf8')) as ReplacePlan;
        expect(plan.items.map(({ identity }) => identity)).toEqual(drifted);
        expect(plan.left).toEqual([
          { instance: expect.stringContaining('6'), why: expect.stringContaining('stateful') },
        ]);
        the.proxy.changes.length = 0;
        const applied = await snowfence(
          'replace',
          'apply',
          '--inventory',
          file,
          '--plan',
          path,
          '--approve',
          plan.digest,
        );
        expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('3 of 3 replaced and verified')]);
        const fresh = await running(the.daemon, 'fleet');
        expect(fresh).toHaveLength(10);
        expect(fresh.filter((id) => old.includes(id)).sort()).toEqual(old.filter((id) => !drifted.includes(id)));
        expect((await scan(await inventory(fresh))).summary.instances).toMatchObject({ clean: 9, snowflake: 1 });
        const { rows } = JSON.parse((await snowfence('replace', 'status', 'last', '--json')).stdout) as {
          rows: JournalRow[];
        };
        expect(mostUnderWay(rows)).toBe(2);
      });
    });
  },
  DOCKER_TOOLS,
);
