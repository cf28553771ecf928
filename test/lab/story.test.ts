import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DRIFTS } from './drift-table.ts';
import { must, pooled } from './exec.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, type Scanned, scanned, snowfence } from './scanning.ts';

const [DEBIANS, OTHERS] = [33, 7];
const PHOENIX = `schema: snowfence.policy/v1
name: phoenix
rules:
  - { id: phoenix/age, kind: limit, fact: instance, ageDays: 90, severity: medium, reason: nothing lives longer than a quarter }
`;

/** A fleet as it is: most are fine, and each of the others has its own story, which one screen must tell. */
describeLab('a fleet of forty', () => {
  let desk: Desk;
  let work: string;
  const fleets: Fleet[] = [];
  let all: LabInstance[];
  let json: Scanned;
  let text: string;
  const of = (i: number): LabInstance => all[i] as LabInstance;
  const [upgraded, edited, tampered, twins, old] = [[0, 1, 2, 3, 4], [5, 6], 7, [8, 9], 10] as const;

  beforeAll(async () => {
    desk = await Desk.open();
    work = await mkdtemp(join(tmpdir(), 'snowfence-story-'));
    const base = await labImage();
    const other = { ...base, ref: 'lab-db:1' };
    // An image of last year: else no instance of it could be older than today.
    const image = { ...base, dir: join(work, 'image') };
    await must('cp', ['-aT', base.dir, image.dir]);
    await must('sh', ['-c', `touch -d 2025-01-01 ${image.dir}/var/lib/dpkg/info/*.list`]);
    const [web, db] = await Promise.all([startFleet(image, DEBIANS), startFleet(other, OTHERS, { prefix: 'db' })]);
    fleets.push(web, db);
    all = [...web.instances, ...db.instances];
    const drift = (name: string) =>
      DRIFTS.find((one) => one.name === name)?.do ?? Promise.reject(new Error(`no drift "${name}"`));
    const upgrade = await drift('package upgraded');
    const poison = await drift('package database poisoned to hide a tampered program');
    await pooled([...upgraded], 4, (i) => upgrade(of(i)));
    await of(edited[0]).run('echo "PermitRootLogin yes" >> /etc/ssh/sshd_config');
    await of(edited[1]).run('printf "#!/bin/sh\\n" > /usr/local/bin/fix-it; chmod 755 /usr/local/bin/fix-it');
    await poison(of(tampered));
    const id = (await of(twins[0]).run('cat /etc/machine-id')).stdout;
    await of(twins[1]).run(`printf '%s' '${id}' > /etc/machine-id`);
    await of(old).run('touch -d 2025-06-01 /etc/machine-id /etc/ssh/ssh_host_*_key');
    const [webManifest, dbManifest] = [await desk.manifest(image), await desk.manifest(other)];
    const host = (one: LabInstance) => `{ address: "ssh://root@${one.address}:${one.port}", name: ${one.name} }`;
    const group = (fleet: Fleet, manifest: string) =>
      `{ manifest: ${manifest}, identityFiles: [${fleet.keyFile}], knownHosts: [${fleet.knownHosts}], sshConfig: /dev/null, hosts: [${fleet.instances.map(host).join(', ')}] }`;
    const inventory = await desk.file(
      'fleet.yaml',
      `groups:\n  web: ${group(web, webManifest)}\n  db: ${group(db, dbManifest)}\n`,
    );
    const policy = await desk.file('phoenix.yaml', PHOENIX);
    const args = ['scan', '--inventory', inventory, '--policy', policy, '--store', join(work, 'store.db')];
    json = scanned(await snowfence([...args, '--format', 'json']));
    text = (await snowfence(args)).stdout;
  });
  afterAll(async () => {
    await Promise.all(fleets.map((fleet) => fleet.stop()));
    await desk[Symbol.asyncDispose]();
    await rm(work, { recursive: true, force: true });
  });

  const verdict = (i: number) => json.of(of(i)).verdict;
  const subjects = (i: number) => json.live(of(i)).map((one) => one.subject);
  const action = (i: number) => json.of(of(i)).recommendation.action;

  it('says of each what happened to it, and nothing of the others', () => {
    expect(json.report.summary.instances).toMatchObject({ clean: 29, drifted: 5, incomplete: 0, unreachable: 0 });
    for (const i of upgraded)
      expect([verdict(i), action(i), subjects(i)]).toEqual(['drifted', 'replace', ['hostname']]);
    expect(subjects(edited[0])).toEqual(['sshd permitrootlogin']);
    expect(subjects(edited[1])).toEqual(['/usr/local/bin/fix-it']);
    for (const i of edited) expect([verdict(i), action(i)]).toEqual(['snowflake', 'replace']);
    expect(subjects(tampered)).toEqual(['/usr/bin/tac', '/var/lib/dpkg/info/coreutils.md5sums']);
    expect([verdict(tampered), action(tampered)]).toEqual(['snowflake', 'investigate']);
    for (const i of twins) expect(json.live(of(i)).map((one) => one.subject)).toEqual(['/etc/machine-id']);
    expect([verdict(old), subjects(old)]).toEqual(['violating', ['age']]);
  });

  it('tells it in one screen', () => {
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(text).toMatch(/\(5 alike\).*drifted/);
    expect(text.match(/package hostname/g)).toHaveLength(1);
    for (const i of [...edited, tampered, ...twins, old]) expect(text).toContain(of(i).name);
    expect(text).toContain('40 instances:');
    expect(text).toMatch(/29 clean/);
    expect(text).toMatch(/Investigate: /);
  });
});
