import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { widthOf } from '../../src/tui/cells.ts';
import { frame, layoutOf } from '../../src/tui/frame.ts';
import { namedKeys } from '../../src/tui/keys.ts';
import { reduce } from '../../src/tui/reduce/reduce.ts';
import { type Action, current, type State } from '../../src/tui/state.ts';
import { keyTable } from '../../src/tui/views/help.ts';
import { root } from '../house/rooms.ts';
import { drifted, finding, hostile, instance, plan, press, report, screen, small, start, type } from './make.ts';

describe('the fleet', () => {
  it('begins on its worst instance, grouped by image and group', () => {
    const text = screen(start());
    expect(text).toMatch(/image web:42 · group web {2}3 {2}rebake the image/);
    expect(text.indexOf('web-1')).toBeLessThan(text.indexOf('web-2'));
    expect(current(press(start(), 'enter'))).toMatchObject({ view: 'instance', instance: 'web-1' });
  });

  it('is filtered while one types; esc drops the filter, enter keeps it', () => {
    const typed = type(press(start(), '/'), 'db');
    expect(screen(typed)).toContain('1 of 4');
    expect(screen(typed)).not.toContain('web-1');
    expect(screen(press(typed, 'esc'))).toContain('web-1');
    const kept = press(typed, 'enter', 'enter');
    expect(current(kept)).toMatchObject({ view: 'instance', instance: 'db-1' });
    expect(screen(press(kept, 'esc', 'esc'))).toContain('web-1');
  });

  it('sorts, reverses, groups, and hides verdicts', () => {
    const names = (state: State) => [...screen(state).matchAll(/\b(web-\d|db-\d)\b/g)].map(([name]) => name);
    const flat = press(start(), 'b', 'b');
    expect(names(flat)).toEqual(['web-1', 'web-2', 'db-1', 'web-3']);
    expect(names(press(flat, 's'))).toEqual(['db-1', 'web-1', 'web-2', 'web-3']);
    expect(names(press(flat, 's', 'r'))).toEqual(['web-3', 'web-2', 'web-1', 'db-1']);
    expect(names(press(flat, '7'))).toEqual(['web-1', 'web-2']);
    expect(screen(press(flat, '7'))).toContain('(7 clean 2)');
    expect(names(press(flat, '7', '0'))).toHaveLength(4);
  });

  it('shows the history of each', () => {
    expect(screen(start({ size: { columns: 100, rows: 20 } }))).toContain('▁▄█');
  });
});

describe('an instance and its findings', () => {
  const opened = () => press(start(), 'enter');

  it('shows findings by kind, gaps, and what it rests on; expected ones on request', () => {
    const text = screen(opened());
    for (const said of [
      'snowflake',
      'replace: it cannot be rebuilt',
      '10 of 10 files hashed',
      'file (1)',
      'setting (1)',
    ])
      expect(text).toContain(said);
    expect(text).toContain('without 1 expected or waived');
    expect(screen(press(opened(), 'x'))).toContain('expected ~ file /etc/id');
    expect(screen(press(opened(), '2'))).not.toContain('/etc/sshd');
  });

  it('shows one in full, and goes on to the next', () => {
    const one = press(opened(), 'enter');
    expect(screen(one)).toMatch(/mode +- 0644/);
    expect(screen(one)).toMatch(/\+ 0666/);
    expect(screen(one)).toContain('+yes');
    expect(current(press(one, 'n')).finding).toBe('sf-motd');
    expect(current(press(one, 'n', 'n', 'N')).finding).toBe('sf-sshd');
  });

  it('copies a subject or a command, clean', () => {
    const named = start({ report: report([drifted('a', [finding('x', { subject: hostile })])]) });
    const { effects } = press(named, 'enter', 'enter', 'y');
    expect(effects).toHaveLength(1);
    expect(effects[0]).toMatchObject({ type: 'copy', text: expect.stringContaining('\\x1b[2J') });
    expect(JSON.stringify(effects)).not.toMatch(/\\u00(0|1|8|9)/);
    expect(press(named, 'enter', 'enter', 'Y').effects).toEqual([
      { type: 'copy', text: 'snowfence policy explain sf-x' },
    ]);
  });

  it('a gap is shown with its reason', () => {
    const gap = press(start(), 'j', 'enter', 'j', 'j', 'enter');
    expect(screen(gap)).toContain('permission');
    expect(screen(gap)).toContain('/root may not be read');
  });
});

