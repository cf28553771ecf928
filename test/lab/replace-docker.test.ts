import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DriverContext, Permit, Settings, Target } from '../../src/core/replacement.ts';
import { ReplaceError } from '../../src/core/replacement.ts';
import { docker } from '../../src/replace/docker/driver.ts';
import { describeDriver } from '../replace/contract.ts';
import { permitOf } from '../replace/make.ts';
import { busyboxImage } from './busybox.ts';
import { DOCKER_TOOLS, type LabDocker, startDocker } from './docker.ts';
import { type EngineProxy, startProxy } from './engine-proxy.ts';
import { describeLab } from './require.ts';

const SLEEP = 'CMD ["/bin/sh","-c","trap exit TERM; sleep 100000 & wait"]';

/** A daemon with two images of one program, and a proxy before it. */
async function ground(): Promise<{ daemon: LabDocker; proxy: EngineProxy; context: DriverContext }> {
  const daemon = await startDocker();
  const { tar } = await busyboxImage();
  await daemon.import(tar, 'app:1', SLEEP, 'ENV FROM=one OTHER=one', 'LABEL made=one', 'EXPOSE 80');
  await daemon.import(tar, 'app:2', SLEEP, 'ENV FROM=two', 'LABEL made=two', 'USER 1500');
  const proxy = await startProxy(daemon.host);
  const secret = () => Promise.reject(new Error('no secret is needed'));
  return { daemon, proxy, context: { signal: new AbortController().signal, env: { DOCKER_HOST: proxy.host }, secret } };
}

async function targetOf(daemon: LabDocker, name: string, rest: Partial<Target> = {}): Promise<Target> {
  const identity = await daemon.docker('inspect', '--format', '{{.Id}}', name);
  const image = { ref: 'app:1', digest: await daemon.docker('inspect', '--format', '{{.Image}}', name) };
  return { instance: name, uri: `docker://${name}`, name, group: 'web', labels: {}, identity, image, ...rest };
}

const running = async (daemon: LabDocker) =>
  (await daemon.docker('ps', '-q', '--no-trunc')).split('\n').filter(Boolean);

