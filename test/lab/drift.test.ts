import { afterAll, beforeAll, expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import { DRIFTS } from './drift-table.ts';
import type { LabDrift } from './drift-words.ts';
import { pooled } from './exec.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, PORTS, type Scanned, scan, sorted } from './scanning.ts';

/** Instances that are changed in one round, and instances that are never touched. */
const POOL = 12;
const UNTOUCHED = 2;

describeLab('drift', () => {
  let desk: Desk;
  let fleet: Fleet;
  const rounds: Scanned[] = [];
  /** What each round must end with: noise alone is no finding. */
  const codes: number[] = [];
  const results = new Map<LabDrift, { scanned: Scanned; instance: { address: string } }>();
  const failures = new Map<LabDrift, unknown>();
  let untouched: LabInstance[] = [];

  beforeAll(async () => {
    const image = await labImage();
    desk = await Desk.open();
    const manifest = await desk.manifest(image);
    const policy = await desk.file('lab.yaml', PORTS);
    fleet = await startFleet(image, POOL + UNTOUCHED);
    const pool = fleet.instances.slice(0, POOL);
    untouched = fleet.instances.slice(POOL);
    for (let first = 0; first < DRIFTS.length; first += POOL) {
      const round = DRIFTS.slice(first, first + POOL).map((drift, index) => ({
        drift,
        instance: pool[index] as LabInstance,
      }));
      if (first > 0) await pooled(round, 4, ({ instance }) => fleet.recreate(instance));
      await pooled(round, 4, ({ drift, instance }) =>
        drift.do(instance).catch((error: unknown) => {
          failures.set(drift, error);
        }),
      );
      const among = [...round.map(({ instance }) => instance), ...untouched];
      const scanned = await scan(fleet, among, manifest, ['--policy', policy]);
      rounds.push(scanned);
      codes.push(round.some(({ drift }) => drift.expect.length > 0) ? 1 : 0);
      for (const { drift, instance } of round) results.set(drift, { scanned, instance });
    }
  });
  afterAll(async () => {
    await fleet?.stop();
    await desk?.[Symbol.asyncDispose]();
  });

  it('has names that tell the drifts apart', () => {
    expect(new Set(DRIFTS.map((drift) => drift.name)).size).toBe(DRIFTS.length);
  });

  it.each(DRIFTS.map((drift) => [drift.name, drift] as const))('%s', (_, drift) => {
    if (failures.has(drift)) throw failures.get(drift);
    const { scanned, instance } = results.get(drift) as { scanned: Scanned; instance: { address: string } };
    const { verdict, gaps, findings } = scanned.of(instance);
    expect(scanned.live(instance)).toEqual(sorted(drift.expect));
    const unread = drift.gaps ?? [];
    expect(gaps.map(({ detail }) => detail)).toEqual(unread.map((gap) => expect.stringMatching(gap)));
    expect(verdict).toBe(drift.verdict ?? 'snowflake');
    const [only] = findings.filter(isLive);
    if (drift.diff) expect(only?.diff).toMatch(drift.diff);
    expect(only?.subjectBase64).toBe(drift.bytes?.toString('base64'));
  });

  it('leaves untouched instances clean in every round', () => {
    for (const scanned of rounds) {
      expect(untouched.map((one) => [scanned.of(one).verdict, scanned.live(one)])).toEqual(
        untouched.map(() => ['clean', []]),
      );
    }
  });

  it('exits with 1 where anything was found, and writes no complaint', () => {
    expect(rounds.map((scanned) => scanned.code)).toEqual(codes);
    expect(new Set(codes)).toEqual(new Set([0, 1]));
    expect(rounds.map((scanned) => scanned.stderr).join('')).toBe('');
  });
});

describeLab('a badly sealed image', () => {
  it('is seen by host keys that instances share', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    await using fleet = await startFleet(image, 3, { sharedHostKeys: true });
    const scanned = await scan(fleet, fleet.instances, manifest);
    expect(scanned.code).toBe(1);
    for (const one of fleet.instances) {
      const subjects = scanned.live(one).map((finding) => `${finding.kind} ${finding.subject}`);
      expect(subjects).toContain('key /etc/ssh/ssh_host_ed25519_key');
      expect(scanned.live(one).filter((finding) => finding.kind !== 'key')).toEqual([]);
    }
  });
});
