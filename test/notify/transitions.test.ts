import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSeverity, isLive, severities } from '../../src/core/finding.ts';
import type { Transition } from '../../src/core/notify.ts';
import type { InstanceReport } from '../../src/core/report.ts';
import type { ToldState } from '../../src/notify/tell.ts';
import { transitions } from '../../src/notify/transitions.ts';
import { at, away, finding, gap, look } from './make.ts';

/** What each of these looks has told, as `kind title`. */
function told(...looks: InstanceReport[]): string[][] {
  let state: ToldState | undefined;
  return looks.map((one, n) => {
    const result = transitions(state, one, { startedAt: at(n) });
    // As it is remembered.
    state = JSON.parse(JSON.stringify(result.state)) as ToldState;
    return result.transitions.map((t) => `${t.kind} ${t.title}${t.by && t.by !== 'gone' ? ` (${t.by})` : ''}`);
  });
}

describe('what is told', () => {
  it('of the first look: one line, or nothing where nothing is wrong', () => {
    expect(told(look([]))).toEqual([[]]);
    const many = [finding('a'), finding('b', { severity: 'critical' }), finding('c', { disposition: 'expected' })];
    expect(told(look(many))).toEqual([['new first scan: drifted, 2 findings (1 critical, 1 high)']]);
    expect(told(look([], { gaps: [gap] }))).toEqual([['new first scan: incomplete, not read in full']]);
  });

  it('of later looks: what came, what grew worse, what went; never what is still there', () => {
    expect(
      told(
        look([]),
        look([finding('a', { severity: 'low' })]),
        look([finding('a', { severity: 'low' })]),
        look([finding('a', { severity: 'critical' }), finding('b')]),
        look([finding('a', { severity: 'low' }), finding('b')]),
        look([finding('a', { severity: 'critical' }), finding('b')]),
        look([finding('b')]),
        look([]),
      ),
    ).toEqual([
      [],
      ['new file changed /etc/a'],
      [],
      ['worse file changed /etc/a', 'new file changed /etc/b'],
      [],
      [],
      ['resolved file changed /etc/a'],
      ['resolved file changed /etc/b'],
    ]);
  });

  it('what the first look summed up is resolved one by one, and the sum at the end', () => {
    expect(told(look([finding('a'), finding('b')]), look([finding('b')]), look([])).slice(1)).toEqual([
      ['resolved file changed /etc/a'],
      ['resolved file changed /etc/b', 'resolved all that its first scan found is gone'],
    ]);
  });

  it('an instance that was not read in full resolves nothing', () => {
    expect(told(look([]), look([finding('a')]), look([], { gaps: [gap] }), look([]))).toEqual([
      [],
      ['new file changed /etc/a'],
      ['new cannot be read in full'],
      ['resolved no longer: cannot be read in full', 'resolved file changed /etc/a'],
    ]);
  });

  it('one that is out of reach, and back, is told once each; what was found there stands', () => {
    expect(told(look([]), look([finding('a')]), look([], away), look([], away), look([finding('a')]))).toEqual([
      [],
      ['new file changed /etc/a'],
      ['new cannot be reached'],
      [],
      ['resolved no longer: cannot be reached'],
    ]);
  });

  it('the first look counts from when it was reached', () => {
    expect(told(look([], away), look([finding('a')]), look([finding('a'), finding('b')]))).toEqual([
      ['new cannot be reached'],
      ['resolved no longer: cannot be reached', 'new first scan: drifted, 1 findings (1 high)'],
      ['new file changed /etc/b'],
    ]);
  });

  it('a waiver resolves, even where not all was read, and what it covered is new when it ends', () => {
    const waived = finding('a', { disposition: 'waived' });
    expect(told(look([]), look([finding('a')]), look([waived]), look([finding('a')]))).toEqual([
      [],
      ['new file changed /etc/a'],
      ['resolved file changed /etc/a (waiver)'],
      ['new file changed /etc/a'],
    ]);
    expect(told(look([]), look([finding('a')]), look([waived], { gaps: [gap] }))[2]).toContain(
      'resolved file changed /etc/a (waiver)',
    );
  });

  it('a new machine at the old address resolves what the old one had', () => {
    const fresh = look([finding('b')], { identity: 'machine-2', gaps: [gap] });
    expect(told(look([]), look([finding('a')]), fresh)[2]).toEqual([
      'new cannot be read in full',
      'new file changed /etc/b',
      'resolved file changed /etc/a (replacement)',
    ]);
  });

  it('a verdict that grew worse is told by itself only where no finding tells it', () => {
    const snowflake = look([finding('a')], { verdict: 'snowflake', flags: ['snowflake'] });
    expect(told(look([]), look([finding('a')]), snowflake, snowflake, look([finding('a')]))).toEqual([
      [],
      ['new file changed /etc/a'],
      ['worse is snowflake now, was drifted'],
      [],
      ['resolved is snowflake no longer'],
    ]);
    expect(told(look([]), snowflake)).toEqual([[], ['new file changed /etc/a']]);
  });

  it('is one printable, bounded line, whatever the target calls things', () => {
    const odd = look([finding('a', { subject: `\x1b[2J\r\n${'x'.repeat(5000)}`, reason: '\u202e\n' })], {
      ...{ id: '\x1b]0;x\x07'.repeat(80), name: 'web\n2 clean' },
    });
    const { state } = transitions(undefined, look([], { id: odd.id }), { startedAt: at(0) });
    const [one] = transitions(state, odd, { startedAt: at(1) }).transitions;
    const texts = [one?.title, one?.reason, one?.key, one?.instance.name, one?.instance.id, one?.finding?.subject];
    for (const text of texts) expect(text).toMatch(/^[^\p{Cc}\p{Cf}]{1,400}$/u);
    expect(one?.key.length).toBeLessThanOrEqual(200);
  });
});