describeLab(
  'the driver of containers',
  () => {
    describeDriver('docker', docker, async () => {
      const { daemon, proxy, context } = await ground();
      let launched = 0;
      return {
        settings: { host: proxy.host, settleSeconds: 0.3, stopSeconds: 3 },
        context,
        async launch() {
          const name = `web-${++launched}`;
          await daemon.docker('run', '-d', '--name', name, 'app:1');
          return targetOf(daemon, name);
        },
        alive: () => running(daemon),
        machines: async () => (await daemon.docker('ps', '-aq', '--no-trunc')).split('\n').filter(Boolean),
        changes: async () => proxy.changes.length,
        vanish: async ({ identity }) => void (await daemon.docker('rm', '-f', identity)),
        throttle: async () => {
          proxy.busy = true;
        },
        refused: {
          target: { ...permitOf({ instance: 'x' }).target, uri: 'ssh://root@web-1' },
        },
        async close() {
          await proxy[Symbol.asyncDispose]();
          await daemon[Symbol.asyncDispose]();
        },
      };
    });

    describe('against a daemon', () => {
      let daemon: LabDocker;
      let proxy: EngineProxy;
      let context: DriverContext;
      beforeAll(async () => {
        ({ daemon, proxy, context } = await ground());
      });
      afterAll(async () => {
        await proxy?.[Symbol.asyncDispose]();
        await daemon?.[Symbol.asyncDispose]();
      });
      beforeEach(async () => {
        const all = (await daemon.docker('ps', '-aq')).split('\n').filter(Boolean);
        if (all.length > 0) await daemon.docker('rm', '-f', '-v', ...all);
        proxy.changes.length = 0;
      });

      async function replace(permit: Permit, more: Settings = {}) {
        const settings = { settleSeconds: 0.3, stopSeconds: 1, ...more };
        const session = await docker.open(settings, context);
        try {
          const token = await session.start(permit);
          const progress = await session.poll(token, permit);
          if (progress.state === 'done') await session.retire?.(permit, token);
          return progress;
        } finally {
          await session.close();
        }
      }
      const inspect = async (name: string) => JSON.parse(await daemon.docker('inspect', name))[0];
      const names = async () =>
        (await daemon.docker('ps', '-a', '--format', '{{.Names}} {{.State}}')).split('\n').filter(Boolean).sort();

      it('keeps all that it was started with', async () => {
        await daemon.docker('network', 'create', '--subnet', '10.77.0.0/24', 'back');
        await daemon.docker('network', 'create', 'front');
        await daemon.docker('run', '-d', '--name', 'db', 'app:1');
        await daemon.docker(
          ...['run', '-d', '--name', 'rich', '--network', 'back', '--ip', '10.77.0.9', '--network-alias', 'alias-1'],
          ...['--env', 'A=b c', '--env', 'FROM=me', '--label', 'own=1', '--user', '1500', '--hostname', 'host-1'],
          ...[
            '--cap-drop',
            'NET_RAW',
            '--cap-add',
            'SYS_TIME',
            '--restart',
            'unless-stopped',
            '-p',
            '127.0.0.1:8081:80',
          ],
          ...[
            '-v',
            'named:/data',
            '-v',
            '/usr:/host:ro',
            '--mount',
            'type=volume,src=other,dst=/other',
            '--tmpfs',
            '/scratch',
          ],
          ...[
            '--memory',
            '64m',
            '--ulimit',
            'nofile=100:200',
            '--log-opt',
            'max-size=1m',
            '--stop-timeout',
            '2',
            '--init',
          ],
          ...[
            '--workdir',
            '/tmp',
            '--add-host',
            'mirror.example.org:203.0.113.5',
            '--health-cmd',
            'true',
            '--health-interval',
            '1s',
          ],
          ...['app:1', 'sleep', '5000'],
        );
        await daemon.docker('network', 'connect', '--alias', 'alias-2', 'front', 'rich');
        await daemon.docker('exec', '-u', '0', 'rich', 'touch', '/usr/bin/drift', '/data/kept');
        await daemon.docker('run', '-d', '--name', 'linked', '--link', 'db:database', 'app:1');
        for (const name of ['rich', 'linked']) {
          const before = await inspect(name);
          const progress = await replace(permitOf(await targetOf(daemon, name)));
          const after = await inspect(name);
          expect(progress).toEqual({
            state: 'done',
            detail: expect.stringContaining(after.Id.slice(0, 12)),
            successor: { uri: `docker://${name}`, id: after.Id },
          });
          expect(after.Id).not.toBe(before.Id);
          expect(after.HostConfig).toEqual(before.HostConfig);
          const { 'snowfence.key': key, ...labels } = after.Config.Labels;
          expect(key).toMatch(/^sf-[0-9a-f]{32}$/);
          const own = name === 'linked' ? { Hostname: after.Id.slice(0, 12) } : {};
          expect({ ...after.Config, Labels: labels }).toEqual({ ...before.Config, Env: expect.anything(), ...own });
          expect([...after.Config.Env].sort()).toEqual([...before.Config.Env].sort());
          expect(mounts(after)).toEqual(mounts(before));
          expect(networks(after)).toEqual(networks(before));
          expect(after.NetworkSettings.Ports).toEqual(before.NetworkSettings.Ports);
        }
        expect(await daemon.docker('diff', 'rich')).not.toContain('drift');
        expect(await daemon.docker('exec', 'rich', 'ls', '/data')).toBe('kept');
        expect(await daemon.docker('exec', 'linked', 'grep', '-c', 'database', '/etc/hosts')).toBe('1');
        expect(await names()).toEqual(['db running', 'linked running', 'rich running']);
      });

      it('launches from another image where one is named, with the defaults of that one', async () => {
        await daemon.docker('run', '-d', '--name', 'web', '--env', 'OWN=1', '--label', 'own=1', 'app:1');
        const progress = await replace(permitOf(await targetOf(daemon, 'web', { image: { ref: 'app:2' } })));
        expect(progress.state).toBe('done');
        const { Config } = await inspect('web');
        expect(Config).toMatchObject({ Image: 'app:2', User: '1500', Labels: { made: 'two', own: '1' } });
        expect([...Config.Env].sort()).toEqual(['FROM=two', 'OWN=1']);
        expect(Object.keys(Config.ExposedPorts ?? {})).toEqual([]);
      });

      it('launches from the very image that the old one is of, when its name was given to another', async () => {
        await daemon.docker('tag', 'app:1', 'moving:1');
        await daemon.docker('run', '-d', '--name', 'web', 'moving:1');
        const target = await targetOf(daemon, 'web', { uri: 'docker://web' });
        await daemon.docker('tag', 'app:2', 'moving:1');
        expect(
          (await replace(permitOf({ ...target, image: { ref: 'moving:1', digest: target.image.digest as string } })))
            .state,
        ).toBe('done');
        expect((await inspect('web')).Image).toBe(target.image.digest);
      });

      it.each([
        ['does not start', ['CMD ["/no/such/program"]'], /no such file.*the old one was put back/],
        [
          'ends at once',
          ['CMD ["/bin/false"]'],
          /ended( \(exit code 1\)|, and was started again.*); the old one was put back/,
        ],
        [
          'is unhealthy',
          [SLEEP, 'HEALTHCHECK --interval=0.2s --retries=1 CMD false'],
          /unhealthy; the old one was put back/,
        ],
      ])('puts the old one back when the new one %s', async (_, changes, says) => {
        const { tar } = await busyboxImage();
        await daemon.import(tar, 'bad:1', ...changes);
        await daemon.docker('run', '-d', '--name', 'web', '-p', '127.0.0.1:8082:80', '--restart', 'always', 'app:1');
        const target = await targetOf(daemon, 'web');
        const progress = await replace(permitOf({ ...target, image: { ref: 'bad:1' } }), { settleSeconds: 1 });
        expect(progress).toEqual({ state: 'failed', detail: expect.stringMatching(says) });
        expect(await names()).toEqual(['web running']);
        expect((await inspect('web')).Id).toBe(target.identity);
      });

      it('touches nothing when the new one cannot be created', async () => {
        await daemon.docker('run', '-d', '--name', 'web', 'app:1');
        const target = await targetOf(daemon, 'web', { image: { ref: 'no-such:1' } });
        const progress = await replace(permitOf(target));
        expect(progress).toEqual({
          state: 'failed',
          detail: expect.stringMatching(/no image no-such:1.*nothing was touched/),
        });
        expect(proxy.changes).toEqual([]);
        expect((await inspect('web')).Id).toBe(target.identity);
      });

      const cuts = ['/containers/create', '/rename', '/stop', '/start', '/update', 'DELETE'].flatMap((call) =>
        (['before', 'after'] as const).map((when) => [when, call] as const),
      );
      it.each(cuts)('cut off %s %s, goes on, and makes one new container', async (when, call) => {
        await daemon.docker('network', 'create', 'n1').catch(() => {});
        await daemon.docker('run', '-d', '--name', 'web', '--stop-timeout', '1', 'app:1');
        await daemon.docker('network', 'connect', 'n1', 'web');
        const target = await targetOf(daemon, 'web');
        const permit = permitOf(target);
        proxy.cut = { at: new RegExp(call), when };
        const session = await docker.open({ settleSeconds: 0.2, stopSeconds: 1 }, context);
        await expect(session.start(permit).then((token) => session.retire?.(permit, token))).rejects.toMatchObject({
          name: 'ReplaceError',
          transient: true,
        });
        await session.close();
        expect(proxy.cut).toBeUndefined();
        expect((await replace(permit)).state).toBe('done');
        expect(await names()).toEqual(['web running']);
        const made = await inspect('web');
        expect(made.Id).not.toBe(target.identity);
        expect(Object.keys(made.NetworkSettings.Networks).sort()).toEqual(['bridge', 'n1']);
      });

      it('keeps the old one where it is told to, and that one never starts again by itself', async () => {
        await daemon.docker('run', '-d', '--name', 'web', '--restart', 'always', 'app:1');
        const permit = permitOf(await targetOf(daemon, 'web'));
        expect((await replace(permit, { keep: true })).state).toBe('done');
        expect((await replace(permit, { keep: true })).state).toBe('done');
        expect(await names()).toEqual(['web running', `web-${permit.key} exited`]);
        expect((await inspect(`web-${permit.key}`)).HostConfig.RestartPolicy.Name).toBe('no');
        expect((await inspect('web')).HostConfig.RestartPolicy.Name).toBe('always');
      });

      it('refuses what would lose something, before anything is touched', async () => {
        const refused = async (says: RegExp, more: Settings = {}, flags: string[] = []) => {
          await daemon.docker('run', '-d', '--name', 'web', ...flags, 'app:1');
          const permit = permitOf(await targetOf(daemon, 'web'));
          await expect(replace(permit, more)).rejects.toThrow(says);
          await expect(replace(permit, more)).rejects.toBeInstanceOf(ReplaceError);
          expect(proxy.changes).toEqual([]);
          await daemon.docker('rm', '-f', '-v', 'web');
        };
        await refused(/volumes without a name \(\/data\)/, {}, ['-v', '/data']);
        await refused(/--rm/, {}, ['--rm']);
        await refused(/is a task of a swarm/, {}, ['--label', 'com.docker.swarm.task.id=x']);
        await refused(/is a container of a pod/, {}, ['--label', 'io.kubernetes.pod.name=x']);
        await daemon.docker('run', '-d', '--name', 'web', 'app:1');
        await daemon.docker('run', '-d', '--name', 'side', '--network', 'container:web', 'app:1');
        await expect(replace(permitOf(await targetOf(daemon, 'web')))).rejects.toThrow(
          /side lives in the network of web/,
        );
        // The one beside it can be replaced: it finds the network of the other again.
        expect((await replace(permitOf(await targetOf(daemon, 'side')))).state).toBe('done');
      });

      it('discards volumes without a name where it may', async () => {
        await daemon.docker('run', '-d', '--name', 'web', '-v', '/data', 'app:1');
        expect((await replace(permitOf(await targetOf(daemon, 'web')), { anonymousVolumes: 'discard' })).state).toBe(
          'done',
        );
        expect(
          (await daemon.docker('volume', 'ls', '-q', '--filter', 'dangling=true'))
            .split('\n')
            .filter((id) => id.length === 64),
        ).toEqual([]);
        expect((await inspect('web')).Mounts).toHaveLength(1);
      });

      it('leaves another container alone that has the name by now', async () => {
        await daemon.docker('run', '-d', '--name', 'web', 'app:1');
        const target = await targetOf(daemon, 'web');
        await daemon.docker('rm', '-f', 'web');
        await daemon.docker('run', '-d', '--name', 'web', 'app:1');
        proxy.changes.length = 0;
        await expect(replace(permitOf(target))).rejects.toThrow(/another one than was scanned/);
        expect(proxy.changes).toEqual([]);
      });

      it('says which daemon does not answer', async () => {
        const target = permitOf({ instance: 'x', uri: 'docker://x?host=unix:///nowhere.sock' });
        await expect(replace(target)).rejects.toMatchObject({
          message: expect.stringContaining('unix:///nowhere.sock'),
        });
      });
    });
  },
  DOCKER_TOOLS,
);

const mounts = (of: { Mounts: { Destination: string; Source: string; RW: boolean }[] }) =>
  of.Mounts.map(({ Destination, Source, RW }) => [Destination, Source, RW]).sort();

const networks = (of: { Id: string; NetworkSettings: { Networks: Record<string, Record<string, unknown>> } }) =>
  Object.entries(of.NetworkSettings.Networks).map(([name, { IPAMConfig, Aliases }]) => [
    ...[name, IPAMConfig ?? {}, ((Aliases ?? []) as string[]).filter((alias) => !of.Id.startsWith(alias)).sort()],
  ]);
