import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import type { InstanceReport, Report } from '../../src/core/report.ts';
import { busyboxImage } from './busybox.ts';
import { DOCKER_TOOLS, type LabDocker, startDocker } from './docker.ts';
import { type CommandResult, run } from './exec.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, seen, sorted } from './scanning.ts';

const SLEEP = 'CMD ["/usr/bin/sleep","infinity"]';

/** A scan of containers with a store of its own. */
async function scan(daemon: LabDocker, store: string, names: string[], more: string[] = []) {
  const result = await snowfence(daemon, [
    ...['scan', ...names.map((name) => `docker://${name}`), '--store', store, '--format', 'json', ...more],
  ]);
  if (!result.stdout.startsWith('{')) throw new Error(`no report (exit ${result.code}): ${result.stderr}`);
  const report = JSON.parse(result.stdout) as Report;
  const of = (name: string): InstanceReport => {
    const found = report.instances.find((one) => one.uri === `docker://${name}`);
    if (!found) throw new Error(`the report does not mention ${name}`);
    return found;
  };
  const live = (name: string) =>
    sorted(of(name).findings.filter(isLive).map(seen)).map((one) => `${one.kind} ${one.change} ${one.subject}`);
  return { code: result.code, report, of, live };
}

function snowfence(daemon: LabDocker, args: string[]): Promise<CommandResult> {
  return run(process.execPath, [SNOWFENCE, ...args], { env: daemon.env });
}

/** Everything in a container but what the kernel makes, as its daemon sees it: a line a file. */
async function stateOf(daemon: LabDocker, name: string): Promise<string> {
  return `${await daemon.docker('diff', name)}\n${await daemon.docker('exec', name, 'find', '/tmp', '/run', '/dev/shm', '-printf', '%i %m %p\\n')}`;
}

/** An image with nothing but one static program and data: no shell. */
async function distroless(): Promise<Uint8Array> {
  const lay =
    'd=$(mktemp -d) && cd "$d" && mkdir app && cp /bin/busybox busybox && echo data >app/data && tar -c busybox app; rm -rf "$d"';
  const { bytes } = await run('sh', ['-ec', lay]);
  return bytes;
}

