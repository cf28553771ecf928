import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import type { Store } from '../../src/core/ports.ts';
import { stores } from '../../src/store/registry.ts';
import { day, digest, instance, manifest, scan, scratch } from './make.ts';

it('the registry is what the folders are', async () => {
  const folders = await readdir(new URL('../../src/store', import.meta.url), { withFileTypes: true });
  const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  expect(Object.keys(stores).sort()).toEqual(names.sort());
});

describe.each(Object.entries(stores))('%s', (_name, load) => {
  let path: string;
  let store: Store;
  beforeEach(async () => {
    path = await scratch();
    store = await open(path);
  });

  /** Opens the store; it is closed when the test ends. */
  async function open(at: string): Promise<Store> {
    const opened = (await load()).open(at);
    onTestFinished(() => opened.close());
    return opened;
  }

  describe('manifests', () => {
    it('are found by ref, by image digest, and by their own digest or its beginning', () => {
      store.addManifest(Buffer.from('one'), manifest('app:1', 'aaaaaaaaaaaa1', digest('1'), 3, 2), day(1));
      store.addManifest(Buffer.from('two'), manifest('app:2', 'bbbbbbbbbbbb1'), day(2));
      for (const asked of ['app:1', digest('1'), digest('aaaaaaaaaaaa1'), 'aaaaaaaaaaaa', 'sha256:aaaaaaaaaaaa']) {
        expect(String(store.findManifest(asked))).toBe('one');
      }
      for (const asked of ['app', 'app:3', '', 'aaaaaaaaaaa', digest('c'), 'cccccccccccc', 'sha256:', "' OR 1=1 --"]) {
        expect(store.findManifest(asked)).toBeUndefined();
      }
    });

    it('are listed with their numbers, newest addition first', () => {
      store.addManifest(Buffer.from('one'), manifest('app:1', 'a', undefined, 3, 2), day(1));
      store.addManifest(Buffer.from('second'), manifest('app:2', 'b'), day(2));
      expect(store.listManifests()).toEqual([
        { digest: digest('b'), ref: 'app:2', createdAt: day(0), addedAt: day(2), files: 0, packages: 0, bytes: 6 },
        { digest: digest('a'), ref: 'app:1', createdAt: day(0), addedAt: day(1), files: 3, packages: 2, bytes: 3 },
      ]);
    });

    it('of one ref or image: the newest addition counts, and one copy is kept of each', () => {
      store.addManifest(Buffer.from('old'), manifest('app:1', 'a', digest('1')), day(1));
      store.addManifest(Buffer.from('new'), manifest('app:1', 'b', digest('1')), day(2));
      expect(String(store.findManifest('app:1'))).toBe('new');
      expect(String(store.findManifest(digest('1')))).toBe('new');
      expect(String(store.findManifest(digest('a')))).toBe('old');
      store.addManifest(Buffer.from('old'), manifest('app:1', 'a', digest('1')), day(3));
      expect(String(store.findManifest('app:1'))).toBe('old');
      expect(store.listManifests()).toHaveLength(2);
    });

    it('with the same beginning of the digest are not guessed', () => {
      store.addManifest(Buffer.from('one'), manifest('app:1', 'aaaaaaaaaaaa1'), day(1));
      store.addManifest(Buffer.from('two'), manifest('app:2', 'b', digest('aaaaaaaaaaaa2')), day(2));
      const asking = () => store.findManifest('aaaaaaaaaaaa');
      expect(asking).toThrow(UserError);
      expect(asking).toThrow(expect.objectContaining({ hint: expect.stringContaining('(app:2)') }));
      expect(String(store.findManifest('aaaaaaaaaaaa2'))).toBe('two');
    });

    it('keep every byte', () => {
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
      store.addManifest(bytes, manifest('app:1', 'a'), day(1));
      expect(store.findManifest('app:1')?.equals(bytes)).toBe(true);
    });
  });

  describe('scans', () => {
    it('come back as they were, by id, by its beginning, and counted from the last', async () => {
      const rows = ['01-aa', '01-ab', '02-cc'].map((id, i) =>
        scan(id, day(i), { instances: 2, findings: 3, worst: 'high', partial: i === 1, finishedAt: day(i + 1) }),
      );
      for (const row of rows) store.addScan(row, `{"id":"${row.id} ☃"}`, []);
      expect(store.listScans(10)).toEqual(rows.toReversed());
      expect(store.listScans(1)).toEqual(rows.slice(2));
      const again = await open(path);
      for (const [asked, i] of [
        ['01-ab', 1],
        ['02', 2],
        ['last', 2],
        ['last~0', 2],
        ['last~2', 0],
      ] as const) {
        const { row, head } = again.findScan(asked) ?? {};
        expect([row, head]).toEqual([rows[i], `{"id":"${rows[i]?.id} ☃"}`]);
      }
      for (const asked of ['last~3', '03', '', 'last~', '%', '01-aaa']) expect(again.findScan(asked)).toBeUndefined();
    });

    it('with the same beginning are not guessed, but an id is an id', () => {
      for (const id of ['01', '01-a', '01-b']) store.addScan(scan(id, day(1)), '{}', []);
      expect(() => store.findScan('01-')).toThrow(UserError);
      expect(() => store.findScan('01-')).toThrow(
        expect.objectContaining({ hint: `give more of the id:\n  01-b (${day(1)})\n  01-a (${day(1)})` }),
      );
      expect(store.findScan('01')?.row.id).toBe('01');
    });

    it('given twice are recorded once, and another one under the same id is refused', () => {
      store.addScan(scan('a', day(1)), '{"n":1}', [instance('web', ['x'])]);
      store.addScan(scan('a', day(1)), '{"n":1}', [instance('web', ['x'])]);
      expect(store.listScans(9)).toHaveLength(1);
      expect(() => store.addScan(scan('a', day(2)), '{"n":2}', [])).toThrow(UserError);
    });

    it('give the report of each instance when it is asked for, in their order, and others their turn', async () => {
      const names = ['web', 'db', 'ödd ☃'];
      store.addScan(
        scan('a', day(1), { instances: 3 }),
        '{"instances":[]}',
        names.map((name) => instance(name, ['x'])),
      );
      const { instances } = (await open(path)).findScan('a') ?? {};
      expect(instances).toHaveLength(3);
      for (const _ of [1, 2]) {
        const seen: string[] = [];
        for (const text of instances ?? []) {
          seen.push(JSON.parse(text).id);
          expect(store.listFindings('web')).toHaveLength(1);
        }
        expect(seen).toEqual(names);
      }
      expect(() => store.addScan(scan('a', day(1)), '{"instances":[]}', [instance('web', ['y'])])).toThrow(UserError);
    });

    it('are recorded whole or not at all', () => {
      const bad = instance('web', ['x', 'y']);
      Object.assign(bad.findings[1] as object, { severity: null });
      expect(() => store.addScan(scan('a', day(1)), '{}', [bad])).toThrow();
      expect(store.listScans(9)).toEqual([]);
      expect(store.listFindings('web')).toEqual([]);
    });
  });

  describe('looks', () => {
    it('are listed newest first, with what was live then', () => {
      const record = (n: number, ...of: Parameters<typeof instance>) =>
        store.addScan(scan(`scan-${n}`, day(n)), '{}', [instance(...of)]);
      record(1, 'web', ['a']);
      record(2, 'web', ['a', 'b'], { verdict: 'snowflake', score: 90 });
      record(3, 'db', ['c']);
      record(4, 'web', [], { verdict: 'clean', score: 0, complete: false });
      record(5, 'web', ['b']);
      const looks = store.listLooks('web', 9);
      expect(looks.map(({ startedAt, live }) => [startedAt, live])).toEqual([
        [day(5), 1],
        [day(4), 1],
        [day(2), 2],
        [day(1), 1],
      ]);
      expect(looks[1]).toEqual({ startedAt: day(4), verdict: 'clean', score: 0, complete: false, live: 1 });
      expect(store.listLooks('web', 2)).toHaveLength(2);
      expect(store.listLooks('other', 9)).toEqual([]);
    });
  });

  describe('findings', () => {
    const record = (n: number, ...instances: ReturnType<typeof instance>[]) =>
      store.addScan(scan(`scan-${n}`, day(n)), '{}', instances);
    const first = (identity = 'machine-1') => Object.fromEntries(store.firstSeen('web', identity));

    it('keep when they were first seen, and begin anew after they were gone', () => {
      record(1, instance('web', ['a', 'b']));
      record(2, instance('web', ['a']));
      expect(first()).toEqual({ a: day(1) });
      record(3, instance('web', ['a', 'b']));
      expect(first()).toEqual({ a: day(1), b: day(3) });
    });

    it('are not gone because an instance was not read in full', () => {
      record(1, instance('web', ['a', 'b']));
      record(2, instance('web', ['a'], { complete: false }));
      expect(first()).toEqual({ a: day(1), b: day(1) });
    });

    it('belong to one machine: a rebuilt one begins anew, and others are left alone', () => {
      record(1, instance('web', ['a']), instance('db', ['a']));
      record(2, instance('web', ['a'], { identity: 'machine-2' }));
      record(3, instance('db', []));
      expect(first('machine-1')).toEqual({ a: day(1) });
      expect(first('machine-2')).toEqual({ a: day(2) });
      expect(store.firstSeen('db', 'machine-1').size).toBe(0);
      expect(first('machine-3')).toEqual({});
    });

    it('are listed as they were last seen, newest first, the resolved ones too', () => {
      record(1, instance('web', ['a', 'b']));
      const changed = instance('web', ['b']);
      Object.assign(changed.findings[0] as object, { severity: 'low', disposition: 'waived' });
      record(2, changed);
      const known = { instance: 'web', kind: 'file', change: 'changed' };
      expect(store.listFindings('web')).toEqual([
        {
          ...known,
          id: 'b',
          subject: '/etc/b',
          severity: 'low',
          disposition: 'waived',
          firstSeenAt: day(1),
          lastSeenAt: day(2),
        },
        {
          ...known,
          id: 'a',
          subject: '/etc/a',
          severity: 'high',
          disposition: 'drift',
          firstSeenAt: day(1),
          lastSeenAt: day(1),
        },
      ]);
      expect(store.listFindings('none')).toEqual([]);
    });

    it('of an older look that is recorded late overrule nothing newer', () => {
      record(5, instance('web', ['a']));
      record(4, instance('web', ['b'])); // did not see a, but a is there now; saw b, which is gone now
      expect(first()).toEqual({ a: day(5) });
      record(3, instance('web', ['a']));
      expect(first()).toEqual({ a: day(3) });
      expect(store.listFindings('web')[0]).toMatchObject({ id: 'a', lastSeenAt: day(5) });
      record(6, instance('web', ['b']));
      record(8, instance('web', []));
      record(7, instance('web', ['a', 'b']));
      expect(first()).toEqual({});
    });

    it('are what a simple model says, over any run of looks', async () => {
      const look = fc.record({ seen: fc.subarray(['a', 'b', 'c']), complete: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(look, { maxLength: 8 }), async (looks) => {
          const fresh = (await load()).open(await scratch());
          const model: Record<string, string> = {};
          for (const [n, { seen, complete }] of looks.entries()) {
            fresh.addScan(scan(`s${n}`, day(n)), '{}', [instance('web', seen, { complete })]);
            for (const id of seen) model[id] ??= day(n);
            if (complete) for (const id of Object.keys(model)) if (!seen.includes(id)) delete model[id];
            expect(Object.fromEntries(fresh.firstSeen('web', 'machine-1'))).toEqual(model);
          }
          fresh.close();
        }),
        { numRuns: 40 },
      );
    });
  });
});
