import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, scan } from './scanning.ts';
import { ssh } from './testing.ts';

describeLab('people', () => {
  it('are seen where they sat at a terminal, and a scan is none of them', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    await using fleet = await startFleet(image, 2);
    const [visited, alone] = fleet.instances as [(typeof fleet.instances)[0], (typeof fleet.instances)[0]];
    // A command without a terminal is what a scan, and a deployment, does.
    expect((await ssh(fleet, alone, 'root', 'true')).code).toBe(0);
    const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${fleet.knownHosts}`, 'IdentitiesOnly=yes'];
    const person = spawn(
      'ssh',
      [
        ...['-F', 'none', '-tt', '-i', fleet.keyFile, ...options.flatMap((option) => ['-o', option])],
        ...[`root@${visited.address}`, 'echo here; sleep 30'],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    await once(person.stdout, 'data');
    const now = await scan(fleet, fleet.instances, manifest);
    person.kill();
    await once(person, 'close');
    const later = await scan(fleet, fleet.instances, manifest);
    for (const scanned of [now, later]) {
      const [finding, ...more] = scanned.of(visited).findings.filter(({ disposition }) => disposition === 'drift');
      expect(finding).toMatchObject({ kind: 'account', subject: 'login of root', severity: 'medium', change: 'added' });
      expect(finding?.reason).toMatch(/logged in .*from 10\.213\.\d+\.\d+ on pts\/\d+ at 20/);
      expect(more).toEqual([]);
      expect(scanned.of(alone).verdict).toBe('clean');
    }
  });
});