describeLab(
  'containers of a Docker daemon',
  () => {
    let daemon: LabDocker;
    let desk: Desk;
    let store: string;
    beforeAll(async () => {
      const [image, busybox] = [await labImage(), await busyboxImage()];
      desk = await Desk.open();
      store = join(desk.dir, 'store.db');
      daemon = await startDocker();
      await daemon.import(image.tar, 'lab-debian:1', SLEEP);
      await daemon.import(busybox.tar, 'lab-busybox:1', 'CMD ["/bin/sleep","100000"]');
      await daemon.import(await distroless(), 'lab-scratch:1', 'CMD ["/busybox","sleep","100000"]');
    });
    afterAll(async () => {
      await daemon?.[Symbol.asyncDispose]();
      await desk?.[Symbol.asyncDispose]();
    });
    const start = async (name: string, image: string, ...flags: string[]) => {
      await daemon.docker('run', '-d', '--name', name, ...flags, image);
      return name;
    };

    it('have no findings when nobody touched them, however they were started', async () => {
      const names = [
        await start('plain', 'lab-debian:1'),
        await start('init', 'lab-debian:1', '--init'),
        await start(
          'user',
          'lab-debian:1',
          '--user',
          '1500',
          '--hostname',
          'web-1.example.org',
          '--add-host',
          'mirror.example.org:203.0.113.5',
          '--add-host',
          'host.docker.internal:host-gateway',
        ),
        await start('read-only', 'lab-debian:1', '--read-only', '--tmpfs', '/scratch/deep', '--tmpfs', '/run'),
        await start('volumes', 'lab-debian:1', '-v', 'data:/data/in/it', '-v', `${desk.dir}:/srv/here:ro`),
        await start('no-network', 'lab-debian:1', '--network', 'none'),
        await start('no-rights', 'lab-debian:1', '--cap-drop', 'ALL'),
        await start('scratch', 'lab-scratch:1'),
        await start('scratch-odd', 'lab-scratch:1', '--init', '-v', 'more:/app/sub/deep', '--tmpfs', '/x'),
      ];
      await daemon.docker('exec', 'volumes', 'sh', '-c', 'cp /usr/bin/id /data/in/it/program');
      const before = await stateOf(daemon, 'plain');
      const { code, report, of, live } = await scan(daemon, store, names);
      expect(names.map((name) => [name, of(name).verdict, live(name), of(name).gaps])).toEqual(
        names.map((name) => [name, 'clean', [], []]),
      );
      expect(code).toBe(0);
      for (const name of names) expect(of(name).coverage.processes, name).toBeGreaterThan(0);
      expect(report.fleet.map(({ image }) => image).sort()).toEqual(['lab-debian:1', 'lab-scratch:1']);
      // Nothing was written into it, and what was started in it has ended.
      expect(await stateOf(daemon, 'plain')).toBe(before);
      expect(await daemon.docker('exec', 'plain', 'ls', '-d', '/proc/1')).toBe('/proc/1');
    });

    it('keep the manifest of their image in the store, under its names and digest', async () => {
      const id = await daemon.docker('image', 'inspect', '--format', '{{.Id}}', 'lab-debian:1');
      const listed = JSON.parse((await snowfence(daemon, ['manifest', 'list', '--json', '--store', store])).stdout);
      expect(listed.map(({ ref }: { ref: string }) => ref).sort()).toEqual(['lab-debian:1', 'lab-scratch:1']);
      const shown = await snowfence(daemon, ['manifest', 'show', id, '--json', '--store', store]);
      expect(JSON.parse(shown.stdout).image).toEqual({ ref: 'lab-debian:1', digest: id });
      const file = join(desk.dir, 'own.manifest');
      const made = await snowfence(daemon, [
        'manifest',
        'create',
        'docker-image:lab-debian:1',
        '--image',
        'x',
        '-o',
        file,
      ]);
      expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('packages')]);
      const diff = await snowfence(daemon, ['manifest', 'diff', id, file, '--store', store]);
      expect([diff.code, diff.stdout]).toEqual([0, '']);
      const none = await snowfence(daemon, ['manifest', 'create', 'docker-image:no-such', '--image', 'x', '-o', file]);
      expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('No such image')]);
    });

    it('show what was done to them, and only that', async () => {
      await start('drifted', 'lab-debian:1');
      await daemon.docker('exec', 'drifted', 'sh', '-ec', DRIFT);
      await start('drifted-busybox', 'lab-busybox:1');
      await daemon.docker(
        'exec',
        'drifted-busybox',
        'sh',
        '-ec',
        'echo evil >/bin/evil; echo 203.0.113.9 mirror >>/etc/hosts',
      );
      await start('drifted-scratch', 'lab-scratch:1');
      await daemon.docker('exec', 'drifted-scratch', '/busybox', 'cp', '/busybox', '/busybox2');
      await daemon.docker('exec', '-d', 'drifted-scratch', '/busybox2', 'sleep', '100000');
      await daemon.docker('exec', 'drifted-scratch', '/busybox', 'rm', '/app/data');
      await daemon.docker('exec', 'drifted-scratch', '/busybox', 'touch', '/app/.wh.hidden');
      const { code, live, of } = await scan(daemon, store, ['drifted', 'drifted-busybox', 'drifted-scratch']);
      expect(code).toBe(1);
      expect(live('drifted')).toEqual([
        ...[
          'file added /opt/foreign',
          'file changed /usr/bin/ldd',
          'package added snow-extra',
          'process violates /opt/foreign',
        ],
      ]);
      expect(live('drifted-busybox')).toEqual(['file added /bin/evil', 'setting added host names of 203.0.113.9']);
      expect(live('drifted-scratch')).toEqual([
        ...[
          'file added /app/.wh.hidden',
          'file removed /app/data',
          'file added /busybox2',
          'process violates /busybox2',
        ],
      ]);
      expect(of('drifted').verdict).toBe('snowflake');
    });

    it('find the manifest of another image under the same tag to be none of theirs', async () => {
      await start('old-tag', 'lab-scratch:1');
      await daemon.docker('tag', 'lab-busybox:1', 'lab-scratch:1');
      const { of } = await scan(daemon, store, ['old-tag']);
      expect([of('old-tag').verdict, of('old-tag').image.digest]).toEqual([
        'clean',
        await daemon.docker('inspect', '--format', '{{.Image}}', 'old-tag'),
      ]);
    });

    it('that cannot be read say why', async () => {
      await start('paused', 'lab-debian:1');
      await daemon.docker('pause', 'paused');
      await start('stopped', 'lab-debian:1');
      await daemon.docker('kill', 'stopped');
      await start('no-shell-works', 'lab-busybox:1');
      await daemon.docker('exec', 'no-shell-works', '/bin/busybox', 'ln', '-sf', '/nowhere', '/bin/sh');
      const names = ['paused', 'stopped', 'nobody', 'no-shell-works'];
      const { code, of } = await scan(daemon, store, names);
      expect(code).toBe(3);
      expect(names.map((name) => [of(name).verdict, of(name).gaps[0]?.detail ?? ''])).toEqual([
        ['unreachable', expect.stringContaining('is paused')],
        ['unreachable', expect.stringContaining('does not run (exited)')],
        ['unreachable', expect.stringContaining('No such container')],
        ['unreachable', expect.stringMatching(/did not run the program|no such file/)],
      ]);
      await daemon.docker('unpause', 'paused');
      const dead = await snowfence(daemon, ['scan', 'docker://x?host=unix:///nowhere.sock', '--no-store']);
      expect([dead.code, dead.stdout]).toEqual([3, expect.stringContaining('no Docker daemon listens')]);
    });

    it('are left as they were by a scan that runs out of time', async () => {
      await start('slow', 'lab-debian:1');
      await daemon.docker('exec', 'slow', 'truncate', '--size', '64G', '/opt/big');
      const { code, of, live } = await scan(daemon, store, ['slow'], ['--timeout', '4', '--max-file-size', '0']);
      expect([code, of('slow').verdict, live('slow')]).toEqual([3, 'incomplete', []]);
      expect([...new Set(of('slow').gaps.map(({ reason }) => reason))]).toEqual(['timeout']);
      // Politely first, so that the program's own scratch is removed, then for good.
      await expect.poll(() => daemon.docker('exec', 'slow', 'ls', '-A', '/dev/shm'), { timeout: 10_000 }).toBe('');
      const processes = await daemon.docker('top', 'slow', '-eo', 'pid,args');
      expect(processes).toMatch(/sleep infinity/);
      expect(processes).not.toMatch(/openssl|sha256sum|\/bin\/sh -s/);
    });
  },
  DOCKER_TOOLS,
);

/** A tampered program, a package that was installed, a program from elsewhere that runs. */
const DRIFT = `echo '# evil' >>/usr/bin/ldd
mkdir -p /tmp/p/DEBIAN /tmp/p/usr/share/snow-extra
printf 'Package: snow-extra\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: x\\n' >/tmp/p/DEBIAN/control
echo data >/tmp/p/usr/share/snow-extra/data
dpkg-deb --build /tmp/p /tmp/p.deb >/dev/null && dpkg -i /tmp/p.deb >/dev/null 2>&1
rm -rf /tmp/p /tmp/p.deb
cp /usr/bin/sleep /opt/foreign
/opt/foreign 100000 >/dev/null 2>&1 </dev/null &
`;
