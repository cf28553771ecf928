import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderers } from '../../src/report/registry.ts';
import { rowsOf } from '../report/csv.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, type Scanned, scan } from './scanning.ts';

describeLab('a scan of servers into every format at once', () => {
  let fleet: Fleet;
  let desk: Desk;
  let result: Scanned;
  const files = Object.keys(renderers).filter((format) => format !== 'json');
  const read = (format: string) => readFileSync(join(desk.dir, `out.${format}`), 'utf8');

  beforeAll(async () => {
    const image = await labImage();
    [fleet, desk] = await Promise.all([startFleet(image, 2), Desk.open()]);
    await (fleet.instances[0] as LabInstance).run(
      'echo 127.0.0.1 evil >>/etc/hosts; echo x >/usr/local/bin/tool; chmod 755 /usr/local/bin/tool',
    );
    const more = files.flatMap((format) => ['--format', `${format}=${join(desk.dir, `out.${format}`)}`]);
    result = await scan(fleet, fleet.instances, await desk.manifest(image), more);
  });
  afterAll(async () => {
    await desk?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  it('tells the same in each of them', () => {
    const [drifted] = fleet.instances;
    const live = result.live(drifted as LabInstance);
    expect(live.map(({ subject }) => subject)).toContain('/usr/local/bin/tool');
    const total = Object.values(result.report.summary.findings).reduce((a, b) => a + b, 0);
    expect(rowsOf(read('csv')).filter(([record]) => record === 'finding').length).toBe(total);
    expect(read('junit')).toContain(` failures="${total}" `);
    expect((JSON.parse(read('sarif')) as { runs: [{ results: object[] }] }).runs[0].results.length).toBe(total);
    expect(read('ecs').match(/"kind":"alert"/g)?.length).toBe(total);
    expect(read('ocsf').match(/"status":"Fail"/g)?.length).toBe(total);
    for (const format of files.filter((name) => !['prometheus', 'cyclonedx'].includes(name)))
      expect(read(format), format).toContain('/usr/local/bin/tool');
    expect(read('prometheus')).toContain('snowfence_instances{verdict="clean"} 1');
  });

  it('lists the packages that dpkg-query lists', async () => {
    const bom = JSON.parse(read('cyclonedx')) as {
      components: { components: { name: string; version: string }[] }[];
      compositions: object[];
    };
    const said = await (fleet.instances[0] as LabInstance).run(
      `dpkg-query -W -f '\${db:Status-Status} \${Package} \${Version}\\n'`,
    );
    const truth = said.stdout.split('\n').flatMap((line) => (line.startsWith('installed ') ? [line.slice(10)] : []));
    expect(truth.length).toBeGreaterThan(50);
    for (const { components } of bom.components)
      expect(components.map(({ name, version }) => `${name} ${version}`).sort()).toEqual([...truth].sort());
    expect(bom.compositions).toEqual([{ aggregate: 'complete', assemblies: ['instance-0', 'instance-1'] }]);
  });
});