describe('over any run of looks', () => {
  const one = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    severity: fc.constantFrom(...severities),
    disposition: fc.constantFrom('drift' as const, 'violation' as const, 'expected' as const, 'waived' as const),
  });
  const some = fc.uniqueArray(one, { selector: ({ id }) => id });
  const looks = fc.array(
    fc.record({
      some,
      how: fc.constantFrom('whole', 'whole', 'gap', 'away'),
      identity: fc.constantFrom('m1', 'm1', 'm2'),
    }),
    { maxLength: 8 },
  );
  const lookOf = ({ some: found, how, identity }: { some: { id: string }[]; how: string; identity: string }) =>
    how === 'away'
      ? look([], { ...away, identity: '' })
      : look(
          found.map(({ id, ...more }) => finding(id, more)),
          { identity, ...(how === 'gap' ? { gaps: [gap] } : {}) },
        );

  it('what was told adds up to what is there; nothing is both new and resolved; the same look again says nothing', () => {
    fc.assert(
      fc.property(looks, (run) => {
        let state: ToldState | undefined;
        const open = new Map<string, Transition>();
        for (const [n, step] of run.entries()) {
          const now = lookOf(step);
          const was = state;
          const result = transitions(was, now, { startedAt: at(n) });
          state = JSON.parse(JSON.stringify(result.state)) as ToldState;
          expect(transitions(state, now, { startedAt: at(n + 1) }).transitions).toEqual([]);
          const keys = result.transitions.map(({ key }) => key);
          expect(new Set(keys).size).toBe(keys.length);
          for (const t of result.transitions) {
            const before = open.get(t.key);
            const summed = t.finding !== undefined && was?.findings.some(([id, f]) => id === t.finding?.id && f.summed);
            if (t.kind === 'new') expect(before).toBeUndefined();
            else
              expect(
                before !== undefined || summed || t.about === 'verdict' || (t.about === 'reading' && was?.first),
              ).toBeTruthy();
            if (t.kind === 'worse' && t.was) expect(compareSeverity(t.severity, t.was)).toBe(1);
            if (t.kind === 'resolved') open.delete(t.key);
            else open.set(t.key, t);
          }
          if (step.how !== 'whole') continue;
          const live = now.findings.filter(isLive).map(({ id }) => id);
          const known = [...open.values()].flatMap((t) => (t.finding ? [t.finding.id] : []));
          const summed = state.findings.flatMap(([id, f]) => (f.summed ? [id] : []));
          expect([...new Set([...known, ...summed])].sort()).toEqual(live.sort());
        }
      }),
      { numRuns: 300 },
    );
  });
});
