import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/core/ports.ts';
import type { Step } from '../../src/core/replacement.ts';
import { sqlite } from '../../src/store/sqlite/store.ts';
import { item, planOf } from '../replace/make.ts';

const at = '2026-06-01T12:00:00.000Z';
const plan = (name: string, group = 'web') => planOf([item(name, { group })]);
const alive = () => true;
const dead = () => false;

let dir: string;
let stores: Store[];
/** Another process with the same file. */
const open = (): Store => {
  const store = sqlite.open(join(dir, 'store.db'));
  stores.push(store);
  return store;
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'snowfence-journal-'));
  stores = [];
});
afterEach(() => {
  for (const store of stores) store.close();
  rmSync(dir, { recursive: true, force: true });
});

const begin = ({ journal }: Store, id: string, made = plan(id), startedAt = at) =>
  journal.begin({ id, planDigest: made.digest, startedAt, state: 'running', says: '' }, made, `holder of ${id}`, alive);

describe('the journal of replacements', () => {
  it('has for another process what was written, in its order', () => {
    const [one, other] = [open(), open()];
    const made = plan('a');
    begin(one, 'run-1', made);
    const write = (step: Step, state: 'begun' | 'done', data = {}) =>
      one.journal.write({ run: 'run-1', instance: 'a', step, state, at, data });
    write('drain', 'begun');
    write('drain', 'done', { said: 'drained' });
    write('start', 'begun');
    const found = other.journal.find('last');
    expect(found?.plan).toEqual(made);
    expect(found?.run).toEqual({ id: 'run-1', planDigest: made.digest, startedAt: at, state: 'running', says: '' });
    expect(found?.rows.map(({ step, state, data }) => [step, state, data])).toEqual([
      ['drain', 'begun', {}],
      ['drain', 'done', { said: 'drained' }],
      ['start', 'begun', {}],
    ]);
    expect(other.journal.lastStarted('web')).toBe(at);
    expect(other.journal.lastStarted('db')).toBeUndefined();
  });

  it('lets one run at a time into a group, whichever process asks', () => {
    const [one, other] = [open(), open()];
    begin(one, 'run-1');
    expect(() => begin(other, 'run-2')).toThrow(/group "web" is held by the run run-1 \(working in holder of run-1\)/);
    begin(other, 'run-3', plan('c', 'db'));
    one.journal.end('run-1', 'done', 'all', at);
    begin(other, 'run-2');
    expect(other.journal.list(9).map(({ id, state }) => [id, state])).toEqual([
      ['run-2', 'running'],
      ['run-3', 'running'],
      ['run-1', 'done'],
    ]);
  });

  it('nothing of a run that is refused is remembered', () => {
    const store = open();
    begin(store, 'run-1');
    const both = planOf([item('x', { group: 'db' }), item('y', { group: 'web' })]);
    expect(() => begin(store, 'run-2', both)).toThrow(/held/);
    expect(store.journal.find('run-2')).toBeUndefined();
    begin(store, 'run-3', plan('z', 'db'));
  });

  it('does a plan once', () => {
    const store = open();
    const made = plan('a');
    begin(store, 'run-1', made);
    store.journal.end('run-1', 'stopped', 'x', at);
    expect(() => begin(store, 'run-2', made)).toThrow(/this plan was begun already, as the run run-1 \(stopped\)/);
  });

  it('is taken over from the dead, not from the living, and not when it has ended', () => {
    const store = open();
    const { journal } = store;
    begin(store, 'run-1');
    expect(() => journal.takeOver('run-1', 'me', alive)).toThrow(/working in holder of run-1/);
    journal.takeOver('run-1', 'me', dead);
    expect(() => journal.takeOver('run-1', 'you', (holder) => holder === 'me')).toThrow(/working in me/);
    journal.end('run-1', 'done', 'all', at);
    expect(() => journal.takeOver('run-1', 'me', dead)).toThrow(/has ended \(done\): all/);
    expect(() => journal.takeOver('nobody', 'me', dead)).toThrow(/no run "nobody"/);
  });

  it('given up, a run whose process lives keeps its groups until that ends; one of a dead process lets them go', () => {
    const store = open();
    begin(store, 'run-1');
    store.journal.abort('run-1', 'by a person', at, alive);
    expect(store.journal.find('run-1')?.run.state).toBe('aborted');
    expect(() => begin(store, 'run-2')).toThrow(/held/);
    store.journal.end('run-1', 'stopped', '1 of 2 replaced', at);
    expect(store.journal.find('run-1')?.run).toMatchObject({
      state: 'aborted',
      says: '1 of 2 replaced',
      finishedAt: at,
    });
    begin(store, 'run-2');
    store.journal.abort('run-2', 'by a person', at, dead);
    begin(store, 'run-3');
    expect(() => store.journal.abort('run-2', 'again', at, dead)).toThrow(/has ended/);
  });

  it('finds a run by the beginning of its id, if that is one', () => {
    const store = open();
    begin(store, 'abc-1');
    begin(store, 'abd-1', plan('b', 'db'));
    expect(store.journal.find('abc')?.run.id).toBe('abc-1');
    expect(() => store.journal.find('ab')).toThrow(/may be 2 runs/);
    expect(store.journal.find('%')).toBeUndefined();
  });

  it('remembers which images verified clean, the newest first', () => {
    const { journal } = open();
    journal.verified('web', { ref: 'web:41', digest: 'sha256:a' }, '2026-01-01T00:00:00Z');
    journal.verified('web', { ref: 'web:42' }, '2026-02-01T00:00:00Z');
    journal.verified('web', { ref: 'web:41', digest: 'sha256:a' }, '2026-03-01T00:00:00Z');
    expect(journal.verifiedImages('web')).toEqual([
      { ref: 'web:41', digest: 'sha256:a', at: '2026-03-01T00:00:00Z' },
      { ref: 'web:42', at: '2026-02-01T00:00:00Z' },
    ]);
    expect(journal.verifiedImages('db')).toEqual([]);
  });
});
