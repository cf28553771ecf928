import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/core/ports.ts';
import type { Permit, PlanItem, ReplacePlan, Step } from '../../src/core/replacement.ts';
import { ReplaceError, steps } from '../../src/core/replacement.ts';
import { renew } from '../../src/replace/guard/permit.ts';
import type { Hands, Verified } from '../../src/replace/one.ts';
import { type RunResult, runPlan } from '../../src/replace/run.ts';
import type { ReplaceConfig } from '../../src/schema/replace.ts';
import { sqlite } from '../../src/store/sqlite/store.ts';
import { config, item, now, planOf } from './make.ts';

/** Ends a process where it stands: nothing behind it runs, nothing is written. */
class Killed extends Error {}

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'snowfence-run-'));
  store = sqlite.open(join(dir, 'store.db'));
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What a provider is left with: it begins a replacement once for each key, as drivers must. */
class Cloud {
  readonly begun: string[] = [];
  readonly keys = new Set<string>();
  readonly told: string[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  start({ key, target }: Permit): string {
    if (!this.keys.has(key)) {
      this.keys.add(key);
      this.begun.push(target.instance);
    }
    return `token-${target.instance}`;
  }
}

interface Doing {
  cloud: Cloud;
  verify?: (item: PlanItem) => Verified;
  /** Called around each thing that reaches outside; may throw. */
  at?: (step: Step, when: 'before' | 'after', item: PlanItem) => void;
  signal?: AbortSignal;
  up?: (item: PlanItem) => 'running' | 'done' | 'failed';
}

function hands({ cloud, verify, at = () => {}, signal, up = () => 'done' }: Doing): Hands {
  let clock = now;
  const around = async <T>(step: Step, one: PlanItem, act: () => T): Promise<T> => {
    at(step, 'before', one);
    const result = act();
    at(step, 'after', one);
    return result;
  };
  const itemOf = (permit: Permit) => item(permit.target.instance, permit.target);
  return {
    journal: store.journal,
    session: async () => ({
      start: (permit) => around('start', itemOf(permit), () => cloud.start(permit)),
      poll: (token, permit) =>
        around('up', itemOf(permit), () => {
          if (token !== `token-${permit.target.instance}`) throw new ReplaceError(`a strange token ${token}`);
          const state = up(itemOf(permit));
          return state === 'done'
            ? { state, detail: '', successor: { uri: 'ssh://root@new' } }
            : { state, detail: 'on its way' };
        }),
      retire: (permit) => around('retire', itemOf(permit), () => void cloud.told.push(`retire ${permit.target.name}`)),
      close: async () => {},
    }),
    evidence: (one) => around('evidence', one, () => ({ place: `/e/${cloud.told.push(`evidence ${one.name}`)}` })),
    hook: (which, one) => around(which, one, () => ({ n: cloud.told.push(`${which} ${one.name}`) })),
    verify: (one) => around('verify', one, () => verify?.(one) ?? { state: 'clean', says: 'clean', identity: 'new' }),
    now: () => clock,
    sleep: async (ms) => {
      clock += ms;
      // Others get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    },
    ...{ upMs: 60_000, everyMs: 10_000, signal: signal ?? new AbortController().signal },
  };
}

const plan = (names: string[], rest: Partial<PlanItem> = {}): ReplacePlan =>
  planOf(names.map((name, i) => item(name, { order: i + 1, ...rest })));

function begin(made: ReplacePlan, id = 'run-1'): void {
  const row = {
    id,
    planDigest: made.digest,
    startedAt: new Date(now).toISOString(),
    state: 'running' as const,
    says: '',
  };
  store.journal.begin(row, made, 'process 1', () => true);
}

/** One process that works on the run, from what the journal has. */
function work(
  by: Hands,
  of: ReplaceConfig = config(),
  stop: () => string | undefined = () => undefined,
  id = 'run-1',
): Promise<RunResult> {
  const found = store.journal.find(id);
  if (!found) throw new Error('no run');
  const items = found.plan.items.map((one) => ({ item: one, permit: renew(found.plan, one.instance) }));
  return runPlan({ id, items, rows: found.rows, config: of }, by, stop);
}

describe('a run', () => {
  it('takes every instance through its steps, each written before and after it', async () => {
    begin(plan(['a'], { evidence: true }));
    const cloud = new Cloud();
    expect(await work(hands({ cloud }))).toMatchObject({
      state: 'done',
      says: '1 of 1 replaced and verified',
      left: [],
    });
    const rows = store.journal.find('run-1')?.rows ?? [];
    expect(rows.map(({ step, state }) => `${step} ${state}`)).toEqual(
      steps.flatMap((step) => [`${step} begun`, `${step} done`]),
    );
    expect(rows.find(({ step, state }) => step === 'start' && state === 'done')?.data).toEqual({ token: 'token-a' });
    expect(cloud.told).toEqual(['evidence a', 'drain a', 'retire a', 'after a']);
    expect(store.journal.verifiedImages('web')).toMatchObject([{ ref: 'web:42' }]);
  });

  it('keeps the order, and to how many at once', async () => {
    begin(plan(['a', 'b', 'c', 'd', 'e']));
    const cloud = new Cloud();
    const two = config({ guard: { total: { parallel: 2 }, parallel: 2 } });
    const by = hands({
      cloud,
      up: (() => {
        const asked = new Map<string, number>();
        return ({ name }) => {
          asked.set(name, (asked.get(name) ?? 0) + 1);
          return (asked.get(name) ?? 0) > 2 ? 'done' : 'running';
        };
      })(),
      at: (step, when) => {
        if (step === 'start' && when === 'after') cloud.mostAtOnce = Math.max(cloud.mostAtOnce, ++cloud.atOnce);
        if (step === 'after' && when === 'after') cloud.atOnce--;
      },
    });
    expect((await work(by, two)).state).toBe('done');
    expect(cloud.begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(cloud.mostAtOnce).toBe(2);
  });

  it('stops at the first new instance that drifts too, and says to what one can go back', async () => {
    store.journal.verified('web', { ref: 'web:41' }, '2026-05-05T00:00:00.000Z');
    begin(plan(['a', 'b', 'c']));
    const cloud = new Cloud();
    const bad: Verified = { state: 'bad', says: 'the new instance is snowflake (1: file /etc/x: added)' };
    const result = await work(hands({ cloud, verify: () => bad }));
    expect(cloud.begun).toEqual(['a']);
    expect(result).toMatchObject({ state: 'failed', left: ['b', 'c'] });
    expect(result.says).toBe(
      '0 of 3 replaced and verified; a failed at verify: the new instance is snowflake (1: file /etc/x: added); the old one was kept. The rest was left alone: the image web:42 may be at fault. Rebake it, or roll back to web:41, whose new instances verified clean (last at 2026-05-05T00:00:00.000Z).',
    );
  });

  it.each<[string, Partial<Doing>, RegExp]>([
    ['does not come up in time', { up: () => 'running' }, /failed at up: it did not come up in 60 s: on its way/],
    ['will not come', { up: () => 'failed' }, /failed at up: on its way/],
    [
      'is never reachable',
      { verify: () => ({ state: 'later', says: 'no route' }) },
      /failed at verify: it was not seen clean in 60 s: no route/,
    ],
  ])('stops where a new instance %s', async (_, doing, says) => {
    begin(plan(['a', 'b']));
    const cloud = new Cloud();
    const result = await work(hands({ cloud, ...doing }));
    expect(result).toMatchObject({ state: 'failed', says: expect.stringMatching(says), left: ['b'] });
    expect(result.says).toContain('no other image of this group is known');
    expect(cloud.begun).toEqual(['a']);
  });

  it.each<[Step, string[]]>([
    ['evidence', []],
    ['drain', []],
    ['start', []],
  ])('does nothing to an instance whose %s fails, nor to the next', async (broken, begun) => {
    begin(plan(['a', 'b'], { evidence: true }));
    const cloud = new Cloud();
    const at = (step: Step, when: string) => {
      if (step === broken && when === 'before') throw new ReplaceError('no way', { hint: 'mend it' });
    };
    const result = await work(hands({ cloud, at }));
    expect(result.says).toContain(`a failed at ${broken}: no way; mend it. The rest was left alone.`);
    expect(cloud.begun).toEqual(begun);
  });

  it('waits for what the others had begun before it ends', async () => {
    begin(plan(['a', 'b', 'c']));
    const cloud = new Cloud();
    const parallel = config({ guard: { total: { parallel: 2 }, parallel: 2 } });
    const verify = ({ name }: PlanItem): Verified =>
      name === 'a' ? { state: 'bad', says: 'it drifted' } : { state: 'clean', says: 'clean' };
    const result = await work(hands({ cloud, verify }), parallel);
    expect(cloud.begun).toEqual(['a', 'b']);
    expect(result.ended.map(({ item: { name }, state }) => [name, state])).toEqual([
      ['a', 'failed'],
      ['b', 'done'],
    ]);
    expect(result).toMatchObject({ state: 'failed', left: ['c'] });
  });

  it('begins nothing more once it is stopped, and says by what', async () => {
    begin(plan(['a', 'b', 'c']));
    const cloud = new Cloud();
    const result = await work(hands({ cloud }), config({ guard: { total: { parallel: 1 } } }), () =>
      cloud.begun.length > 0 ? '/stop exists' : undefined,
    );
    expect(result).toMatchObject({
      state: 'stopped',
      says: '1 of 3 replaced and verified; stopped: /stop exists',
      left: ['b', 'c'],
    });
  });

  it('tries again what fails in passing, and not for ever', async () => {
    begin(plan(['a']));
    const cloud = new Cloud();
    let left = 3;
    const at = (step: Step, when: string) => {
      if (step === 'start' && when === 'before' && left-- > 0) throw new ReplaceError('slow down', { transient: true });
    };
    expect((await work(hands({ cloud, at }))).state).toBe('done');
    store.journal.end('run-1', 'done', '', new Date(now).toISOString());
    begin(plan(['b']), 'run-2');
    left = Number.POSITIVE_INFINITY;
    expect((await work(hands({ cloud, at }), config(), undefined, 'run-2')).says).toContain(
      'b failed at start: slow down',
    );
  });
});

describe('a run that is killed', () => {
  const points = steps.flatMap((step) => (['before', 'after'] as const).map((when) => [step, when] as const));

  it.each(points)(
    'at %s, %s it took effect: the next process goes on, and replaces nothing twice',
    async (step, when) => {
      begin(plan(['a', 'b'], { evidence: true }));
      const cloud = new Cloud();
      const write = store.journal.write;
      const dying = hands({
        cloud,
        at: (here, then, one) => {
          if (here === step && then === when && one.name === 'a') throw new Killed();
        },
      });
      // A process that was killed writes nothing of it, and nothing after it.
      let dead = false;
      const journal = {
        ...store.journal,
        write: (row: Parameters<typeof write>[0]) => {
          dead ||= row.state === 'failed';
          if (dead) throw new Killed();
          write(row);
        },
      };
      await expect(work({ ...dying, journal })).rejects.toThrow(Killed);
      const rows = store.journal.find('run-1')?.rows ?? [];
      expect(rows.at(-1)).toMatchObject({ instance: 'a', step, state: 'begun' });
      store.journal.takeOver('run-1', 'process 2', () => false);
      expect(await work(hands({ cloud }))).toMatchObject({ state: 'done', says: '2 of 2 replaced and verified' });
      expect(cloud.begun).toEqual(['a', 'b']);
      const all = store.journal.find('run-1')?.rows ?? [];
      for (const name of ['a', 'b'])
        expect(all.filter((row) => row.instance === name && row.state === 'done').map((row) => row.step)).toEqual([
          ...steps,
        ]);
    },
  );

  it('at every single line of its journal: the same', async () => {
    const lines = 2 * steps.length * 2;
    for (let last = 0; last < lines; last++) {
      const id = `run-${last}`;
      const made = planOf([item(`a${last}`, { evidence: true }), item(`b${last}`, { order: 2, evidence: true })]);
      begin(made, id);
      const cloud = new Cloud();
      let written = 0;
      const journal = {
        ...store.journal,
        write: (row: Parameters<typeof store.journal.write>[0]) => {
          if (written++ >= last) throw new Killed();
          store.journal.write(row);
        },
      };
      await work({ ...hands({ cloud }), journal }, config(), undefined, id).then(
        () => expect(last).toBe(lines),
        (error: unknown) => expect(error).toBeInstanceOf(Killed),
      );
      expect(store.journal.find(id)?.rows).toHaveLength(last);
      store.journal.takeOver(id, 'process 2', () => false);
      expect(await work(hands({ cloud }), config(), undefined, id)).toMatchObject({ state: 'done' });
      expect(cloud.begun).toEqual([`a${last}`, `b${last}`]);
      store.journal.end(id, 'done', '', new Date(now).toISOString());
    }
  });

  it('by a person, with Ctrl-C, goes on later, and nothing of it has failed', async () => {
    begin(plan(['a', 'b']));
    const cloud = new Cloud();
    const stop = new AbortController();
    const at = (step: Step, when: string) => {
      if (step === 'up' && when === 'before') stop.abort();
    };
    const first = await work(hands({ cloud, signal: stop.signal, at, up: () => 'running' }));
    expect(first).toMatchObject({ state: 'running', left: ['b'] });
    expect(first.says).toContain('"snowfence replace resume run-1" goes on');
    expect(store.journal.find('run-1')?.rows.some(({ state }) => state === 'failed')).toBe(false);
    expect((await work(hands({ cloud }))).state).toBe('done');
    expect(cloud.begun).toEqual(['a', 'b']);
  });
});