describe('waiving', () => {
  const form = () => press(start(), 'enter', 'w');

  it('asks for what is missing, and hands on what was typed', () => {
    expect(screen(press(form(), 'ctrl-s'))).toContain('reason is empty');
    const filled = type(form(), 'until 43 is out');
    const asked = press(filled, 'tab', 'tab', 'tab', ' ', 'ctrl-s');
    expect(asked.effects).toMatchObject([
      {
        type: 'waive',
        finding: { id: 'sf-sshd' },
        request: { owner: 'ops', reason: 'until 43 is out', scope: 'image' },
      },
    ]);
    const refused = reduce(asked, { type: 'failed', what: 'waive', says: 'the reason says too little' });
    expect(screen(refused)).toContain('the reason says too little');
    expect(current(reduce(asked, { type: 'waived', says: 'waiver/x until then' })).view).toBe('instance');
  });

  it('is only for findings of this scan', () => {
    expect(screen(press(start(), 'w'))).toContain('stand on a finding');
  });
});

describe('replacing', () => {
  const planned = (more = {}) => reduce(press(start(), ' ', 'p'), { type: 'planned', plan: plan(more) });

  it('plans the marked, and does nothing before the digest is typed', () => {
    expect(press(start(), ' ', 'p').effects).toMatchObject([{ type: 'plan', only: ['web-1'] }]);
    expect(screen(planned())).toContain('would replace 1');
    expect(screen(planned())).toContain('web-2: its label says so');
    for (const typed of ['', 'abcde', 'abcdee', 'ffffff', 'sha256:']) {
      const after = press(type(press(planned(), 'a'), typed), 'enter');
      expect([typed, after.effects, after.plan?.state]).toEqual([typed, [], 'ready']);
      expect(screen(after)).toContain('nothing was done');
    }
    const done = press(type(press(planned(), 'a'), 'abcdef'), 'enter');
    expect(done.effects).toEqual([{ type: 'apply', plan: plan() }]);
    // A second approval finds nothing to approve: it runs.
    expect(press(done, 'a').prompt).toBeUndefined();
  });

  it('says it where a driver replaces the whole group', () => {
    const items = plan().items.map((item) => ({ ...item, wholeGroup: true, zone: 'z1' }));
    expect(screen(planned({ items }))).toContain('all instances of its group are replaced with it');
    expect(screen(planned({ items }))).toContain('zone z1');
  });

  it('shows what the guard refuses, and lets nobody approve it', () => {
    const refused = planned({ refusals: [{ limit: 'guard.maxCount', says: '4 are more than 1' }] });
    expect(screen(refused)).toContain('guard.maxCount: 4 are more than 1');
    expect(press(refused, 'a').prompt).toBeUndefined();
  });

  it('follows the steps, and asks before it is interrupted', () => {
    const [item] = plan().items;
    if (!item) throw new Error('no item');
    let state = press(type(press(planned(), 'a'), 'abcdef'), 'enter');
    state = reduce(state, { type: 'stepped', seen: { item, step: 'evidence', state: 'done', says: '' } });
    state = reduce(state, { type: 'stepped', seen: { item, step: 'drain', state: 'begun', says: '' } });
    expect(screen(state)).toContain('evidence done  drain...');
    expect(press(state, 'q').effects).toEqual([]);
    expect(press(state, 'q', 'q').effects).toEqual([{ type: 'quit', interrupted: false }]);
    const ended = reduce(state, { type: 'ended', ended: { run: '12345678', state: 'done', says: 'all are clean' } });
    expect(screen(ended)).toContain('run 12345678: done. all are clean');
  });
});

describe('a scan', () => {
  it('fills in the hosts, and leaves the cursor where it was when the report comes', () => {
    const instances = ['web-1', 'web-2', 'web-3', 'db-1'].map((id) => ({ id, name: id, group: 'web', image: '' }));
    let state = reduce(start(), { type: 'scan-begun', instances });
    state = reduce(state, {
      type: 'events',
      events: [
        { type: 'instance-started', instance: 'web-1', at: '' },
        { type: 'instance-started', instance: 'web-2', at: '' },
        { type: 'instance-progress', instance: 'web-2', bytes: 2_500_000 },
        { type: 'instance-started', instance: 'web-3', at: '' },
        { type: 'instance-finished', instance: 'web-3', at: '', gaps: 2, files: 70, bytesHashed: 9 },
      ],
    });
    const text = screen(state);
    for (const said of ['connecting', 'reading, 2.5 MB', '70 files hashed, 2 not read', 'waiting', '1 of 4 read'])
      expect(text).toContain(said);
    state = press(state, 'j', 'j', 'j');
    const after = reduce(state, { type: 'report', report: small(), title: 'live scan' });
    expect(current(press(after, 'enter'))).toMatchObject({ instance: 'web-3' });
    expect(press(state, 'q').effects).toEqual([{ type: 'stop-scan' }]);
  });
});

