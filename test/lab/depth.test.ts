import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, type Scanned, scanArgs, scanned, snowfence } from './scanning.ts';

describeLab('how much is hashed', () => {
  let fleet: Fleet;
  let desk: Desk;
  let manifest: string;
  beforeAll(async () => {
    const image = await labImage();
    [fleet, desk] = await Promise.all([startFleet(image, 3), Desk.open()]);
    manifest = await desk.manifest(image);
  });
  afterAll(async () => {
    await fleet.stop();
    await desk[Symbol.asyncDispose]();
  });

  /** A scan that remembers, of all instances. */
  async function scan(store: string, more: readonly string[] = []): Promise<Scanned> {
    const args = scanArgs(fleet, fleet.instances, manifest, more).filter((arg) => arg !== '--no-store');
    return scanned(await snowfence([...args, '--store', join(desk.dir, store)]));
  }
  const depths = ({ report }: Scanned) => report.instances.map((one) => one.coverage.depth);
  const live = (result: Scanned) =>
    result.report.instances.map((one) => one.findings.filter(isLive).map((f) => f.subject));

  it('quick builds on a full scan, sees what was touched, and tells how old its oldest hash is', async () => {
    const [one, two] = fleet.instances;
    const first = await scan('quick.db');
    expect(depths(first)).toEqual(['full', 'full', 'full']);
    expect(live(first)).toEqual([[], [], []]);
    const second = await scan('quick.db');
    expect(second.report.scan.depth).toBe('quick');
    expect(depths(second)).toEqual(['quick', 'quick', 'quick']);
    expect(second.code).toBe(0);
    for (const [i, { coverage }] of second.report.instances.entries()) {
      expect(coverage.filesHashedNow).toBeLessThan(coverage.filesHashed / 2);
      expect(coverage.files).toBe(1);
      // Hashes that were taken over are as old as the first scan, to the second.
      const age =
        Date.parse(coverage.oldestHashAt ?? '') - Date.parse(first.report.instances[i]?.coverage.oldestHashAt ?? '');
      expect(Math.abs(age)).toBeLessThan(5000);
    }

    // As somebody would who wants to hide it: same size, same times, a new file under the old name.
    await one?.run(
      'cp -p /usr/bin/tac /root/t && touch -r /usr/bin/tac /root/stamp && printf X | dd of=/root/t bs=1 seek=100 conv=notrunc 2>/dev/null && touch -r /root/stamp /root/t && mv /root/t /usr/bin/tac && rm /root/stamp',
    );
    await two?.run('chmod u+s /usr/bin/shuf && rm /usr/share/doc/bash/copyright');
    const third = await scan('quick.db');
    expect(depths(third)).toEqual(['quick', 'quick', 'quick']);
    expect(live(third)).toEqual([['/usr/bin/tac'], ['/usr/bin/shuf', '/usr/share/doc/bash/copyright'], []]);
    // What is as it was last time is still another thing than the image.
    expect(live(await scan('quick.db'))).toEqual(live(third));
    expect(live(await scan('quick.db', ['--depth', 'full']))).toEqual(live(third));
  });

  it('a machine that was replaced at its address is read afresh', async () => {
    await scan('replaced.db');
    const [one] = fleet.instances;
    if (one) await fleet.recreate(one);
    const again = await scan('replaced.db');
    expect(depths(again)).toEqual(['full', 'quick', 'quick']);
    expect(again.report.instances[0]?.gaps).toEqual([]);
  });

  it('metadata compares everything but contents, and never says clean', async () => {
    const result = await scan('metadata.db', ['--depth', 'metadata']);
    const [, , untouched] = result.report.instances;
    expect(untouched).toMatchObject({ verdict: 'incomplete', coverage: { filesHashed: 0 } });
    expect(untouched?.gaps[0]?.detail).toContain('--depth metadata');
    expect(result.code).toBe(1);
    expect(live(result)[1]).toContain('/usr/bin/shuf');
  });

  it('without scratch memory the same is seen, and nothing is left in memory with it', async () => {
    const [with_, without] = [await scan('a.db', ['--depth', 'full']), await scan('b.db', ['--no-scratch'])];
    expect(live(without)).toEqual(live(with_));
    expect(depths(without)).toEqual(['full', 'full', 'full']);
    const bytes = (result: Scanned) => result.report.instances[2]?.coverage.bytesReceived ?? 0;
    expect(bytes(with_)).toBeLessThan(bytes(without) / 3);
    for (const one of fleet.instances) expect((await one.run('ls -A /dev/shm')).stdout).toBe('');
  });
});
