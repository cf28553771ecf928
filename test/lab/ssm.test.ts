import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import type { Report } from '../../src/core/report.ts';
import { BUSYBOX_TOOLS, busyboxImage } from './busybox.ts';
import { run } from './exec.ts';
import { startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import type { LabInstance } from './instance.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE } from './scanning.ts';
import { type SsmEndpoint, startSsmEndpoint } from './ssm-endpoint.ts';
import { labNode } from './ssm-nodes.ts';

const ids = ['i-00000000000000001', 'i-00000000000000002', 'i-00000000000000003', 'i-00000000000000004'] as const;

/** A scan of managed nodes as a user starts it, with credentials for the endpoint and for nothing else. */
async function scan(service: SsmEndpoint, nodes: readonly string[], more: readonly string[]) {
  const home = await mkdtemp(join(tmpdir(), 'snowfence-home-'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, ...service.env };
  const uris = nodes.map((node) => `ssm://${node}?region=eu-west-1`);
  const args = ['scan', ...uris, '--format', 'json', '--no-store', ...more];
  const result = await run(process.execPath, [SNOWFENCE, ...args], { env });
  await rm(home, { recursive: true });
  if (!result.stdout.startsWith('{')) throw new Error(`no report (exit ${result.code}): ${result.stderr}`);
  const report = JSON.parse(result.stdout) as Report;
  return {
    code: result.code,
    of: (node: string) => {
      const found = report.instances.find(({ uri }) => uri.includes(node));
      if (!found) throw new Error(`the report does not mention ${node}`);
      const live = found.findings.filter(isLive).map((one) => `${one.kind} ${one.change} ${one.subject}`);
      return { verdict: found.verdict, gaps: found.gaps, live: live.sort() };
    },
  };
}

/** Everything a command could have left behind. */
async function traces(one: LabInstance): Promise<string> {
  return (await one.run('ls -A /dev/shm /tmp /run; ls -d /var/tmp/* 2>/dev/null; echo; cat /proc/mounts')).stdout;
}

describeLab('instances behind Systems Manager', () => {
  it('are clean, drifted or off, as they are by ssh, and are left as they were', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    await using fleet = await startFleet(image, 4);
    const [clean, drifted, off, unheld] = fleet.instances as [LabInstance, LabInstance, LabInstance, LabInstance];
    await drifted.run(
      'echo "# evil" >>/usr/bin/ldd; cp /usr/bin/sleep /opt/foreign; /opt/foreign 100000 >/dev/null 2>&1 & sleep 0.2',
    );
    // What is below it is a tmpfs too, of 64 KiB.
    await unheld.run('umount /dev/shm');
    await using service = await startSsmEndpoint({
      nodes: {
        [ids[0]]: labNode(clean),
        [ids[1]]: labNode(drifted),
        [ids[2]]: labNode(off, { ping: 'ConnectionLost' }),
        [ids[3]]: labNode(unheld),
      },
      throttleEvery: 11,
    });
    const before = await traces(clean);
    const result = await scan(service, ids, ['--manifest', manifest]);
    expect(result.of(ids[0])).toEqual({ verdict: 'clean', gaps: [], live: [] });
    expect(result.of(ids[1])).toMatchObject({
      verdict: 'snowflake',
      gaps: [],
      live: ['file added /opt/foreign', 'file changed /usr/bin/ldd', 'process violates /opt/foreign'],
    });
    expect(result.of(ids[2])).toMatchObject({ verdict: 'unreachable', live: [], gaps: [{ reason: 'unreachable' }] });
    expect(result.of(ids[3])).toMatchObject({
      verdict: 'unreachable',
      live: [],
      gaps: [{ reason: 'limit', detail: expect.stringContaining('/dev/shm is full') }],
    });
    expect(result.code).toBe(1);
    // The removal is sent, not waited for.
    await expect.poll(() => traces(clean), { timeout: 10_000 }).toBe(before);
    const first = service.calls.find(({ target }) => target === 'SendCommand');
    expect(first?.body['InstanceIds']).toEqual([ids[0], ids[1], ids[3]]);
  });

  it('that are told to stop do stop', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    await using fleet = await startFleet(image, 1);
    const [slow] = fleet.instances as [LabInstance];
    await slow.run('truncate --size 64G /opt/big');
    await using service = await startSsmEndpoint({ nodes: { [ids[0]]: labNode(slow) } });
    const result = await scan(service, [ids[0]], ['--manifest', manifest, '--timeout', '5', '--max-file-size', '0']);
    expect(result.of(ids[0])).toMatchObject({ verdict: 'unreachable', live: [], gaps: [{ reason: 'timeout' }] });
    expect(service.calls.map(({ target }) => target)).toContain('CancelCommand');
    await expect.poll(async () => (await slow.run('pgrep -l openssl')).stdout, { timeout: 10_000 }).toBe('');
    // What it worked with in memory is swept up, too: the kill left nobody to do so.
    await expect.poll(async () => (await slow.run('ls -A /dev/shm')).stdout, { timeout: 15_000 }).toBe('');
  });
});

describeLab(
  'a busybox instance behind Systems Manager',
  () => {
    it('is read with the tools it has', async () => {
      const image = await busyboxImage();
      await using desk = await Desk.open();
      const manifest = await desk.manifest(image);
      await using fleet = await startFleet(image, 1);
      const [one] = fleet.instances as [LabInstance];
      await one.run(
        'echo evil >/bin/evil; seq 1 20000 | while read n; do [ $n -gt 2500 ] && break; echo $n >/usr/bin/f$n; done',
      );
      await using service = await startSsmEndpoint({ nodes: { [ids[0]]: labNode(one) } });
      const result = await scan(service, [ids[0]], ['--manifest', manifest]);
      expect(result.of(ids[0]).live).toContain('file added /bin/evil');
      expect(result.of(ids[0]).gaps.map(({ probe, reason }) => `${probe} ${reason}`)).toEqual(['files tool-missing']);
      expect(JSON.stringify(service.calls)).toContain('tail -c');
      await expect.poll(async () => (await one.run('ls -A /dev/shm')).stdout, { timeout: 10_000 }).toBe('');
    });
  },
  BUSYBOX_TOOLS,
);