describe('two scans', () => {
  it('are told apart: new, worse, resolved, and unknown where the instance was not read', () => {
    const before = report([
      drifted('a', [finding('1', { severity: 'low' }), finding('2')]),
      drifted('b', [finding('3')]),
    ]);
    const unread = instance('b', { gaps: [{ probe: 'files', reason: 'timeout', detail: 'late' }] });
    const after = report([drifted('a', [finding('1', { severity: 'critical' }), finding('4')]), unread]);
    const text = screen({
      ...start({ report: after, before }),
      screens: [{ view: 'changes', cursor: 0, top: 0, filter: '' }],
    });
    for (const line of [/new +a .*\/etc\/4/, /worse +a .*\/etc\/1/, /resolved +a .*\/etc\/2/, /unknown +b .*\/etc\/3/])
      expect(text).toMatch(line);
  });
});

describe('the help', () => {
  it('shows every key, and docs/audit.md has the same table', () => {
    const text = screen(press(start({ size: { columns: 100, rows: 40 } }), '?'));
    const docs = readFileSync(join(root, 'docs/audit.md'), 'utf8');
    for (const [section, keys] of keyTable)
      for (const [key, what] of keys) {
        expect(text).toContain(what);
        expect(docs).toContain(`| ${section} | \`${key}\` | ${what} |`);
      }
    expect(current(press(start(), '?', 'esc')).view).toBe('fleet');
  });
});

describe('whatever is pressed, in whatever order', () => {
  const keys = fc.constantFrom<string>(...namedKeys, ...'jkhlgGnNsrbxwpayYeRq?/ 0123457abcdef漢');
  const answers: Action[] = [
    { type: 'planned', plan: plan() },
    { type: 'report', report: small(), title: 'live scan' },
    { type: 'report', report: report([]), title: 'live scan' },
    { type: 'failed', what: 'waive', says: 'no' },
    { type: 'failed', what: 'scan', says: 'no\nway' },
    { type: 'waived', says: 'done' },
    { type: 'scan-begun', instances: [{ id: 'web-1', name: hostile, group: '', image: '' }] },
    { type: 'ended', ended: { run: 'r', state: 'failed', says: 'x' } },
  ];
  const actions: fc.Arbitrary<Action> = fc.oneof(
    { weight: 12, arbitrary: keys.map((key): Action => ({ type: 'key', key })) },
    { weight: 1, arbitrary: fc.constantFrom(...answers) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('resize' as const),
        columns: fc.integer({ min: 20, max: 250 }),
        rows: fc.integer({ min: 4, max: 80 }),
      }),
    },
  );

  it('nothing throws, the cursor stands on a row that is on the screen, and the screen is as large as the terminal', () => {
    const odd = report([
      drifted(hostile, [
        finding('x', { subject: hostile, reason: hostile, diff: hostile, after: { [hostile]: hostile } }),
      ]),
      ...small().instances,
    ]);
    fc.assert(
      fc.property(fc.array(actions, { maxLength: 60 }), (all) => {
        let state = start({ report: odd, before: small() });
        for (const action of all) state = reduce(state, action);
        const { cursor, top } = current(state);
        const { body, height } = layoutOf(state);
        if (body.count > 0 && body.selectable) {
          expect(cursor).toBeGreaterThanOrEqual(Math.max(0, top));
          expect(cursor).toBeLessThan(Math.min(body.count, top + height));
        }
        const drawn = frame(state);
        expect(drawn).toHaveLength(state.size.rows);
        for (const spans of drawn) {
          expect(spans.reduce((sum, { text }) => sum + widthOf(text), 0)).toBe(state.size.columns);
          for (const { text } of spans) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        }
      }),
      { numRuns: 300 },
    );
  });
});
