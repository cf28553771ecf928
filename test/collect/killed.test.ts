import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../src/collect/probe.ts';
import { composeProgram } from '../../src/collect/program.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import { answerOf, shells } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

/** A probe that asks this, and what came of it. */
function asking(question: string): Probe & { records: string[] } {
  const records: string[] = [];
  return {
    ...{ name: 'accounts', about: '', source: '', needs: '', cost: '', asks: 'always', question, records },
    parse: (frame) => {
      records.push(...frame.records());
    },
  };
}

describe.each(shells.filter(({ missing }) => !missing))('a tool under $name', ({ command }) => {
  let dir: Scratch;
  beforeAll(() => {
    dir = scratch('killed');
    plant(dir.path, { 'etc/hostname': 'x\n' });
  });
  afterAll(() => dir.remove());
  const read = (question: string) => {
    const asked = asking(question);
    const { os, packages, files } = probes as Record<'os' | 'packages' | 'files', Probe>;
    const all = [os, asked, packages, files];
    const args = { root: dir.path, mode: 'offline', since: 0 } as const;
    const draft = readAnswer(answerOf(command, composeProgram(all), args), all, args);
    const gaps = draft.gaps.filter(({ probe }) => probe === 'accounts').map(({ reason, detail }) => [reason, detail]);
    return { gaps, records: asked.records, partial: [...draft.partial] };
  };
  const dying = `awk 'BEGIN{printf "half"; fflush(); system("kill -9 $PPID")}'`;

  it.each([
    ['in the middle of a pipe', `rec one; ${dying} | tr a b; rec two`],
    ['in what a variable is set to', `v=$(${dying} | tr a b); rec "$v"`],
    ['in a loop that is piped on', `for i in 1 2; do ${dying}; done | sort | head -c 9; rec two`],
    ['behind a pipe, in a function', `f() { cat | ${dying}; }; rec one; printf x | f >/dev/null; rec two`],
  ])('that is ended by a signal %s makes its question unknown, and no other', (_, question) => {
    expect(read(question)).toEqual({
      gaps: [['cut', expect.stringMatching(/^a tool that this is read with was ended by a signal/)]],
      records: [],
      partial: ['accounts'],
    });
  });

  it('that cannot be started makes its question unknown', () => {
    expect(read(`rec one; printf 'x\\0' | xargs -0 /etc/passwd 2>/dev/null; rec two`)).toMatchObject({
      gaps: [['cut', expect.stringContaining('could not be started')]],
      partial: ['accounts'],
    });
  });

  it('that cannot read what is there makes its question unknown, and not what is gone', () => {
    // A file that can be opened, and of which no first byte can be read.
    expect(read(`rec one; text two /proc/$$/mem; rec three`)).toMatchObject({
      gaps: [['cut', expect.stringContaining('could not read')]],
      partial: ['accounts'],
    });
    expect(read(`rec one; text two /proc/$$/gone; rec three`)).toEqual({
      gaps: [],
      records: ['one', 'three'],
      partial: [],
    });
  });

  it('that is ended while it lists processes makes unknown what the lists are used for', () => {
    const { os, processes, traits, sockets } = probes as Record<'os' | 'processes' | 'traits' | 'sockets', Probe>;
    // Beside a walk, because that is what tools are guarded for.
    const walk = { ...asking(':'), name: 'files', flows: 'WATCH=' };
    const all = [os, processes, traits, sockets, walk];
    const args = { root: '/', mode: 'live', since: 0 } as const;
    const partial = (text: string) => [...readAnswer(answerOf(command, text, args), all, args).partial].sort();
    // Two processes are enough.
    const whole = composeProgram(all).replaceAll('$(echo /proc/[0-9]*)', `'/proc/1 /proc/${process.pid}'`);
    expect(whole).toContain(`'/proc/1 /proc/`);
    const halves = whole.replace('U=$(printf', () => `IDS=$(${dying})\nU=$(printf`);
    expect(halves).not.toBe(whole);
    expect(partial(whole)).toEqual([]);
    expect(partial(halves)).toEqual(['processes', 'sockets', 'traits']);
  });

  it('that is ended because nobody reads on is as good as any', () => {
    const question =
      'tr a b </dev/zero | head -c 3 | tr \'\\000\' x; rec; rec "$(tr a b </dev/zero | head -c 2 | wc -c)"';
    const { gaps, records, partial } = read(question);
    expect({ gaps, partial, records: records.map((record) => record.trim()) }).toEqual({
      gaps: [],
      partial: [],
      records: ['xxx', '2'],
    });
  });
});

it.each([
  ['awk', 'accounts'],
  ['tr', 'accounts, files'],
])('without a working %s what is put together from it is unknown', (tool, unknown) => {
  const dir = scratch('lacking');
  const asked = asking('rec one');
  const all = [probes['os'] as Probe, asked, probes['files'] as Probe];
  const args = { root: dir.path, mode: 'offline', since: 0 } as const;
  const text = composeProgram(all).replace('\nhave()', `\n${tool}() { return 1; }\nhave()`);
  expect(text).toContain(`\n${tool}() {`);
  const draft = readAnswer(answerOf(['sh'], text, args), all, args);
  dir.remove();
  expect(asked.records).toEqual([]);
  expect([...draft.partial].sort().join(', ')).toBe(unknown);
  expect(draft.gaps.filter(({ reason }) => reason === 'tool-missing').map(({ detail }) => detail)).toContainEqual(
    expect.stringContaining(`does not work on the instance: ${tool}`),
  );
});
